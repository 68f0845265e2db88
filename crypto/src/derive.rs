//! Sub-keys: HKDF-SHA-256 with one label per purpose, so that what one purpose made means nothing to
//! another, even where an operator gave the same bytes for both.

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

pub(crate) const KEY_BYTES: usize = 32;
pub(crate) type KeyBytes = Zeroizing<[u8; KEY_BYTES]>;

const SALT: &[u8] = b"writ";

pub(crate) const SECRET_TOKEN_DIGEST: &str = "writ/v1/secret-token-digest";
pub(crate) const REFRESH_TOKEN_MAC: &str = "writ/v1/refresh-token";
pub(crate) const DPOP_NONCE: &str = "writ/v1/dpop-nonce";
pub(crate) const UNKNOWN_NAME: &str = "writ/v1/unknown-name";
pub(crate) const SUCCESSOR: &str = "writ/v1/successor";
pub(crate) const STORED_ANSWER: &str = "writ/v1/stored-answer";
pub(crate) const PEPPER_ID: &str = "writ/v1/pepper-id";
pub(crate) const KEK_ID: &str = "writ/v1/kek-id";

/// The sub-key of `secret` for one label.
pub(crate) fn derive_key(secret: &[u8], label: &str) -> KeyBytes {
    let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
    let prk = Salt::new(HKDF_SHA256, SALT).extract(secret);
    let info = [label.as_bytes()];
    let filled = prk
        .expand(&info, HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key[..]));
    // RFC 5869 §2.3: only an output longer than 255 hashes can fail, and ours is one.
    assert!(filled.is_ok(), "HKDF refused a 32-byte output");
    key
}

/// The sub-key of `secret` for one label, ready for HMAC-SHA-256.
pub(crate) fn derive_mac_key(secret: &[u8], label: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &derive_key(secret, label)[..])
}

/// Parts joined so that no two lists of parts give the same bytes: each after its length.
pub(crate) fn join_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut joined = Vec::with_capacity(128);
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::envelope::Purpose;

    #[test]
    fn no_two_purposes_share_a_label() {
        let mut labels: Vec<&str> = vec![
            SECRET_TOKEN_DIGEST,
            REFRESH_TOKEN_MAC,
            DPOP_NONCE,
            UNKNOWN_NAME,
            SUCCESSOR,
            STORED_ANSWER,
            PEPPER_ID,
            KEK_ID,
        ];
        labels.extend(Purpose::ALL.map(Purpose::label));
        let unique: HashSet<&str> = labels.iter().copied().collect();
        assert_eq!(unique.len(), labels.len());
    }

    #[test]
    fn labels_and_secrets_separate_keys() {
        assert_eq!(*derive_key(b"secret", "a"), *derive_key(b"secret", "a"));
        assert_ne!(*derive_key(b"secret", "a"), *derive_key(b"secret", "b"));
        assert_ne!(*derive_key(b"secret", "a"), *derive_key(b"secreu", "a"));
    }

    #[test]
    fn joined_parts_are_unambiguous() {
        let join = |parts: &[&'static [u8]]| join_parts(parts.iter().copied());
        assert_ne!(join(&[b"ab", b"c"]), join(&[b"a", b"bc"]));
        assert_ne!(join(&[b"a", b""]), join(&[b"a"]));
    }
}
