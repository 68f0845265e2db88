//! A successful answer of the token endpoint (RFC 6749 §5.1): no nulls.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::scope::ScopeSet;
use crate::secret::SecretText;

/// How a token is shown to a resource server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// RFC 6750.
    Bearer,
    /// RFC 9449 §5: with a proof of the key that the token is bound to.
    DPoP,
}

impl TokenType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::DPoP => "DPoP",
        }
    }

    /// Of a token that is bound to a key, or not.
    pub const fn of_bound(is_bound: bool) -> Self {
        if is_bound { Self::DPoP } else { Self::Bearer }
    }
}

impl Serialize for TokenType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What the client gets. No `Debug`: it is made of secrets.
#[derive(Clone, Serialize)]
pub struct TokenResponse {
    pub access_token: String,
    pub token_type: TokenType,
    #[serde(rename = "expires_in", serialize_with = "whole_seconds")]
    pub lifetime: Duration,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed_text"
    )]
    pub refresh_token: Option<SecretText>,
    /// OpenID Connect Core §3.1.3.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    pub scope: ScopeSet,
}

fn whole_seconds<S: Serializer>(lifetime: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(lifetime.as_secs())
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn exposed_text<S: Serializer>(
    token: &Option<SecretText>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    token.as_ref().map(SecretText::expose).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(scope: &str) -> TokenResponse {
        TokenResponse {
            access_token: "a".into(),
            token_type: TokenType::Bearer,
            lifetime: Duration::from_millis(900_500),
            refresh_token: None,
            id_token: None,
            scope: ScopeSet::parse(scope).unwrap(),
        }
    }

    #[test]
    fn an_answer_has_no_nulls_and_an_integer_lifetime() {
        assert_eq!(
            serde_json::to_string(&response("")).unwrap(),
            r#"{"access_token":"a","token_type":"Bearer","expires_in":900}"#
        );
        let full = TokenResponse {
            token_type: TokenType::DPoP,
            refresh_token: Some("r".into()),
            id_token: Some("i".to_owned()),
            ..response("x y")
        };
        assert_eq!(
            serde_json::to_string(&full).unwrap(),
            r#"{"access_token":"a","token_type":"DPoP","expires_in":900,"refresh_token":"r","id_token":"i","scope":"x y"}"#
        );
    }
}
