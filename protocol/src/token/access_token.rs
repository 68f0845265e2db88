//! Access tokens: the claims of an RFC 9068 JWT, and how long one lives. Signing is `crypto`'s.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::clock::Timestamp;
use crate::dpop::{Confirmation, JwkThumbprint};
use crate::ids::{ClientId, GrantId, Subject, TokenId};
use crate::issuer::Issuer;
use crate::scope::ScopeSet;

/// The `typ` of its header (RFC 9068 §2.1): tells it from every other JWT.
pub const ACCESS_TOKEN_TYP: &str = "at+jwt";

pub const DEFAULT_LIFETIME: Duration = Duration::from_mins(15);
/// Row G4.
pub const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// Claims that custom ones may never overwrite (row G8).
pub const RESERVED_CLAIMS: [&str; 19] = [
    "acr",
    "act",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "cnf",
    "exp",
    "grant_id",
    "iat",
    "iss",
    "jti",
    "may_act",
    "nbf",
    "scope",
    "sid",
    "sub",
    "tenant",
    "typ",
];

/// What an access token says. Every type is strict: a string for a time does not parse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    pub iss: String,
    pub sub: String,
    /// One audience, as a string: Python verifiers reject a list.
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    pub client_id: String,
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub scope: ScopeSet,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How the person signed in (RFC 9068 §2.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The key that whoever shows the token must prove to hold (RFC 9449 §6.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// Ours: lets the revocation of a grant reach every token of it. Absent for client_credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<GrantId>,
}

/// What a new token is made from.
#[derive(Clone, Debug)]
pub struct Minting<'a> {
    pub issuer: &'a Issuer,
    pub subject: Subject,
    /// The registered one of a resource, or our own userinfo endpoint; never what the request said.
    pub audience: &'a str,
    pub client_id: &'a ClientId,
    pub scopes: ScopeSet,
    pub token_id: TokenId,
    pub lifetime: Duration,
    pub grant_id: Option<GrantId>,
    pub authenticated_at: Option<Timestamp>,
    pub acr: Option<String>,
    /// The key that the token is bound to.
    pub confirmation: Option<JwkThumbprint>,
}

impl AccessTokenClaims {
    pub fn mint(minting: Minting<'_>, now: Timestamp) -> Self {
        let iat = now.unix_seconds();
        let lifetime = i64::try_from(minting.lifetime.as_secs()).unwrap_or(i64::MAX);
        Self {
            iss: minting.issuer.as_str().to_owned(),
            sub: minting.subject.to_string(),
            aud: minting.audience.to_owned(),
            exp: iat.saturating_add(lifetime),
            iat,
            jti: minting.token_id.to_string(),
            client_id: minting.client_id.as_str().to_owned(),
            scope: minting.scopes,
            auth_time: minting.authenticated_at.map(Timestamp::unix_seconds),
            acr: minting.acr,
            cnf: minting.confirmation.map(|jkt| Confirmation { jkt }),
            grant_id: minting.grant_id,
        }
    }

    /// RFC 7519 §4.1.4: on or after `exp` it is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.unix_seconds() >= self.exp
    }

    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.exp)
    }

    pub fn token_id(&self) -> Option<TokenId> {
        self.jti.parse().ok()
    }

    pub fn subject(&self) -> Option<Subject> {
        self.sub.parse().ok()
    }
}

/// The shorter of what client and resource say; the tenant's own where neither says anything.
pub fn lifetime(
    tenant_default: Duration,
    of_resource: Option<Duration>,
    client: &Client,
) -> Duration {
    let stated = [of_resource, client.access_token_lifetime];
    stated
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(tenant_default)
        .min(MAX_LIFETIME)
}

pub fn is_reserved_claim(name: &str) -> bool {
    RESERVED_CLAIMS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{at, grant_id, sample_client, uuid};

    fn claims() -> AccessTokenClaims {
        let minting = Minting {
            issuer: &Issuer::parse("https://as.example/t/acme").unwrap(),
            subject: Subject::User(crate::ids::UserId::from_uuid(uuid(5))),
            audience: "https://mcp.example/mcp",
            client_id: &ClientId::parse("c").unwrap(),
            scopes: ScopeSet::parse("a b").unwrap(),
            token_id: TokenId::from_uuid(uuid(9)),
            lifetime: DEFAULT_LIFETIME,
            grant_id: Some(grant_id(1)),
            authenticated_at: Some(at(0)),
            acr: Some("pwd".to_owned()),
            confirmation: Some(
                JwkThumbprint::parse("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").unwrap(),
            ),
        };
        AccessTokenClaims::mint(minting, at(5))
    }

    /// Rows G1, G2, G4.
    #[test]
    fn the_claims_are_typed_and_complete() {
        let json = serde_json::to_value(claims()).unwrap();
        assert_eq!(json["aud"], "https://mcp.example/mcp");
        assert_eq!(json["scope"], "a b");
        assert_eq!(
            json["exp"].as_i64().unwrap() - json["iat"].as_i64().unwrap(),
            900
        );
        assert_eq!(
            serde_json::from_value::<AccessTokenClaims>(json).unwrap(),
            claims()
        );
        for name in serde_json::to_value(claims())
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
        {
            assert!(is_reserved_claim(name), "{name}");
        }
    }

    /// Row G6.
    #[test]
    fn a_claim_of_another_type_is_no_claim() {
        let good = serde_json::to_value(claims()).unwrap();
        let bad = [
            ("exp", serde_json::json!("x")),
            ("exp", serde_json::json!(1e300)),
            ("exp", serde_json::Value::Null),
            ("aud", serde_json::json!(5)),
            ("aud", serde_json::json!(["https://mcp.example/mcp"])),
            ("iss", serde_json::json!(["https://as.example/t/acme"])),
            ("grant_id", serde_json::json!("not a uuid")),
            ("acr", serde_json::json!(1)),
            ("cnf", serde_json::json!({ "jkt": "short" })),
            ("cnf", serde_json::json!("x")),
        ];
        for (name, value) in bad {
            let mut claims = good.clone();
            claims[name] = value;
            assert!(
                serde_json::from_value::<AccessTokenClaims>(claims).is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_token_is_over_at_exp() {
        let claims = claims();
        assert!(!claims.is_expired(at(5 + 899)));
        assert!(claims.is_expired(at(5 + 900)));
        let past = AccessTokenClaims { exp: -1, ..claims };
        assert!(past.is_expired(at(0)));
    }

    #[test]
    fn the_shorter_lifetime_wins_within_a_day() {
        let seconds = Duration::from_secs;
        let mut client = sample_client();
        assert_eq!(lifetime(seconds(900), None, &client), seconds(900));
        let of_resource = Some(seconds(3600));
        assert_eq!(lifetime(seconds(900), of_resource, &client), seconds(3600));
        client.access_token_lifetime = Some(seconds(600));
        assert_eq!(lifetime(seconds(900), of_resource, &client), seconds(600));
        let longest = lifetime(seconds(1_000_000), None, &sample_client());
        assert_eq!(longest, MAX_LIFETIME);
    }
}
