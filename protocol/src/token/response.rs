//! A successful answer of the token endpoint (RFC 6749 §5.1): no nulls.

use std::time::Duration;

use serde::Serialize;

use crate::scope::ScopeSet;
use crate::secret::SecretText;

/// No `Debug`: it is made of secrets.
#[derive(Clone, Serialize)]
pub struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    scope: ScopeSet,
}

impl TokenResponse {
    pub fn bearer(
        access_token: String,
        lifetime: Duration,
        refresh_token: Option<&SecretText>,
        scope: ScopeSet,
    ) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: lifetime.as_secs(),
            refresh_token: refresh_token.map(|token| token.expose().to_owned()),
            scope,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_no_nulls_and_an_integer_lifetime() {
        let json = |refresh: Option<&SecretText>, scope: &str| {
            let scope = ScopeSet::parse(scope).unwrap();
            let lifetime = Duration::from_millis(900_500);
            serde_json::to_string(&TokenResponse::bearer("a".into(), lifetime, refresh, scope))
                .unwrap()
        };
        assert_eq!(
            json(None, ""),
            r#"{"access_token":"a","token_type":"Bearer","expires_in":900}"#
        );
        assert_eq!(
            json(Some(&"r".into()), "x y"),
            r#"{"access_token":"a","token_type":"Bearer","expires_in":900,"refresh_token":"r","scope":"x y"}"#
        );
    }
}
