//! PKCE (RFC 7636), S256 only: `plain` shows the verifier to whoever sees the first request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::error_code::{ErrorCode, ProtocolError};

/// What the client committed to at authorize: the SHA-256 of its verifier, 43 base64url characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeChallenge(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    #[error("code_challenge is missing; every client uses PKCE here")]
    Missing,
    #[error("code_challenge_method must be S256")]
    MethodNotS256,
    #[error("code_challenge must be 43 base64url characters without padding")]
    Malformed,
}

impl ProtocolError for ChallengeError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Missing | Self::MethodNotS256 | Self::Malformed => ErrorCode::InvalidRequest,
        }
    }
}

impl CodeChallenge {
    const LENGTH: usize = 43;

    /// Reads both parameters. A missing method means `plain` (RFC 7636 §4.3), so it is refused too.
    pub fn from_request(
        challenge: Option<&str>,
        method: Option<&str>,
    ) -> Result<Self, ChallengeError> {
        let challenge = challenge.ok_or(ChallengeError::Missing)?;
        if method != Some("S256") {
            return Err(ChallengeError::MethodNotS256);
        }
        Self::parse(challenge)
    }

    pub fn parse(text: &str) -> Result<Self, ChallengeError> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_valid = text.len() == Self::LENGTH && text.bytes().all(is_base64url);
        is_valid
            .then(|| Self(text.to_owned()))
            .ok_or(ChallengeError::Malformed)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// RFC 7636 §4.6, compared in constant time.
    pub fn is_met_by(&self, verifier: &CodeVerifier) -> bool {
        verifier
            .challenge()
            .0
            .as_bytes()
            .ct_eq(self.0.as_bytes())
            .into()
    }
}

impl TryFrom<String> for CodeChallenge {
    type Error = ChallengeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<CodeChallenge> for String {
    fn from(challenge: CodeChallenge) -> Self {
        challenge.0
    }
}

/// What the client shows at the token endpoint (RFC 7636 §4.1: 43 to 128 unreserved characters).
pub struct CodeVerifier(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("code_verifier must be 43 to 128 characters of A-Z a-z 0-9 . _ ~ -")]
pub struct InvalidVerifier;

impl CodeVerifier {
    pub fn parse(text: &str) -> Result<Self, InvalidVerifier> {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_valid = (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved);
        is_valid
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidVerifier)
    }

    pub fn challenge(&self) -> CodeChallenge {
        CodeChallenge(URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.as_bytes())))
    }
}

impl std::fmt::Debug for CodeVerifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CodeVerifier([secret])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    /// RFC 7636 appendix B.
    #[test]
    fn the_specifications_own_example_holds() {
        let challenge = CodeChallenge::from_request(Some(CHALLENGE), Some("S256")).unwrap();
        assert!(challenge.is_met_by(&CodeVerifier::parse(VERIFIER).unwrap()));
    }

    /// Rows C1, C2, C3.
    #[test]
    fn only_a_well_formed_s256_challenge_is_accepted() {
        use ChallengeError::{Malformed, MethodNotS256, Missing};
        let refuse = |challenge: Option<&str>, method: Option<&str>| {
            CodeChallenge::from_request(challenge, method).unwrap_err()
        };
        assert_eq!(refuse(None, Some("S256")), Missing);
        for method in [None, Some("plain"), Some("s256"), Some("S512")] {
            assert_eq!(refuse(Some(CHALLENGE), method), MethodNotS256);
        }
        let padded = format!("{}=", &CHALLENGE[..42]);
        let dotted = format!("{}.", &CHALLENGE[..42]);
        for challenge in [&CHALLENGE[..42], &"x".repeat(129), &padded, &dotted] {
            assert_eq!(refuse(Some(challenge), Some("S256")), Malformed);
        }
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for length in [43, 128] {
            assert!(CodeVerifier::parse(&"a".repeat(length)).is_ok());
        }
        for length in [0, 42, 129] {
            assert!(CodeVerifier::parse(&"a".repeat(length)).is_err());
        }
        assert!(CodeVerifier::parse(&format!("{}=", &VERIFIER[..42])).is_err());
    }

    proptest! {
        #[test]
        fn only_the_same_verifier_meets_a_challenge(one in "[A-Za-z0-9._~-]{43,128}", two in "[A-Za-z0-9._~-]{43,128}") {
            let (first, second) = (CodeVerifier::parse(&one).unwrap(), CodeVerifier::parse(&two).unwrap());
            prop_assert!(first.challenge().is_met_by(&first));
            prop_assert_eq!(first.challenge().is_met_by(&second), one == two);
        }
    }
}
