//! The userinfo endpoint (OpenID Connect Core §5.3): what a token with `openid` may learn of its person.

use serde::Serialize;

use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::UserId;
use crate::scope::{EMAIL, OPENID, PROFILE, ScopeSet};

/// Why there is no answer (RFC 6750 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserinfoError {
    /// Says nothing of an error: the client did not try.
    #[error("send an access token in the Authorization header")]
    TokenMissing,
    #[error(
        "send one access token, in one way: the Authorization header, or access_token in a form"
    )]
    TokenTwice,
    #[error("the access token is unknown, expired, revoked, or not for this endpoint")]
    TokenNotGood,
    /// RFC 9449 §7.2.
    #[error("the access token is bound to a key: send it as DPoP, with a proof")]
    TokenIsBound,
    #[error("the access token was not granted the scope openid")]
    OpenidNotGranted,
}

impl ProtocolError for UserinfoError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::TokenTwice => ErrorCode::InvalidRequest,
            Self::TokenMissing | Self::TokenNotGood | Self::TokenIsBound => ErrorCode::InvalidToken,
            Self::OpenidNotGranted => ErrorCode::InsufficientScope,
        }
    }
}

/// Of a person, as the store knows them.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    pub user_id: UserId,
    pub username: &'a str,
    pub name: Option<&'a str>,
    pub email: Option<&'a str>,
    /// Seconds.
    pub updated_at: i64,
}

/// The answer; no member is ever null. There is no `email_verified`: addresses are what an operator entered,
/// and nobody has asked the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserinfoClaims {
    /// The `sub` of the access token and of every ID token of this person.
    pub sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl UserinfoClaims {
    /// §5.4: each scope opens its claims, and nothing else does.
    pub fn of(person: Person<'_>, scopes: &ScopeSet) -> Result<Self, UserinfoError> {
        if !scopes.contains(OPENID) {
            return Err(UserinfoError::OpenidNotGranted);
        }
        let has_profile = scopes.contains(PROFILE);
        let profile = |value: Option<&str>| value.filter(|_| has_profile).map(str::to_owned);
        let email = person.email.filter(|_| scopes.contains(EMAIL));
        Ok(Self {
            sub: person.user_id.to_string(),
            name: profile(person.name),
            preferred_username: profile(Some(person.username)),
            updated_at: has_profile.then_some(person.updated_at),
            email: email.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::uuid;

    fn answer(scopes: &str) -> Result<serde_json::Value, UserinfoError> {
        let person = Person {
            user_id: UserId::from_uuid(uuid(5)),
            username: "ada",
            name: Some("Ada"),
            email: Some("ada@example.com"),
            updated_at: 7,
        };
        let claims = UserinfoClaims::of(person, &ScopeSet::parse(scopes).unwrap())?;
        Ok(serde_json::to_value(claims).unwrap())
    }

    #[test]
    fn each_scope_opens_its_own_claims() {
        let sub = uuid(5).to_string();
        assert_eq!(answer("openid").unwrap(), serde_json::json!({"sub": sub}));
        assert_eq!(
            answer("openid profile").unwrap(),
            serde_json::json!({"sub": sub, "name": "Ada", "preferred_username": "ada", "updated_at": 7})
        );
        assert_eq!(
            answer("email openid").unwrap(),
            serde_json::json!({"sub": sub, "email": "ada@example.com"})
        );
    }

    #[test]
    fn without_openid_there_is_no_answer() {
        let refused = answer("profile email").unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InsufficientScope);
    }
}
