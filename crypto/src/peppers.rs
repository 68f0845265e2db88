//! What is stored of a secret: HMAC-SHA-256 under a server pepper. A dump of the database holds nothing
//! usable (F11), and a look-up by digest needs no slow hash, because the secrets are random.
//!
//! Peppers are a list: the first makes digests, all are recognised. A pepper's id is computed from the
//! pepper, so that the list may be re-ordered and shortened, and stands beside every digest.

use aws_lc_rs::hmac;
use protocol::device::UserCode;
use secrecy::SecretString;

use crate::constant_time;
use crate::derive::{
    DPOP_NONCE, KeyBytes, PEPPER_ID, REFRESH_TOKEN_MAC, SECRET_TOKEN_DIGEST, UNKNOWN_NAME,
    derive_key, derive_mac_key, join_parts,
};
use crate::key_list::{self, KeyListError};
use crate::refresh_token::RefreshToken;
use crate::secret_token::SecretToken;

/// The keys that turn secrets into digests.
pub struct Peppers(Vec<Pepper>);

pub(crate) struct Pepper {
    pub(crate) id: u8,
    digest_key: hmac::Key,
    pub(crate) refresh_token_key: hmac::Key,
    pub(crate) dpop_nonce_key: hmac::Key,
    unknown_name_key: hmac::Key,
}

/// What the database keeps of a secret.
#[derive(Clone, Copy)]
pub struct Digest {
    pub bytes: [u8; 32],
    pub pepper_id: i16,
}

/// The secrets that have digests: a sealed list, so that a password never gets a fast one.
pub trait Opaque: sealed::Sealed {}

mod sealed {
    pub trait Sealed {
        fn text(&self) -> &str;
    }
}

impl sealed::Sealed for SecretToken {
    fn text(&self) -> &str {
        self.expose()
    }
}
impl Opaque for SecretToken {}

impl sealed::Sealed for RefreshToken {
    fn text(&self) -> &str {
        self.expose()
    }
}
impl Opaque for RefreshToken {}

// Short, because people type it, and good for minutes: without the pepper a dump says nothing in time.
impl sealed::Sealed for UserCode {
    fn text(&self) -> &str {
        self.expose()
    }
}
impl Opaque for UserCode {}

impl Peppers {
    /// Reads the setting: keys separated by commas, the first in use.
    pub fn parse(list: &SecretString) -> Result<Self, KeyListError> {
        Self::from_keys(&key_list::parse(list)?)
    }

    pub fn from_keys(keys: &[KeyBytes]) -> Result<Self, KeyListError> {
        let ids: Vec<u8> = keys
            .iter()
            .map(|key| derive_key(&key[..], PEPPER_ID)[0])
            .collect();
        key_list::check(keys, &ids)?;
        let pepper = |(key, id): (&KeyBytes, u8)| Pepper {
            id,
            digest_key: derive_mac_key(&key[..], SECRET_TOKEN_DIGEST),
            refresh_token_key: derive_mac_key(&key[..], REFRESH_TOKEN_MAC),
            dpop_nonce_key: derive_mac_key(&key[..], DPOP_NONCE),
            unknown_name_key: derive_mac_key(&key[..], UNKNOWN_NAME),
        };
        Ok(Self(keys.iter().zip(ids).map(pepper).collect()))
    }

    /// The digest to store.
    pub fn digest(&self, secret: &impl Opaque) -> Digest {
        self.in_use().digest(secret.text())
    }

    /// The digests a secret may be stored under, the likeliest first: for looking it up.
    pub fn digests_for_all(&self, secret: &impl Opaque) -> Vec<Digest> {
        self.0
            .iter()
            .map(|pepper| pepper.digest(secret.text()))
            .collect()
    }

    /// Whether `stored` is this secret's digest. False where its pepper has left the list.
    pub fn verify(&self, secret: &impl Opaque, stored: &Digest) -> bool {
        u8::try_from(stored.pepper_id)
            .ok()
            .and_then(|id| self.find(id))
            .is_some_and(|pepper| pepper.digest(secret.text()) == *stored)
    }

    /// A number below `below` that is always the same for this place and name, and that nobody outside can
    /// foresee: which of the tenant's people somebody who does not exist is like.
    pub fn pick(&self, place: &[u8], name: &str, below: u64) -> u64 {
        let message = join_parts([place, name.as_bytes()]);
        let tag = hmac::sign(&self.in_use().unknown_name_key, &message);
        let mut bytes = [0_u8; 16];
        for (byte, of_tag) in bytes.iter_mut().zip(tag.as_ref()) {
            *byte = *of_tag;
        }
        // Of 128 bits: what is left over by the division is out of all proportion.
        let picked = u128::from_be_bytes(bytes) % u128::from(below.max(1));
        u64::try_from(picked).unwrap_or(0)
    }

    pub(crate) fn in_use(&self) -> &Pepper {
        // `from_keys` refuses an empty list.
        &self.0[0]
    }

    pub(crate) fn find(&self, id: u8) -> Option<&Pepper> {
        self.0.iter().find(|pepper| pepper.id == id)
    }
}

impl Pepper {
    fn digest(&self, text: &str) -> Digest {
        let tag = hmac::sign(&self.digest_key, text.as_bytes());
        let mut bytes = [0_u8; 32];
        bytes.copy_from_slice(tag.as_ref());
        Digest {
            bytes,
            pepper_id: i16::from(self.id),
        }
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.pepper_id == other.pepper_id && constant_time::equal(&self.bytes, &other.bytes)
    }
}

impl Eq for Digest {}

impl std::fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Digest(pepper {}, redacted)", self.pepper_id)
    }
}

impl std::fmt::Debug for Peppers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Peppers({} redacted)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret_token::SecretKind;
    use crate::system::SystemRandom;
    use crate::testing::{peppers, test_key};

    #[test]
    fn a_digest_recognises_its_secret_only() {
        let peppers = peppers(&[1]);
        let secret = SecretToken::generate(SecretKind::AuthorizationCode, &SystemRandom);
        let other = SecretToken::generate(SecretKind::AuthorizationCode, &SystemRandom);
        let digest = peppers.digest(&secret);
        assert!(peppers.verify(&secret, &digest));
        assert!(!peppers.verify(&other, &digest));
    }

    #[test]
    fn a_new_pepper_in_front_keeps_old_digests_recognised() {
        let secret = SecretToken::generate(SecretKind::ClientSecret, &SystemRandom);
        let old = peppers(&[1]);
        let digest = old.digest(&secret);
        let both = peppers(&[2, 1]);
        assert!(both.verify(&secret, &digest));
        assert!(both.digests_for_all(&secret).contains(&digest));
        assert_ne!(both.digest(&secret), digest);
        let without = peppers(&[2]);
        assert!(!without.verify(&secret, &digest));
    }

    #[test]
    fn what_a_name_picks_is_its_own_the_peppers_and_spread_evenly() {
        let peppers = peppers(&[1]);
        let picked = |n: u32| peppers.pick(b"tenant", &format!("name-{n}"), 4);
        let counts = (0..4_000).fold([0_u32; 4], |mut counts, n| {
            counts[usize::try_from(picked(n)).unwrap()] += 1;
            counts
        });
        assert!(
            counts.iter().all(|count| (850..1_150).contains(count)),
            "{counts:?}"
        );
        assert_eq!(picked(7), picked(7));
        let wide = |place: &[u8], name| peppers.pick(place, name, u64::MAX);
        assert_ne!(wide(b"tenant", "a"), wide(b"tenant", "b"));
        assert_ne!(wide(b"tenant", "a"), wide(b"other", "a"));
        assert_ne!(
            wide(b"tenant", "a"),
            crate::testing::peppers(&[2]).pick(b"tenant", "a", u64::MAX)
        );
        assert_eq!(peppers.pick(b"tenant", "a", 0), 0);
    }

    #[test]
    fn a_digest_without_the_pepper_is_not_a_plain_hash() {
        // F11: what the database holds must not be checkable by who holds the database alone.
        let secret = SecretToken::generate(SecretKind::ClientSecret, &SystemRandom);
        let plain =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.expose().as_bytes());
        assert_ne!(peppers(&[1]).digest(&secret).bytes, plain.as_ref());
    }

    #[test]
    fn a_list_is_read_from_its_setting_and_shows_nothing() {
        let hexadecimal = crate::testing::hexadecimal(&test_key(3)[..]);
        let parsed = Peppers::parse(&SecretString::from(hexadecimal.clone())).unwrap();
        assert!(!format!("{parsed:?}").contains(&hexadecimal[..8]));
        assert_eq!(
            Peppers::parse(&SecretString::from("")).unwrap_err(),
            KeyListError::Empty
        );
        let twice = SecretString::from(format!("{hexadecimal},{hexadecimal}"));
        assert_eq!(
            Peppers::parse(&twice).unwrap_err(),
            KeyListError::SameId {
                first: 1,
                second: 2
            }
        );
    }
}
