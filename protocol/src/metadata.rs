//! Authorization server metadata (RFC 8414, OpenID Connect Discovery §3): what this tenant answers to.
//!
//! Every form of the well-known URL serves the same document. What it says follows from a few facts of the
//! tenant; to let it say more, add a member, and a fact where it depends on one.

use serde::Serialize;

use crate::client::registration::RegistrationPolicy;
use crate::client::{AssertionAlgorithm, AuthMethod, GrantType};
use crate::issuer::Issuer;
use crate::openid;
use crate::scope::{ScopeSet, TENANT_SCOPES};
use crate::signing_algorithm::SigningAlgorithm;

/// What the document depends on.
#[derive(Clone, Copy, Debug)]
pub struct MetadataFacts<'a> {
    pub issuer: &'a Issuer,
    pub registration: RegistrationPolicy,
    pub takes_client_documents: bool,
    pub is_par_required: bool,
    pub takes_device_requests: bool,
    /// Of the key that signs now: a setting that was changed is in force with the next one.
    pub signing_algorithm: SigningAlgorithm,
    /// Those of the tenant's resources. The tenant's own are left out: TypeScript clients would answer a
    /// listed `offline_access` with `prompt=consent` for ever.
    pub scopes: &'a ScopeSet,
}

/// What the document says; no member is ever null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members of RFC 8414 and its relatives"
)]
pub struct AuthorizationServerMetadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub revocation_endpoint: String,
    pub introspection_endpoint: String,
    pub pushed_authorization_request_endpoint: String,
    pub require_pushed_authorization_requests: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_authorization_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    pub userinfo_endpoint: String,
    pub end_session_endpoint: String,
    pub jwks_uri: String,
    /// Ours: what was revoked lately, signed, for verifiers that do not introspect.
    pub writ_revocation_feed: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    pub response_types_supported: &'static [&'static str],
    pub response_modes_supported: &'static [&'static str],
    pub grant_types_supported: Vec<GrantType>,
    pub token_endpoint_auth_methods_supported: &'static [AuthMethod],
    pub token_endpoint_auth_signing_alg_values_supported: &'static [AssertionAlgorithm],
    pub revocation_endpoint_auth_methods_supported: &'static [AuthMethod],
    pub revocation_endpoint_auth_signing_alg_values_supported: &'static [AssertionAlgorithm],
    pub introspection_endpoint_auth_methods_supported: &'static [AuthMethod],
    pub introspection_endpoint_auth_signing_alg_values_supported: &'static [AssertionAlgorithm],
    /// RFC 9701 §7.
    pub introspection_signing_alg_values_supported: [SigningAlgorithm; 1],
    pub code_challenge_methods_supported: &'static [&'static str],
    /// RFC 9449 §5.1.
    pub dpop_signing_alg_values_supported: &'static [AssertionAlgorithm],
    pub authorization_response_iss_parameter_supported: bool,
    /// Client ID Metadata Documents §6.
    pub client_id_metadata_document_supported: bool,
    pub request_parameter_supported: bool,
    pub request_uri_parameter_supported: bool,
    pub claims_parameter_supported: bool,
    pub subject_types_supported: &'static [&'static str],
    /// RS256 first: every OpenID provider has it (Discovery §3).
    pub id_token_signing_alg_values_supported: Vec<SigningAlgorithm>,
    pub acr_values_supported: &'static [&'static str],
    pub claims_supported: &'static [&'static str],
    pub backchannel_logout_supported: bool,
    pub backchannel_logout_session_supported: bool,
}

/// Device requests stand apart: a tenant may take none.
const GRANT_TYPES: [GrantType; 3] = [
    GrantType::AuthorizationCode,
    GrantType::RefreshToken,
    GrantType::ClientCredentials,
];

/// `none` must be listed: clients without a secret look for it.
const AUTH_METHODS: &[AuthMethod] = &[
    AuthMethod::None,
    AuthMethod::ClientSecretBasic,
    AuthMethod::ClientSecretPost,
    AuthMethod::PrivateKeyJwt,
];

/// Introspection is for resource servers, which always have a secret or keys.
const INTROSPECTION_AUTH_METHODS: &[AuthMethod] = &[
    AuthMethod::ClientSecretBasic,
    AuthMethod::ClientSecretPost,
    AuthMethod::PrivateKeyJwt,
];

/// What the token endpoint is called, the canonical name first.
pub const TOKEN_ENDPOINTS: [&str; 3] = ["token", "oauth/token", "protocol/openid-connect/token"];

pub const JWKS_ENDPOINT: &str = ".well-known/jwks.json";
/// Also the audience of the tokens that it takes.
pub const USERINFO_ENDPOINT: &str = "userinfo";
pub const END_SESSION_ENDPOINT: &str = "logout";
pub const PAR_ENDPOINT: &str = "par";
pub const DEVICE_AUTHORIZATION_ENDPOINT: &str = "device_authorization";
pub const REVOCATION_FEED: &str = "revocations";

/// Every URL of an issuer's token endpoint.
pub fn token_endpoints(issuer: &Issuer) -> Vec<String> {
    TOKEN_ENDPOINTS
        .iter()
        .map(|name| issuer.endpoint(name))
        .collect()
}

impl AuthorizationServerMetadata {
    pub fn new(facts: &MetadataFacts<'_>) -> Self {
        let issuer = facts.issuer;
        Self {
            issuer: issuer.as_str().to_owned(),
            authorization_endpoint: issuer.endpoint("authorize"),
            token_endpoint: issuer.endpoint("token"),
            revocation_endpoint: issuer.endpoint("revoke"),
            introspection_endpoint: issuer.endpoint("introspect"),
            pushed_authorization_request_endpoint: issuer.endpoint(PAR_ENDPOINT),
            require_pushed_authorization_requests: facts.is_par_required,
            device_authorization_endpoint: facts
                .takes_device_requests
                .then(|| issuer.endpoint(DEVICE_AUTHORIZATION_ENDPOINT)),
            registration_endpoint: (facts.registration != RegistrationPolicy::Off)
                .then(|| issuer.endpoint("register")),
            userinfo_endpoint: issuer.endpoint(USERINFO_ENDPOINT),
            end_session_endpoint: issuer.endpoint(END_SESSION_ENDPOINT),
            jwks_uri: issuer.endpoint(JWKS_ENDPOINT),
            writ_revocation_feed: issuer.endpoint(REVOCATION_FEED),
            scopes_supported: listed(facts.scopes),
            response_types_supported: &["code"],
            response_modes_supported: &["query"],
            grant_types_supported: grant_types(facts.takes_device_requests),
            token_endpoint_auth_methods_supported: AUTH_METHODS,
            token_endpoint_auth_signing_alg_values_supported: AssertionAlgorithm::ALL,
            revocation_endpoint_auth_methods_supported: AUTH_METHODS,
            revocation_endpoint_auth_signing_alg_values_supported: AssertionAlgorithm::ALL,
            introspection_endpoint_auth_methods_supported: INTROSPECTION_AUTH_METHODS,
            introspection_endpoint_auth_signing_alg_values_supported: AssertionAlgorithm::ALL,
            introspection_signing_alg_values_supported: [facts.signing_algorithm],
            code_challenge_methods_supported: &["S256"],
            dpop_signing_alg_values_supported: AssertionAlgorithm::ALL,
            authorization_response_iss_parameter_supported: true,
            client_id_metadata_document_supported: facts.takes_client_documents,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            claims_parameter_supported: false,
            subject_types_supported: &["public"],
            id_token_signing_alg_values_supported: id_token_algorithms(facts.signing_algorithm),
            acr_values_supported: openid::ACR_VALUES,
            claims_supported: openid::CLAIMS,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
        }
    }
}

fn listed(scopes: &ScopeSet) -> Vec<String> {
    let is_listed = |token: &&str| !TENANT_SCOPES.contains(token);
    let listed = scopes.iter().filter(is_listed);
    listed.map(ToOwned::to_owned).collect()
}

fn grant_types(takes_device_requests: bool) -> Vec<GrantType> {
    let device = takes_device_requests.then_some(GrantType::DeviceCode);
    GRANT_TYPES.into_iter().chain(device).collect()
}

fn id_token_algorithms(of_tenant: SigningAlgorithm) -> Vec<SigningAlgorithm> {
    let own = Some(of_tenant).filter(|own| *own != SigningAlgorithm::Rs256);
    [SigningAlgorithm::Rs256].into_iter().chain(own).collect()
}

#[cfg(test)]
mod tests;
