//! Bearer tokens in requests, and the challenge that answers a bad one (RFC 6750).

use crate::error_code::{ErrorCode, wire_description};
use crate::scope::ScopeSet;
use crate::secret::SecretText;

/// Longer is no token of ours: refused before anything decodes it (row G7).
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The token of `Authorization: Bearer …`, if the header is one.
pub fn token_from_header(authorization: &str) -> Option<SecretText> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim();
    let is_b64token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let is_valid = scheme.eq_ignore_ascii_case("bearer")
        && !token.is_empty()
        && token.len() <= MAX_TOKEN_BYTES
        && token.bytes().all(is_b64token);
    is_valid.then(|| token.into())
}

/// The value of `WWW-Authenticate` (RFC 6750 §3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BearerChallenge {
    pub realm: Option<String>,
    pub error: Option<ErrorCode>,
    pub description: Option<String>,
    pub scope: ScopeSet,
}

impl std::fmt::Display for BearerChallenge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scope = (!self.scope.is_empty()).then(|| self.scope.to_string());
        let parts = [
            ("realm", self.realm.as_deref().map(wire_description)),
            ("error", self.error.map(|code| code.as_str().to_owned())),
            (
                "error_description",
                self.description.as_deref().map(wire_description),
            ),
            ("scope", scope),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| format!("{name}=\"{value}\"")))
            .collect();
        let separator = if parts.is_empty() { "" } else { " " };
        write!(formatter, "Bearer{separator}{}", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_read_from_its_header_alone() {
        let read = |header| token_from_header(header).map(|token| token.expose().to_owned());
        assert_eq!(
            read("Bearer abc.def-_~+/="),
            Some("abc.def-_~+/=".to_owned())
        );
        assert_eq!(read("bearer abc"), Some("abc".to_owned()));
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Basic abc",
            "Bearer a b",
            "Bearer a{b}",
            "Bearer a\"b",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(
            read(&format!("Bearer {}", "x".repeat(MAX_TOKEN_BYTES + 1))),
            None
        );
    }

    #[test]
    fn a_challenge_cannot_be_broken_out_of() {
        let challenge = BearerChallenge {
            realm: Some("acme\"\r\n".to_owned()),
            error: Some(ErrorCode::InvalidToken),
            ..BearerChallenge::default()
        };
        assert_eq!(
            challenge.to_string(),
            r#"Bearer realm="acme'??", error="invalid_token""#
        );
        assert_eq!(BearerChallenge::default().to_string(), "Bearer");
    }
}
