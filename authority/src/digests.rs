//! The two spellings of one thing: `crypto` makes digests, `store` keeps them, neither knows the other.

use crypto::Digest;
use crypto::peppers::Opaque;
use store::SecretDigest;

pub fn to_store(digest: &Digest) -> SecretDigest {
    SecretDigest {
        bytes: digest.bytes,
        pepper_id: digest.pepper_id,
    }
}

pub fn from_stored(digest: &SecretDigest) -> Digest {
    Digest {
        bytes: digest.bytes,
        pepper_id: digest.pepper_id,
    }
}

/// For looking a secret up: its digests under every pepper that still counts.
pub fn for_look_up(peppers: &crypto::Peppers, secret: &impl Opaque) -> Vec<SecretDigest> {
    peppers
        .digests_for_all(secret)
        .iter()
        .map(to_store)
        .collect()
}
