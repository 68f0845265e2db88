//! The answer to a registration: what is in force, no nulls, nothing that would surprise the client.

use serde::Serialize;

use crate::client::{ApplicationType, AssertionAlgorithm, AuthMethod, ClientKeys, GrantType};
use crate::clock::Timestamp;
use crate::ids::ClientId;
use crate::redirect_uri::RedirectUri;
use crate::scope::ScopeSet;
use crate::secret::SecretText;
use crate::signing_algorithm::SigningAlgorithm;

use super::ClientRegistration;

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes what it asks about by reference"
)]
const fn is_off(is_set: &bool) -> bool {
    !*is_set
}

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
    pub token_endpoint_auth_signing_alg: Option<AssertionAlgorithm>,
    #[serde(skip_serializing_if = "is_off")]
    pub dpop_bound_access_tokens: bool,
    #[serde(skip_serializing_if = "is_off")]
    pub require_pushed_authorization_requests: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "is_off")]
    pub backchannel_logout_session_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<SigningAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
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
    /// RFC 7591 §3.2.1: unmodified, where one counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_statement: Option<String>,
    /// RFC 7592 §3.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_access_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_client_uri: Option<String>,
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
        let (jwks, jwks_uri) = match registration.keys {
            ClientKeys::None => (None, None),
            ClientKeys::Inline(jwks) => (Some(jwks), None),
            ClientKeys::Uri(uri) => (None, Some(uri)),
        };
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
            token_endpoint_auth_signing_alg: registration.assertion_algorithm,
            dpop_bound_access_tokens: registration.is_dpop_bound,
            require_pushed_authorization_requests: registration.is_par_required,
            post_logout_redirect_uris: registration.post_logout_redirect_uris,
            backchannel_logout_uri: registration.backchannel_logout_uri,
            backchannel_logout_session_required: registration.is_backchannel_session_required,
            id_token_signed_response_alg: registration.id_token_algorithm,
            jwks,
            jwks_uri,
            application_type: registration
                .was_application_type_asked
                .then_some(registration.application_type),
            client_name: registration.name,
            client_uri: registration.client_uri,
            logo_uri: registration.logo_uri,
            policy_uri: registration.policy_uri,
            tos_uri: registration.tos_uri,
            // A limit that the client did not ask for is not told as if it had: SDKs take the member for
            // the scopes to request.
            scope: registration.scopes.filter(|_| registration.was_scope_asked),
            software_id: registration.software_id,
            software_version: registration.software_version,
            software_statement: None,
            registration_access_token: None,
            registration_client_uri: None,
        }
    }

    /// RFC 7592 §3: where the client looks after its registration, and with what. The token is told once.
    #[must_use]
    pub fn with_management(mut self, uri: String, token: Option<&SecretText>) -> Self {
        self.registration_client_uri = Some(uri);
        self.registration_access_token = token.map(|token| token.expose().to_owned());
        self
    }

    #[must_use]
    pub fn with_software_statement(mut self, statement: Option<String>) -> Self {
        self.software_statement = statement;
        self
    }
}
