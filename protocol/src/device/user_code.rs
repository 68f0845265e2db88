//! User codes (RFC 8628 §6.1): eight letters that a person reads off one screen and types into another.

use crate::random::Random;
use crate::secret::SecretText;

/// Twenty consonants: no letter that looks like a digit, no words. 20^8 is 34.5 bits, and the guesses are
/// few (RFC 8628 §5.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;
/// With every separator that a person may put in.
const MAX_TYPED_BYTES: usize = 64;

/// A secret for as long as it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCode(SecretText);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has eight letters")]
pub struct InvalidUserCode;

impl UserCode {
    pub fn generate(random: &dyn Random) -> Self {
        // The largest multiple of the alphabet's length: every letter is equally likely.
        const LIMIT: usize = 256 / ALPHABET.len() * ALPHABET.len();
        let mut letters = String::with_capacity(LENGTH);
        while letters.len() < LENGTH {
            let mut bytes = [0; 2 * LENGTH];
            random.fill(&mut bytes);
            let fair = bytes.iter().map(|byte| usize::from(*byte));
            let fair = fair.filter(|byte| *byte < LIMIT);
            let left = LENGTH - letters.len();
            letters.extend(fair.take(left).map(|byte| letter(byte % ALPHABET.len())));
        }
        Self(letters.into())
    }

    /// In any case, with any spaces and punctuation between (RFC 8628 §6.1).
    pub fn parse(typed: &str) -> Result<Self, InvalidUserCode> {
        if typed.len() > MAX_TYPED_BYTES {
            return Err(InvalidUserCode);
        }
        let letters: String = typed
            .chars()
            .filter(|character| character.is_alphanumeric())
            .map(|character| character.to_ascii_uppercase())
            .collect();
        let is_ours = |character: char| {
            u8::try_from(character).is_ok_and(|character| ALPHABET.contains(&character))
        };
        if letters.chars().count() != LENGTH || !letters.chars().all(is_ours) {
            return Err(InvalidUserCode);
        }
        Ok(Self(letters.into()))
    }

    /// The eight letters, of which the digest is made.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// As it is shown: `WDJB-MJHT`.
    pub fn to_shown(&self) -> String {
        let (left, right) = self.0.expose().split_at(LENGTH / 2);
        format!("{left}-{right}")
    }
}

fn letter(index: usize) -> char {
    char::from(ALPHABET[index % ALPHABET.len()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Fixed(Vec<u8>);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, fixed) in bytes.iter_mut().zip(self.0.iter().cycle()) {
                *byte = *fixed;
            }
        }
    }

    fn code(text: &str) -> Result<String, InvalidUserCode> {
        UserCode::parse(text).map(|code| code.to_shown())
    }

    /// RFC 8628 §6.1.
    #[test]
    fn a_code_is_read_in_any_case_and_spacing() {
        for typed in [
            "WDJB-MJHT",
            "wdjbmjht",
            " wdjb mjht ",
            "w-d-j-b_m.j/h t",
            "WDJB\u{2011}MJHT",
        ] {
            assert_eq!(code(typed).as_deref(), Ok("WDJB-MJHT"), "{typed}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused_before_anybody_looks() {
        for typed in [
            "",
            "WDJB-MJH",
            "WDJB-MJHTT",
            "WDJA-MJHT",
            "WDJB-MJH1",
            "WDJB-MJH\u{fc}",
            &"W-".repeat(40),
        ] {
            assert_eq!(code(typed), Err(InvalidUserCode), "{typed}");
        }
    }

    #[test]
    fn a_code_does_not_show_itself_to_a_log() {
        let code = UserCode::parse("WDJB-MJHT").unwrap();
        assert!(!format!("{code:?}").contains("WDJB"));
    }

    proptest! {
        #[test]
        fn what_was_made_is_read_back(bytes in proptest::collection::vec(0_u8..240, 16)) {
            let made = UserCode::generate(&Fixed(bytes));
            prop_assert_eq!(made.expose().len(), 8);
            prop_assert_eq!(UserCode::parse(&made.to_shown()), Ok(made.clone()));
            prop_assert_eq!(UserCode::parse(&made.expose().to_lowercase()), Ok(made));
        }

        #[test]
        fn arbitrary_text_does_not_panic(typed in any::<String>()) {
            let _ = UserCode::parse(&typed);
        }
    }
}
