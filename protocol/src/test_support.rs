//! Samples for the unit tests of this crate.

use uuid::Uuid;

use crate::authorization::{PendingAuthorization, Prompts};
use crate::client::{ApplicationType, AuthMethod, Client, ClientOrigin, GrantType};
use crate::clock::Timestamp;
use crate::ids::{ClientId, ClientKey, GrantId, PendingId, ResourceId};
use crate::pkce::CodeChallenge;
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
    Client {
        key: client_key(1),
        client_id: ClientId::parse("client-1").unwrap_or_else(|_| unreachable!()),
        origin: ClientOrigin::Static,
        name: Some("Sample".to_owned()),
        redirect_uris: vec![RedirectUri::from_stored("https://client.example/cb")],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        auth_method: AuthMethod::None,
        application_type: ApplicationType::Web,
        scopes: None,
        resources: None,
        default_resource: None,
        is_enabled: true,
        access_token_lifetime: None,
        client_uri: None,
        logo_uri: None,
        policy_uri: None,
        tos_uri: None,
        software_id: None,
        software_version: None,
        created_at: at(0),
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
        code_challenge: CodeChallenge::parse(CHALLENGE).ok(),
        prompts: Prompts::default(),
        max_age_seconds: None,
        nonce: None,
        login_hint: None,
        ui_locales: None,
        created_at: at(0),
        expires_at: at(1800),
        outcome: None,
        refusal: None,
    }
}
