//! Opaque secrets of our own making: `prefix` + 43 random base62 characters (256 bits) + 6 base62
//! characters of CRC-32. The prefix types the secret (a session is never a code: D7) and lets secret
//! scanners find leaks; the checksum refuses mistyped and truncated ones without a query (F10).
//!
//! Not here: refresh tokens, which carry their family ([`crate::refresh_token`]); what is stored of a
//! secret ([`crate::peppers`]).
//!
//! To add a kind: a variant of [`SecretKind`], its prefix, and its place in `ALL`.

use protocol::random::Random;
use zeroize::Zeroizing;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_BYTES: usize = 32;
/// 62^43 > 2^256: every 32-byte value has a spelling.
const RANDOM_CHARACTERS: usize = 43;
const CHECKSUM_CHARACTERS: usize = 6;

/// What a secret is for; its prefix says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    AuthorizationCode,
    ClientSecret,
    AdminKey,
    ResourceSecret,
    BrowserSession,
    /// Ties a pending authorization to the browser that started it.
    Browser,
    RegistrationAccessToken,
    InitialAccessToken,
    /// RFC 8628: what a device asks for its tokens with.
    DeviceCode,
}

impl SecretKind {
    pub const ALL: [Self; 9] = [
        Self::AuthorizationCode,
        Self::ClientSecret,
        Self::AdminKey,
        Self::ResourceSecret,
        Self::BrowserSession,
        Self::Browser,
        Self::RegistrationAccessToken,
        Self::InitialAccessToken,
        Self::DeviceCode,
    ];

    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "writ_ac_",
            Self::ClientSecret => "writ_cs_",
            Self::AdminKey => "writ_ak_",
            Self::ResourceSecret => "writ_rs_",
            Self::BrowserSession => "writ_se_",
            Self::Browser => "writ_br_",
            Self::RegistrationAccessToken => "writ_rat_",
            Self::InitialAccessToken => "writ_iat_",
            Self::DeviceCode => "writ_dc_",
        }
    }
}

/// Not a secret of the kind asked for: wrong prefix, length, character or checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed secret of this kind")]
pub struct Malformed;

/// A well-formed secret of one kind. Whether it is a genuine one, its digest in the database says.
#[derive(Clone)]
pub struct SecretToken {
    kind: SecretKind,
    text: Zeroizing<String>,
}

impl SecretToken {
    pub fn generate(kind: SecretKind, random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0_u8; RANDOM_BYTES]);
        random.fill(&mut bytes[..]);
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str(kind.prefix());
        push_base62(&mut text, &mut bytes[..], RANDOM_CHARACTERS);
        let mut checksum = crc32fast::hash(text.as_bytes()).to_be_bytes();
        push_base62(&mut text, &mut checksum, CHECKSUM_CHARACTERS);
        Self { kind, text }
    }

    pub fn parse(kind: SecretKind, text: &str) -> Result<Self, Malformed> {
        let rest = text.strip_prefix(kind.prefix()).ok_or(Malformed)?;
        let has_shape = rest.len() == RANDOM_CHARACTERS + CHECKSUM_CHARACTERS
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !has_shape {
            return Err(Malformed);
        }
        let (body, checksum) = text.split_at(text.len() - CHECKSUM_CHARACTERS);
        let mut expected = String::with_capacity(CHECKSUM_CHARACTERS);
        let mut bytes = crc32fast::hash(body.as_bytes()).to_be_bytes();
        push_base62(&mut expected, &mut bytes, CHECKSUM_CHARACTERS);
        if checksum != expected {
            return Err(Malformed);
        }
        Ok(Self {
            kind,
            text: Zeroizing::new(text.to_owned()),
        })
    }

    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// The secret itself: for the one answer or cookie that carries it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The prefix and the first four characters: enough to recognise one in a list, 232 bits short of
    /// enough to use it.
    pub fn hint(&self) -> String {
        self.text
            .chars()
            .take(self.kind.prefix().len() + 4)
            .collect()
    }
}

impl std::fmt::Debug for SecretToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SecretToken({:?}, redacted)", self.kind)
    }
}

/// Writes the big-endian number in `bytes` with exactly `width` base62 digits; leaves zeroes in `bytes`.
fn push_base62(text: &mut String, bytes: &mut [u8], width: usize) {
    let mut digits = Zeroizing::new(vec![b'0'; width]);
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u16;
        for byte in bytes.iter_mut() {
            let value = remainder * 256 + u16::from(*byte);
            // value < 62 * 256, so the quotient fits in a byte.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = BASE62[usize::from(remainder)];
    }
    text.extend(digits.iter().map(|digit| char::from(*digit)));
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::system::SystemRandom;
    use crate::testing::RepeatedRandom;

    #[test]
    fn every_kind_reads_its_own_and_refuses_every_other() {
        // D7: one untyped store of secrets was Keycloak's CVE-2026-4282.
        for made in SecretKind::ALL {
            let token = SecretToken::generate(made, &SystemRandom);
            for read in SecretKind::ALL {
                let parsed = SecretToken::parse(read, token.expose());
                assert_eq!(parsed.is_ok(), made == read, "{made:?} read as {read:?}");
            }
        }
    }

    #[test]
    fn no_prefix_begins_another() {
        for one in SecretKind::ALL {
            for other in SecretKind::ALL {
                assert!(one == other || !other.prefix().starts_with(one.prefix()));
            }
        }
    }

    #[test]
    fn secrets_have_the_published_shape_and_do_not_repeat() {
        let mut seen = HashSet::new();
        for _ in 0..1_000 {
            let token = SecretToken::generate(SecretKind::ClientSecret, &SystemRandom);
            assert_eq!(token.expose().len(), "writ_cs_".len() + 49);
            assert!(
                token.expose()[8..]
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric())
            );
            assert!(seen.insert(token.expose().to_owned()));
        }
    }

    #[test]
    fn the_extremes_of_the_random_number_have_their_full_width() {
        for byte in [0x00, 0xff] {
            let token = SecretToken::generate(SecretKind::AdminKey, &RepeatedRandom(byte));
            assert_eq!(token.expose().len(), "writ_ak_".len() + 49);
            assert!(SecretToken::parse(SecretKind::AdminKey, token.expose()).is_ok());
        }
        let zero = SecretToken::generate(SecretKind::AdminKey, &RepeatedRandom(0));
        assert!(
            zero.expose()
                .starts_with(&format!("writ_ak_{}", "0".repeat(43)))
        );
    }

    #[test]
    fn a_hint_and_the_debug_form_do_not_tell_the_secret() {
        let token = SecretToken::generate(SecretKind::AdminKey, &SystemRandom);
        assert_eq!(token.hint().len(), 12);
        assert!(!format!("{token:?}").contains(&token.expose()[8..16]));
    }

    proptest! {
        #[test]
        fn what_was_generated_is_read_back(bytes in any::<[u8; 32]>()) {
            let random = crate::testing::FixedRandom(bytes.to_vec());
            let token = SecretToken::generate(SecretKind::BrowserSession, &random);
            let parsed = SecretToken::parse(SecretKind::BrowserSession, token.expose()).unwrap();
            prop_assert_eq!(parsed.expose(), token.expose());
        }

        /// F10: one changed, dropped or added character never gets as far as a query.
        #[test]
        fn damage_is_refused(position in 0_usize..57, replacement in any::<char>(), cut in 1_usize..50) {
            let token = SecretToken::generate(SecretKind::AuthorizationCode, &RepeatedRandom(0x5a));
            let text = token.expose();
            let mut changed: Vec<char> = text.chars().collect();
            if changed[position] != replacement {
                changed[position] = replacement;
                let changed: String = changed.into_iter().collect();
                prop_assert!(SecretToken::parse(SecretKind::AuthorizationCode, &changed).is_err());
            }
            prop_assert!(SecretToken::parse(SecretKind::AuthorizationCode, &text[..text.len() - cut]).is_err());
            let longer = format!("{text}{replacement}");
            prop_assert!(SecretToken::parse(SecretKind::AuthorizationCode, &longer).is_err());
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in any::<String>()) {
            for kind in SecretKind::ALL {
                let _ = SecretToken::parse(kind, &text);
                let prefixed = format!("{}{text}", kind.prefix());
                let _ = SecretToken::parse(kind, &prefixed);
            }
        }
    }
}
