//! Introspection (RFC 7662): what a resource server may learn about a token.
//!
//! It learns only about tokens of its own audience. Everything else gets the same fourteen bytes.

pub mod jwt;

use serde::Serialize;

use crate::dpop::Confirmation;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::parameters::{Parameters, Repeated};
use crate::scope::ScopeSet;
use crate::secret::SecretText;
use crate::token::{AccessTokenClaims, TokenType};

/// The token in question; a hint changes nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntrospectionRequest {
    pub token: SecretText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntrospectionRequestError {
    #[error(transparent)]
    Repeated(#[from] Repeated),
    #[error("the parameter token is missing")]
    TokenMissing,
}

impl ProtocolError for IntrospectionRequestError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Repeated(_) | Self::TokenMissing => ErrorCode::InvalidRequest,
        }
    }
}

impl IntrospectionRequest {
    pub fn parse(parameters: &Parameters) -> Result<Self, IntrospectionRequestError> {
        let token = parameters
            .single("token")?
            .ok_or(IntrospectionRequestError::TokenMissing)?;
        Ok(Self {
            token: token.into(),
        })
    }
}

/// The answer. Inactive ones say nothing more, and are byte-equal (row H3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum IntrospectionResponse {
    Inactive { active: bool },
    Active(Box<ActiveToken>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActiveToken {
    active: bool,
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub client_id: String,
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    pub scope: ScopeSet,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    pub token_type: TokenType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// RFC 9449 §6.2: the resource server compares it with the key of the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

pub const INACTIVE: &str = r#"{"active":false}"#;

impl IntrospectionResponse {
    pub const fn inactive() -> Self {
        Self::Inactive { active: false }
    }

    pub fn active(claims: AccessTokenClaims, username: Option<String>) -> Self {
        Self::Active(Box::new(ActiveToken {
            active: true,
            iss: claims.iss,
            sub: claims.sub,
            aud: claims.aud,
            client_id: claims.client_id,
            scope: claims.scope,
            exp: claims.exp,
            iat: claims.iat,
            jti: claims.jti,
            token_type: TokenType::of_bound(claims.cnf.is_some()),
            auth_time: claims.auth_time,
            acr: claims.acr,
            cnf: claims.cnf,
            username,
        }))
    }

    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active(_))
    }
}

/// Row H2: byte for byte the caller's own audience.
pub fn may_learn(caller_audience: &str, claims: &AccessTokenClaims) -> bool {
    claims.aud == caller_audience
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> AccessTokenClaims {
        AccessTokenClaims {
            iss: "https://as.example/t/acme".into(),
            sub: "client:c".into(),
            aud: "mcp_proxy".into(),
            exp: 10,
            iat: 5,
            jti: "j".into(),
            client_id: "c".into(),
            scope: ScopeSet::parse("a").unwrap(),
            auth_time: None,
            acr: None,
            cnf: None,
            grant_id: None,
        }
    }

    /// Row H3.
    #[test]
    fn inactive_is_always_the_same_bytes() {
        assert_eq!(
            serde_json::to_string(&IntrospectionResponse::inactive()).unwrap(),
            INACTIVE
        );
    }

    #[test]
    fn an_active_answer_has_one_audience_and_integer_times() {
        let json = serde_json::to_value(IntrospectionResponse::active(claims(), None)).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"active": true, "iss": "https://as.example/t/acme", "sub": "client:c",
                "aud": "mcp_proxy", "client_id": "c", "scope": "a", "exp": 10, "iat": 5, "jti": "j",
                "token_type": "Bearer"})
        );
    }

    /// RFC 9449 §6.2.
    #[test]
    fn a_bound_token_says_to_which_key() {
        let jkt = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        let bound = AccessTokenClaims {
            auth_time: Some(3),
            acr: Some("pwd".to_owned()),
            cnf: Some(Confirmation {
                jkt: jkt.parse().unwrap(),
            }),
            ..claims()
        };
        let json = serde_json::to_value(IntrospectionResponse::active(bound, None)).unwrap();
        assert_eq!(json["token_type"], "DPoP");
        assert_eq!(json["cnf"], serde_json::json!({ "jkt": jkt }));
        assert_eq!(json["auth_time"], 3);
        assert_eq!(json["acr"], "pwd");
    }

    /// Row H2.
    #[test]
    fn a_resource_server_learns_about_its_own_tokens_only() {
        assert!(may_learn("mcp_proxy", &claims()));
        assert!(!may_learn("mcp_proxy/", &claims()));
    }
}
