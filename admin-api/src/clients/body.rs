//! What an operator sends about a client, new or to be changed.

use protocol::client::registration::RegistrationRequest;
use protocol::client::{AuthMethod, Client, ClientKeys};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::change::Change;
use crate::text;

/// A client to be made. What is absent is inferred from the redirect URIs, as in a registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewClient, example = json!({
    "client_id": "notes-desktop",
    "client_name": "Notes for the desktop",
    "redirect_uris": ["http://127.0.0.1/callback"],
    "token_endpoint_auth_method": "none",
}))]
pub struct NewClientBody {
    /// Chosen; absent: one is made.
    #[schema(value_type = Option<text::ChosenId>)]
    pub client_id: Option<String>,
    /// Chosen; absent: one is made if the client authenticates by secret.
    #[schema(value_type = Option<String>, write_only, min_length = 8, max_length = 255, pattern = "^[A-Za-z0-9._~-]+$")]
    pub client_secret: Option<SecretString>,
    #[schema(value_type = Option<text::ClientName>)]
    pub client_name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Vec<text::RedirectUriText>, max_items = 32)]
    pub redirect_uris: Vec<String>,
    /// Absent: `authorization_code` and `refresh_token`.
    #[schema(value_type = Option<Vec<text::GrantTypeName>>)]
    pub grant_types: Option<Vec<String>>,
    pub response_types: Option<Vec<String>>,
    /// `none`, `client_secret_basic`, `client_secret_post` or `private_key_jwt`.
    #[schema(value_type = Option<text::AuthMethodName>)]
    pub token_endpoint_auth_method: Option<String>,
    /// Public keys of a client that signs assertions, as a JWK set (RFC 7517); or `jwks_uri`.
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Value>,
    /// Where its public keys are; https.
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub jwks_uri: Option<String>,
    /// The one algorithm of its assertions: `RS256`, `PS256`, `ES256` or `EdDSA`; absent: any of them.
    #[schema(value_type = Option<text::AlgorithmName>)]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// Its tokens are bound to its DPoP key, always (RFC 9449 §5.2).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// Its authorization requests come by PAR only (RFC 9126 §6).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// Where a person may be sent after signing out, exactly.
    #[serde(default)]
    #[schema(value_type = Vec<text::RedirectUriText>, max_items = 32)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told of sign-outs; https (OpenID Connect Back-Channel Logout §2.2).
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub backchannel_logout_uri: Option<String>,
    /// It needs `sid` in what it is told.
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    /// `RS256`, or the algorithm that the tenant's key signs with now; absent: `RS256`.
    #[schema(value_type = Option<text::AlgorithmName>)]
    pub id_token_signed_response_alg: Option<String>,
    /// `web` or `native`.
    #[schema(value_type = Option<text::ApplicationTypeName>)]
    pub application_type: Option<String>,
    /// The scopes it may have at most, separated by spaces; absent: those of its resources.
    pub scope: Option<String>,
    /// Ids or identifiers of the resources it may use; absent: all of the tenant.
    pub resources: Option<Vec<String>>,
    /// The resource that it means when it names none.
    pub default_resource: Option<String>,
    #[serde(default = "enabled")]
    #[schema(default = true)]
    pub is_enabled: bool,
    /// Seconds; absent: the resource's, or the tenant's.
    #[schema(minimum = 60, maximum = 86_400)]
    pub access_token_lifetime: Option<u64>,
    /// Seconds without a refresh after which a sign-in is needed; absent: the tenant's.
    #[schema(minimum = 300, maximum = 31_536_000)]
    pub refresh_idle_lifetime: Option<u64>,
    /// Seconds after which a sign-in is needed in any case; absent: the tenant's.
    #[schema(minimum = 300, maximum = 63_072_000)]
    pub refresh_absolute_lifetime: Option<u64>,
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub client_uri: Option<String>,
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub logo_uri: Option<String>,
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub policy_uri: Option<String>,
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub tos_uri: Option<String>,
    #[schema(value_type = Option<text::Words>)]
    pub software_id: Option<String>,
    #[schema(value_type = Option<text::Words>)]
    pub software_version: Option<String>,
}

const fn enabled() -> bool {
    true
}

impl NewClientBody {
    pub fn request(&self) -> RegistrationRequest {
        let has_client_secret = self.client_secret.is_some();
        let has_keys = self.jwks.is_some() || self.jwks_uri.is_some();
        // Whoever chooses a secret, or brings keys, means them to be used.
        let meant = match (has_client_secret, has_keys) {
            (true, _) => Some("client_secret_basic"),
            (false, true) => Some("private_key_jwt"),
            (false, false) => None,
        };
        RegistrationRequest {
            redirect_uris: Some(self.redirect_uris.clone()),
            grant_types: self.grant_types.clone(),
            response_types: self.response_types.clone(),
            token_endpoint_auth_method: self
                .token_endpoint_auth_method
                .clone()
                .or_else(|| meant.map(str::to_owned)),
            application_type: self.application_type.clone(),
            client_name: self.client_name.clone(),
            client_uri: self.client_uri.clone(),
            logo_uri: self.logo_uri.clone(),
            policy_uri: self.policy_uri.clone(),
            tos_uri: self.tos_uri.clone(),
            scope: self.scope.clone(),
            software_id: self.software_id.clone(),
            software_version: self.software_version.clone(),
            jwks: self.jwks.clone(),
            jwks_uri: self.jwks_uri.clone(),
            token_endpoint_auth_signing_alg: self.token_endpoint_auth_signing_alg.clone(),
            dpop_bound_access_tokens: Some(self.dpop_bound_access_tokens),
            require_pushed_authorization_requests: Some(self.require_pushed_authorization_requests),
            post_logout_redirect_uris: Some(self.post_logout_redirect_uris.clone()),
            backchannel_logout_uri: self.backchannel_logout_uri.clone(),
            backchannel_logout_session_required: Some(self.backchannel_logout_session_required),
            id_token_signed_response_alg: self.id_token_signed_response_alg.clone(),
            has_client_secret,
        }
    }
}

/// Changes to a client. Absent: unchanged; null: back to the default.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClientChanges, example = json!({"is_enabled": false}))]
pub struct ClientPatch {
    #[serde(default)]
    #[schema(value_type = Option<text::ClientName>)]
    pub client_name: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<text::RedirectUriText>>)]
    pub redirect_uris: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<text::GrantTypeName>>)]
    pub grant_types: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<text::ApplicationTypeName>)]
    pub application_type: Change<String>,
    /// Another way of proving itself; a public client stays public.
    #[serde(default)]
    #[schema(value_type = Option<text::AuthMethodName>)]
    pub token_endpoint_auth_method: Change<String>,
    /// Takes the place of `jwks_uri`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub jwks: Change<Value>,
    /// Takes the place of `jwks`.
    #[serde(default)]
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub jwks_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<text::AlgorithmName>)]
    pub token_endpoint_auth_signing_alg: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub dpop_bound_access_tokens: Change<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub require_pushed_authorization_requests: Change<bool>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<text::RedirectUriText>>)]
    pub post_logout_redirect_uris: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub backchannel_logout_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub backchannel_logout_session_required: Change<bool>,
    #[serde(default)]
    #[schema(value_type = Option<text::AlgorithmName>)]
    pub id_token_signed_response_alg: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub scope: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub resources: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub default_resource: Change<String>,
    #[serde(default)]
    #[schema(value_type = bool)]
    pub is_enabled: Change<bool>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 60, maximum = 86_400)]
    pub access_token_lifetime: Change<u64>,
    /// Seconds; null: the tenant's.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 300, maximum = 31_536_000)]
    pub refresh_idle_lifetime: Change<u64>,
    /// Seconds; null: the tenant's. For sign-ins from now on.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 300, maximum = 63_072_000)]
    pub refresh_absolute_lifetime: Change<u64>,
    #[serde(default)]
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub client_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub logo_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub policy_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<text::HttpsUrl>)]
    pub tos_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<text::Words>)]
    pub software_id: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<text::Words>)]
    pub software_version: Change<String>,
}

impl ClientPatch {
    /// Whether the rules of registration have something to say.
    pub fn touches_metadata(&self) -> bool {
        let texts = [
            &self.client_name,
            &self.application_type,
            &self.token_endpoint_auth_method,
            &self.jwks_uri,
            &self.token_endpoint_auth_signing_alg,
            &self.backchannel_logout_uri,
            &self.id_token_signed_response_alg,
            &self.scope,
            &self.client_uri,
            &self.logo_uri,
            &self.policy_uri,
            &self.tos_uri,
            &self.software_id,
            &self.software_version,
        ];
        texts.into_iter().any(|change| !change.is_keep())
            || !self.redirect_uris.is_keep()
            || !self.grant_types.is_keep()
            || !self.post_logout_redirect_uris.is_keep()
            || self.touches_switches()
            || self.names_keys()
    }

    const fn touches_switches(&self) -> bool {
        !self.dpop_bound_access_tokens.is_keep()
            || !self.require_pushed_authorization_requests.is_keep()
            || !self.backchannel_logout_session_required.is_keep()
    }

    pub const fn names_keys(&self) -> bool {
        !self.jwks.is_keep() || !self.jwks_uri.is_keep()
    }

    /// The keys as they would be: the new ones take the place of the old, wherever those are.
    fn keys(&self, client: &Client) -> (Option<Value>, Option<String>) {
        let (jwks, jwks_uri) = match &client.keys {
            ClientKeys::None => (None, None),
            ClientKeys::Inline(jwks) => (Some(jwks.clone()), None),
            ClientKeys::Uri(uri) => (None, Some(uri.clone())),
        };
        match (&self.jwks, &self.jwks_uri) {
            (Change::Set(jwks), Change::Keep | Change::Reset) => (Some(jwks.clone()), None),
            (Change::Keep | Change::Reset, Change::Set(uri)) => (None, Some(uri.clone())),
            (changed, changed_uri) => (
                changed.clone().apply(jwks),
                changed_uri.clone().apply(jwks_uri),
            ),
        }
    }

    /// The client as it would be, to go through the whole of the rules again.
    pub fn request(&self, client: &Client) -> RegistrationRequest {
        let redirect_uris = client
            .redirect_uris
            .iter()
            .map(|uri| uri.as_str().to_owned())
            .collect();
        let grant_types = client
            .grant_types
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect();
        // What another method leaves without a use goes, unless the call itself speaks of it.
        let uses_keys = self.auth_method(client) == AuthMethod::PrivateKeyJwt.as_str();
        let (jwks, jwks_uri) = if uses_keys || self.names_keys() {
            self.keys(client)
        } else {
            (None, None)
        };
        let algorithm = client.assertion_algorithm.filter(|_| uses_keys);
        RegistrationRequest {
            redirect_uris: self.redirect_uris.clone().apply(Some(redirect_uris)),
            grant_types: self.grant_types.clone().apply(Some(grant_types)),
            response_types: None,
            // Null: as it is, because what would be inferred might be another kind of client.
            token_endpoint_auth_method: Some(self.auth_method(client).to_owned()),
            application_type: match &self.application_type {
                // What was inferred is inferred again when the redirect URIs change.
                Change::Keep if !self.redirect_uris.is_keep() => None,
                change => change
                    .clone()
                    .apply(Some(client.application_type.as_str().to_owned())),
            },
            client_name: self.client_name.clone().apply(client.name.clone()),
            client_uri: self.client_uri.clone().apply(client.client_uri.clone()),
            logo_uri: self.logo_uri.clone().apply(client.logo_uri.clone()),
            policy_uri: self.policy_uri.clone().apply(client.policy_uri.clone()),
            tos_uri: self.tos_uri.clone().apply(client.tos_uri.clone()),
            scope: self
                .scope
                .clone()
                .apply(client.scopes.as_ref().map(ToString::to_string)),
            software_id: self.software_id.clone().apply(client.software_id.clone()),
            software_version: self
                .software_version
                .clone()
                .apply(client.software_version.clone()),
            jwks,
            jwks_uri,
            token_endpoint_auth_signing_alg: self
                .token_endpoint_auth_signing_alg
                .clone()
                .apply(algorithm.map(|one| one.as_str().to_owned())),
            has_client_secret: false,
            ..self.token_metadata(client)
        }
    }

    /// What is about its tokens and about sign-outs.
    fn token_metadata(&self, client: &Client) -> RegistrationRequest {
        let id_token_algorithm = client.id_token_algorithm.map(|one| one.as_str().to_owned());
        RegistrationRequest {
            dpop_bound_access_tokens: self
                .dpop_bound_access_tokens
                .clone()
                .apply(Some(client.is_dpop_bound)),
            require_pushed_authorization_requests: self
                .require_pushed_authorization_requests
                .clone()
                .apply(Some(client.is_par_required)),
            post_logout_redirect_uris: self
                .post_logout_redirect_uris
                .clone()
                .apply(Some(client.post_logout_redirect_uris.clone())),
            backchannel_logout_uri: self
                .backchannel_logout_uri
                .clone()
                .apply(client.backchannel_logout_uri.clone()),
            backchannel_logout_session_required: self
                .backchannel_logout_session_required
                .clone()
                .apply(Some(client.is_backchannel_session_required)),
            id_token_signed_response_alg: self
                .id_token_signed_response_alg
                .clone()
                .apply(id_token_algorithm),
            ..RegistrationRequest::default()
        }
    }

    fn auth_method<'a>(&'a self, client: &Client) -> &'a str {
        match &self.token_endpoint_auth_method {
            Change::Set(method) => method,
            Change::Keep | Change::Reset => client.auth_method.as_str(),
        }
    }
}
