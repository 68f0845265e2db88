//! The answer to a call that may be repeated, kept so that the repeated call gets the same one.
//!
//! It may hold a secret that is shown once, so it is sealed under a key that only who presents the same credential
//! can make: HKDF of the credential's text. Bound to the call that it answers, it opens for no other.

use zeroize::Zeroizing;

use crate::derive::STORED_ANSWER;
use crate::envelope::{AssociatedData, NotOurs, SealingKey};

/// Seals `answer` for whoever presents `credential` again in the same place.
pub fn seal(credential: &str, place: &AssociatedData, answer: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(answer.len() + 64);
    key_of(credential).seal_onto(&mut sealed, &place.0, answer);
    sealed
}

pub fn open(
    credential: &str,
    place: &AssociatedData,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotOurs> {
    key_of(credential).open(&place.0, sealed)
}

fn key_of(credential: &str) -> SealingKey {
    SealingKey::derive(credential.as_bytes(), STORED_ANSWER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_credential_in_the_same_place_opens_it() {
        let place = |text: &str| AssociatedData::of(&[text.as_bytes()]);
        let sealed = seal("writ_ak_a", &place("x"), b"shown once");
        assert!(!sealed.windows(5).any(|window| window == b"shown"));
        let opened = open("writ_ak_a", &place("x"), &sealed).unwrap();
        assert_eq!(&opened[..], b"shown once");
        assert!(open("writ_ak_b", &place("x"), &sealed).is_err());
        assert!(open("writ_ak_a", &place("y"), &sealed).is_err());
        assert!(open("writ_ak_a", &place("x"), &sealed[1..]).is_err());
    }
}
