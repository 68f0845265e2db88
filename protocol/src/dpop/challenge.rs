//! A token that is bound to a key, in a request, and the challenge that answers a bad one (RFC 9449 §7.1).

use crate::bearer::MAX_TOKEN_BYTES;
use crate::error_code::{ErrorCode, wire_description};
use crate::secret::SecretText;

/// The token of `Authorization: DPoP …`, if the header is one.
pub fn token_from_header(authorization: &str) -> Option<SecretText> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim();
    let is_token68 = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let is_valid = scheme.eq_ignore_ascii_case("dpop")
        && !token.is_empty()
        && token.len() <= MAX_TOKEN_BYTES
        && token.bytes().all(is_token68);
    is_valid.then(|| token.into())
}

/// The value of `WWW-Authenticate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopChallenge {
    pub error: Option<ErrorCode>,
    pub description: Option<String>,
    /// What proofs may be signed with, as the metadata list it.
    pub algorithms: Vec<&'static str>,
}

impl std::fmt::Display for DpopChallenge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DPoP ")?;
        if let Some(error) = self.error {
            write!(formatter, "error=\"{error}\", ")?;
        }
        if let Some(description) = &self.description {
            let description = wire_description(description);
            write!(formatter, "error_description=\"{description}\", ")?;
        }
        write!(formatter, "algs=\"{}\"", self.algorithms.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_token_is_read_from_its_header_alone() {
        let read = |header| token_from_header(header).map(|token| token.expose().to_owned());
        assert_eq!(read("DPoP abc.def-_~+/="), Some("abc.def-_~+/=".to_owned()));
        assert_eq!(read("dpop abc"), Some("abc".to_owned()));
        for bad in ["", "DPoP", "DPoP ", "Bearer abc", "DPoP a b", "DPoP a\"b"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let long = format!("DPoP {}", "x".repeat(MAX_TOKEN_BYTES + 1));
        assert_eq!(read(&long), None);
    }

    /// RFC 9449 §7.1.
    #[test]
    fn a_challenge_names_the_algorithms_and_cannot_be_broken_out_of() {
        let challenge = DpopChallenge {
            error: Some(ErrorCode::InvalidToken),
            description: Some("say \"no\"\r\n".to_owned()),
            algorithms: vec!["ES256", "EdDSA"],
        };
        assert_eq!(
            challenge.to_string(),
            r#"DPoP error="invalid_token", error_description="say 'no'??", algs="ES256 EdDSA""#
        );
        let bare = DpopChallenge {
            error: None,
            description: None,
            algorithms: vec!["ES256"],
        };
        assert_eq!(bare.to_string(), r#"DPoP algs="ES256""#);
    }
}
