//! The answer to a registration: what is in force, no nulls, nothing that would surprise the client.

use serde::Serialize;

use crate::client::{ApplicationType, AuthMethod, GrantType};
use crate::clock::Timestamp;
use crate::ids::ClientId;
use crate::redirect_uri::RedirectUri;
use crate::scope::ScopeSet;
use crate::secret::SecretText;

use super::ClientRegistration;

/// RFC 7591 §3.2.1. No `Debug`: it carries the secret.
#[derive(Clone, Serialize)]
pub struct RegistrationResponse {
    pub client_id: ClientId,
    pub client_id_issued_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// 0 says "never"; required beside a secret (RFC 7591 §3.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u64>,
    pub redirect_uris: Vec<RedirectUri>,
    pub grant_types: Vec<GrantType>,
    pub response_types: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<AuthMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<ApplicationType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
}

impl RegistrationResponse {
    pub fn new(
        client_id: ClientId,
        issued_at: Timestamp,
        secret: Option<&SecretText>,
        registration: ClientRegistration,
    ) -> Self {
        // RFC 7591 §2: absent means client_secret_basic. Older SDKs stumble over a method that they
        // did not ask for, so it is named only when asked or when absence would say the wrong thing.
        let is_method_named = registration.was_auth_method_asked
            || registration.auth_method != AuthMethod::ClientSecretBasic;
        let uses_code = registration
            .grant_types
            .contains(&GrantType::AuthorizationCode);
        Self {
            client_id,
            client_id_issued_at: issued_at.unix_seconds(),
            client_secret: secret.map(|secret| secret.expose().to_owned()),
            client_secret_expires_at: secret.map(|_| 0),
            redirect_uris: registration.redirect_uris,
            grant_types: registration.grant_types,
            response_types: if uses_code { vec!["code"] } else { Vec::new() },
            token_endpoint_auth_method: is_method_named.then_some(registration.auth_method),
            application_type: registration
                .was_application_type_asked
                .then_some(registration.application_type),
            client_name: registration.name,
            client_uri: registration.client_uri,
            logo_uri: registration.logo_uri,
            policy_uri: registration.policy_uri,
            tos_uri: registration.tos_uri,
            scope: registration.scopes,
            software_id: registration.software_id,
            software_version: registration.software_version,
        }
    }
}
