//! Authorization server metadata (RFC 8414): only what answers today is listed.
//!
//! The OpenID forms of the well-known URL serve the same document. It claims no OpenID features; two
//! of its members are there because SDKs that read the OpenID form refuse a document without them.

use serde::Serialize;

use crate::client::registration::RegistrationPolicy;
use crate::client::{AssertionAlgorithm, AuthMethod, GrantType};
use crate::issuer::Issuer;
use crate::scope::{ScopeSet, TENANT_SCOPES};

/// What the document says; no member is ever null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuthorizationServerMetadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub revocation_endpoint: String,
    pub introspection_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    pub jwks_uri: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    pub response_types_supported: &'static [&'static str],
    pub response_modes_supported: &'static [&'static str],
    pub grant_types_supported: &'static [GrantType],
    pub token_endpoint_auth_methods_supported: &'static [AuthMethod],
    pub token_endpoint_auth_signing_alg_values_supported: &'static [AssertionAlgorithm],
    pub revocation_endpoint_auth_methods_supported: &'static [AuthMethod],
    pub revocation_endpoint_auth_signing_alg_values_supported: &'static [AssertionAlgorithm],
    pub introspection_endpoint_auth_methods_supported: &'static [AuthMethod],
    pub introspection_endpoint_auth_signing_alg_values_supported: &'static [AssertionAlgorithm],
    pub code_challenge_methods_supported: &'static [&'static str],
    pub authorization_response_iss_parameter_supported: bool,
    /// Client ID Metadata Documents §6.
    pub client_id_metadata_document_supported: bool,
    pub request_parameter_supported: bool,
    pub request_uri_parameter_supported: bool,
    pub subject_types_supported: &'static [&'static str],
    pub id_token_signing_alg_values_supported: &'static [&'static str],
}

const GRANT_TYPES: &[GrantType] = &[
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

/// The part of the document's URL after an issuer's path, before the issuer path or at its end.
pub const WELL_KNOWN_NAMES: [&str; 2] = ["oauth-authorization-server", "openid-configuration"];
/// What the token endpoint is called, the canonical name first.
pub const TOKEN_ENDPOINTS: [&str; 3] = ["token", "oauth/token", "protocol/openid-connect/token"];
pub const JWKS_ENDPOINT: &str = ".well-known/jwks.json";

/// Every URL of an issuer's token endpoint.
pub fn token_endpoints(issuer: &Issuer) -> Vec<String> {
    TOKEN_ENDPOINTS
        .iter()
        .map(|name| issuer.endpoint(name))
        .collect()
}

impl AuthorizationServerMetadata {
    /// `scopes`: those of the tenant's resources. The tenant's own are left out: TypeScript clients
    /// would answer a listed `offline_access` with `prompt=consent` for ever.
    pub fn new(
        issuer: &Issuer,
        registration: RegistrationPolicy,
        takes_client_documents: bool,
        scopes: &ScopeSet,
    ) -> Self {
        let is_listed = |token: &&str| !TENANT_SCOPES.contains(token);
        Self {
            issuer: issuer.as_str().to_owned(),
            authorization_endpoint: issuer.endpoint("authorize"),
            token_endpoint: issuer.endpoint("token"),
            revocation_endpoint: issuer.endpoint("revoke"),
            introspection_endpoint: issuer.endpoint("introspect"),
            registration_endpoint: (registration != RegistrationPolicy::Off)
                .then(|| issuer.endpoint("register")),
            jwks_uri: issuer.endpoint(JWKS_ENDPOINT),
            scopes_supported: scopes
                .iter()
                .filter(is_listed)
                .map(ToOwned::to_owned)
                .collect(),
            response_types_supported: &["code"],
            response_modes_supported: &["query"],
            grant_types_supported: GRANT_TYPES,
            token_endpoint_auth_methods_supported: AUTH_METHODS,
            token_endpoint_auth_signing_alg_values_supported: AssertionAlgorithm::ALL,
            revocation_endpoint_auth_methods_supported: AUTH_METHODS,
            revocation_endpoint_auth_signing_alg_values_supported: AssertionAlgorithm::ALL,
            introspection_endpoint_auth_methods_supported: INTROSPECTION_AUTH_METHODS,
            introspection_endpoint_auth_signing_alg_values_supported: AssertionAlgorithm::ALL,
            code_challenge_methods_supported: &["S256"],
            authorization_response_iss_parameter_supported: true,
            client_id_metadata_document_supported: takes_client_documents,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            subject_types_supported: &["public"],
            id_token_signing_alg_values_supported: &["RS256"],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn document(registration: RegistrationPolicy) -> Value {
        let issuer = Issuer::parse("https://as.example/realms/acme/").unwrap();
        let scopes = ScopeSet::parse("files:read offline_access").unwrap();
        serde_json::to_value(AuthorizationServerMetadata::new(
            &issuer,
            registration,
            true,
            &scopes,
        ))
        .unwrap()
    }

    #[test]
    fn the_document_names_what_answers_and_nothing_else() {
        let document = document(RegistrationPolicy::Open);
        assert_eq!(document["issuer"], "https://as.example/realms/acme/");
        assert_eq!(
            document["token_endpoint"],
            "https://as.example/realms/acme/token"
        );
        assert_eq!(
            document["jwks_uri"],
            "https://as.example/realms/acme/.well-known/jwks.json"
        );
        assert_eq!(
            document["scopes_supported"],
            serde_json::json!(["files:read"])
        );
        assert_eq!(
            document["code_challenge_methods_supported"],
            serde_json::json!(["S256"])
        );
        assert_eq!(
            document["token_endpoint_auth_methods_supported"],
            serde_json::json!([
                "none",
                "client_secret_basic",
                "client_secret_post",
                "private_key_jwt"
            ])
        );
        assert_eq!(
            document["authorization_response_iss_parameter_supported"],
            true
        );
        assert!(
            document
                .as_object()
                .unwrap()
                .values()
                .all(|member| !member.is_null())
        );
        for absent in [
            "userinfo_endpoint",
            "end_session_endpoint",
            "device_authorization_endpoint",
        ] {
            assert!(document.get(absent).is_none(), "{absent}");
        }
    }

    /// Row J1.
    #[test]
    fn a_tenant_without_registration_lists_no_registration_endpoint() {
        assert!(
            document(RegistrationPolicy::Off)
                .get("registration_endpoint")
                .is_none()
        );
        assert!(
            document(RegistrationPolicy::InitialAccessToken)
                .get("registration_endpoint")
                .is_some()
        );
    }
}
