//! ID tokens (OpenID Connect Core §2): that a person signed in, said to one client. Signing is `crypto`'s.
//!
//! It says who, when and how, and nothing else of the person: that is asked of the userinfo endpoint.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

use crate::clock::Timestamp;
use crate::ids::{ClientId, SessionId, UserId};
use crate::issuer::Issuer;
use crate::signing_algorithm::SigningAlgorithm;

/// The `typ` of its header: never that of an access token (row G5).
pub const ID_TOKEN_TYP: &str = "JWT";

/// A client reads it once, when it gets it. As a hint at logout it is good for longer.
pub const LIFETIME: Duration = Duration::from_hours(1);

/// What an ID token says. Every type is strict, as those of an access token are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdTokenClaims {
    pub iss: String,
    pub sub: String,
    /// The client, as a string: there is only one.
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    pub auth_time: i64,
    /// Exactly as the request had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Ties the access token beside it to this one (§3.1.3.6).
    pub at_hash: String,
    /// Absent for grants that are older than sessions had names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// What a new one is made from.
#[derive(Clone, Debug)]
pub struct NewIdToken<'a> {
    pub issuer: &'a Issuer,
    pub user_id: UserId,
    pub client_id: &'a ClientId,
    /// Of the request whose code is redeemed. §12.2: none at a refresh.
    pub nonce: Option<String>,
    pub authenticated_at: Timestamp,
    pub acr: Option<String>,
    pub session_id: Option<SessionId>,
    pub access_token: &'a str,
    /// Of the key that will sign it.
    pub algorithm: SigningAlgorithm,
}

impl IdTokenClaims {
    pub fn mint(new: NewIdToken<'_>, now: Timestamp) -> Self {
        Self {
            iss: new.issuer.as_str().to_owned(),
            sub: new.user_id.to_string(),
            aud: new.client_id.as_str().to_owned(),
            exp: (now + LIFETIME).unix_seconds(),
            iat: now.unix_seconds(),
            auth_time: new.authenticated_at.unix_seconds(),
            nonce: new.nonce,
            acr: new.acr,
            at_hash: at_hash(new.access_token, new.algorithm),
            sid: new.session_id.map(|id| id.to_string()),
        }
    }
}

/// §3.1.3.6: the left half of the token's hash, by the hash function of the algorithm. That of Ed25519 is
/// SHA-512 (RFC 8032 §5.1).
fn at_hash(access_token: &str, algorithm: SigningAlgorithm) -> String {
    match algorithm {
        SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 | SigningAlgorithm::Es256 => {
            URL_SAFE_NO_PAD.encode(&Sha256::digest(access_token)[..16])
        }
        SigningAlgorithm::EdDsa => URL_SAFE_NO_PAD.encode(&Sha512::digest(access_token)[..32]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{at, uuid};
    use crate::token::AccessTokenClaims;

    fn claims() -> IdTokenClaims {
        let new = NewIdToken {
            issuer: &Issuer::parse("https://as.example/t/acme").unwrap(),
            user_id: UserId::from_uuid(uuid(5)),
            client_id: &ClientId::parse("c").unwrap(),
            nonce: Some("n-0S6_WzA2Mj".to_owned()),
            authenticated_at: at(0),
            acr: Some(super::super::PASSWORD_ACR.to_owned()),
            session_id: Some(SessionId::from_uuid(uuid(7))),
            access_token: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
            algorithm: SigningAlgorithm::Rs256,
        };
        IdTokenClaims::mint(new, at(5))
    }

    /// The access token and hash of OpenID Connect Core appendix A.3.
    #[test]
    fn the_hash_is_that_of_the_specification() {
        assert_eq!(claims().at_hash, "77QmUPtjPfzWtF2AnpK9RQ");
        let long = at_hash("x", SigningAlgorithm::EdDsa);
        assert_eq!(long.len(), 43, "half of a SHA-512");
    }

    #[test]
    fn it_says_who_when_and_how_and_no_nulls() {
        let json = serde_json::to_value(claims()).unwrap();
        assert_eq!(json["aud"], "c");
        assert_eq!(json["nonce"], "n-0S6_WzA2Mj");
        assert_eq!(json["auth_time"], at(0).unix_seconds());
        let bare = IdTokenClaims {
            nonce: None,
            acr: None,
            sid: None,
            ..claims()
        };
        let bare = serde_json::to_value(bare).unwrap();
        assert!(bare.as_object().unwrap().values().all(|it| !it.is_null()));
        assert!(bare.get("nonce").is_none());
    }

    /// Row G5: were `typ` to fail, the claims would still not fit.
    #[test]
    fn its_claims_are_no_access_tokens_and_the_reverse() {
        let json = serde_json::to_value(claims()).unwrap();
        assert!(serde_json::from_value::<AccessTokenClaims>(json).is_err());
        let access = serde_json::json!({"iss": "i", "sub": "s", "aud": "a", "exp": 2, "iat": 1,
            "jti": "j", "client_id": "c", "scope": "openid", "auth_time": 1});
        assert!(serde_json::from_value::<IdTokenClaims>(access).is_err());
    }
}
