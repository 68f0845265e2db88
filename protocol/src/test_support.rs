//! Samples for the unit tests of this crate.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::authorization::{PendingAuthorization, Prompts, ProofOfPossession};
use crate::client::{AuthMethod, Client, ClientOrigin, GrantType};
use crate::clock::Timestamp;
use crate::ids::{ClientId, ClientKey, GrantId, PendingId, ResourceId};
use crate::redirect_uri::RedirectUri;
use crate::resource::{Resource, ResourceScope};
use crate::scope::ScopeSet;

pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn resource_id(number: u128) -> ResourceId {
    ResourceId::from_uuid(uuid(number))
}

pub fn client_key(number: u128) -> ClientKey {
    ClientKey::from_uuid(uuid(number))
}

pub fn grant_id(number: u128) -> GrantId {
    GrantId::from_uuid(uuid(number))
}

/// Seconds after an arbitrary moment.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds)
}

/// A public client that somebody vouches for, with one https redirect URI.
pub fn sample_client() -> Client {
    let client_id = ClientId::parse("client-1").unwrap_or_else(|_| unreachable!());
    let origin = ClientOrigin::Static;
    Client {
        name: Some("Sample".to_owned()),
        redirect_uris: vec![RedirectUri::from_stored("https://client.example/cb")],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        ..Client::blank(client_key(1), client_id, origin, AuthMethod::None, at(0))
    }
}

/// A client of the catalogue, proven by the address of its metadata document.
pub fn a_recognised_client() -> Client {
    let document = "https://claude.ai/oauth/mcp-oauth-client-metadata";
    Client {
        client_id: ClientId::parse(document).unwrap_or_else(|_| unreachable!()),
        origin: ClientOrigin::Document,
        ..sample_client()
    }
}

/// A resource with the scopes `files:read` (default) and `files:write`.
pub fn sample_resource(number: u128, identifier: &str) -> Resource {
    let scope = |name: &str, is_default| ResourceScope {
        name: name.to_owned(),
        description: format!("May {name}"),
        is_default,
    };
    Resource {
        resource_id: resource_id(number),
        identifiers: vec![identifier.to_owned()],
        audience: identifier.to_owned(),
        audience_since: at(0),
        name: "Files".to_owned(),
        scopes: vec![scope("files:read", true), scope("files:write", false)],
        access_token_lifetime: None,
    }
}

pub fn sample_pending() -> PendingAuthorization {
    PendingAuthorization {
        pending_id: PendingId::from_uuid(uuid(3)),
        browser_digest: [7; 32],
        client_id: sample_client().client_id,
        redirect_uri: Some("https://client.example/cb".to_owned()),
        state: Some("xyz".to_owned()),
        scopes: ScopeSet::parse("files:read files:write").unwrap_or_default(),
        resources: vec![resource_id(1)],
        refused_scopes: ScopeSet::default(),
        proof: ProofOfPossession::from_stored(Some(CHALLENGE)).ok(),
        prompts: Prompts::default(),
        max_age_seconds: None,
        nonce: None,
        acr_values: None,
        dpop_jkt: None,
        login_hint: None,
        ui_locales: None,
        is_device: false,
        created_at: at(0),
        expires_at: at(1800),
        outcome: None,
        refusal: None,
        shown_digest: None,
    }
}

/// JSON of any type and a few levels, with values in it that mean something to a registration.
pub fn odd_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "none",
            "code",
            "native",
            "web",
            "private_key_jwt",
            "client_secret_basic",
            "client_credentials",
            "refresh_token",
            "files:read",
            "https://client.example/cb",
            "http://localhost/cb",
            "javascript:alert(1)",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("(keys|kty|[a-z]{1,4})", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}
