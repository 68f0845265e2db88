//! Clients: the applications that ask for tokens, under their RFC 7591 names, with what only an
//! operator may say: a chosen id and secret, the resources it may use, whether it is enabled.
//!
//! Those that registered themselves are listed, disabled and deleted here as well.

pub(crate) mod body;
pub mod create;
pub mod delete;
pub mod find;
pub mod list;
pub mod update;
pub mod validation;

use protocol::client::catalogue::{self, Recognised};
use protocol::client::{AssertionAlgorithm, Client, ClientOrigin, GrantType};
use protocol::resource::Resources;
use protocol::{ClientId, SigningAlgorithm, Slug};
use serde::Serialize;
use serde_json::Value;
use store::{ClientDocumentTimes, StoreError, TenantScope};
use utoipa::ToSchema;

use crate::names::identifier;
use crate::problem::Problem;
use crate::wire;

/// A client as it is shown; secrets are not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Client)]
pub struct ClientOut {
    #[schema(example = "notes-desktop")]
    pub client_id: String,
    /// `static`: made here; `registered`: registered itself (RFC 7591); `document`: its id is the URL of its metadata.
    #[schema(example = "static")]
    pub origin: &'static str,
    pub client_name: Option<String>,
    #[schema(example = json!(["http://127.0.0.1/callback"]))]
    pub redirect_uris: Vec<String>,
    #[schema(example = json!(["authorization_code", "refresh_token"]))]
    pub grant_types: Vec<&'static str>,
    #[schema(example = json!(["code"]))]
    pub response_types: Vec<&'static str>,
    #[schema(example = "none")]
    pub token_endpoint_auth_method: &'static str,
    /// Its public keys, as they are kept; null: at `jwks_uri`, or none.
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Value>,
    pub jwks_uri: Option<String>,
    /// The one algorithm of its assertions; null: any that we verify.
    #[schema(example = "ES256")]
    pub token_endpoint_auth_signing_alg: Option<&'static str>,
    /// Its tokens are bound to its DPoP key, always.
    pub dpop_bound_access_tokens: bool,
    /// Its authorization requests come by PAR only.
    pub require_pushed_authorization_requests: bool,
    /// Where a person may be sent after signing out, exactly.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told of sign-outs.
    pub backchannel_logout_uri: Option<String>,
    pub backchannel_logout_session_required: bool,
    /// Null: RS256.
    #[schema(example = "ES256")]
    pub id_token_signed_response_alg: Option<&'static str>,
    #[schema(example = "native")]
    pub application_type: &'static str,
    /// The scopes it may have at most; null: those of its resources.
    pub scope: Option<String>,
    /// Identifiers of the resources it may use; null: all of the tenant.
    pub resources: Option<Vec<String>>,
    /// The resource that it means when it names none.
    pub default_resource: Option<String>,
    pub is_enabled: bool,
    /// Seconds; null: the resource's, or the tenant's.
    pub access_token_lifetime: Option<u64>,
    /// Seconds without a refresh after which a sign-in is needed; null: the tenant's.
    pub refresh_idle_lifetime: Option<u64>,
    /// Seconds after which a sign-in is needed in any case; null: the tenant's.
    pub refresh_absolute_lifetime: Option<u64>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
    /// The well-known client that it is, or says it is.
    pub recognised_as: Option<RecognisedOut>,
    /// For a client that came by its metadata document.
    pub document: Option<DocumentOut>,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// One of `GET /admin/v1/known-clients`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecognisedClient)]
pub struct RecognisedOut {
    #[schema(example = "claude")]
    pub id: &'static str,
    #[schema(example = "Claude")]
    pub name: &'static str,
    /// Only its vendor can be behind it. Otherwise it merely says so: anybody could.
    pub is_proven: bool,
}

/// When a client's metadata document was read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientDocument)]
pub struct DocumentOut {
    #[schema(format = DateTime)]
    pub fetched_at: String,
    /// When it is fetched again, at its next use after that.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl ClientOut {
    pub fn new(client: &Client, resources: &Resources) -> Self {
        let identifier = |resource_id| identifier(resources, resource_id);
        let may_use_codes = client.grant_types.contains(&GrantType::AuthorizationCode);
        Self {
            client_id: client.client_id.to_string(),
            origin: client.origin.as_str(),
            client_name: client.name.clone(),
            redirect_uris: client
                .redirect_uris
                .iter()
                .map(|uri| uri.as_str().to_owned())
                .collect(),
            grant_types: client
                .grant_types
                .iter()
                .map(|grant_type| grant_type.as_str())
                .collect(),
            response_types: if may_use_codes {
                vec!["code"]
            } else {
                Vec::new()
            },
            token_endpoint_auth_method: client.auth_method.as_str(),
            jwks: client.keys.inline().cloned(),
            jwks_uri: client.keys.uri().map(str::to_owned),
            token_endpoint_auth_signing_alg: client
                .assertion_algorithm
                .map(AssertionAlgorithm::as_str),
            dpop_bound_access_tokens: client.is_dpop_bound,
            require_pushed_authorization_requests: client.is_par_required,
            post_logout_redirect_uris: client.post_logout_redirect_uris.clone(),
            backchannel_logout_uri: client.backchannel_logout_uri.clone(),
            backchannel_logout_session_required: client.is_backchannel_session_required,
            id_token_signed_response_alg: client.id_token_algorithm.map(SigningAlgorithm::as_str),
            application_type: client.application_type.as_str(),
            scope: client.scopes.as_ref().map(ToString::to_string),
            resources: client
                .resources
                .as_ref()
                .map(|ids| ids.iter().copied().map(identifier).collect()),
            default_resource: client.default_resource.map(identifier),
            is_enabled: client.is_enabled,
            access_token_lifetime: client.access_token_lifetime.map(wire::seconds),
            refresh_idle_lifetime: client.refresh_idle_lifetime.map(wire::seconds),
            refresh_absolute_lifetime: client.refresh_absolute_lifetime.map(wire::seconds),
            client_uri: client.client_uri.clone(),
            logo_uri: client.logo_uri.clone(),
            policy_uri: client.policy_uri.clone(),
            tos_uri: client.tos_uri.clone(),
            software_id: client.software_id.clone(),
            software_version: client.software_version.clone(),
            recognised_as: catalogue::recognise(client).map(RecognisedOut::from),
            document: None,
            created_at: wire::time(client.created_at),
        }
    }

    /// With what is known of its document.
    pub fn with_document(mut self, times: Option<ClientDocumentTimes>) -> Self {
        self.document = times.map(|times| DocumentOut {
            fetched_at: wire::time(times.fetched_at),
            expires_at: wire::time(times.expires_at),
        });
        self
    }
}

impl From<Recognised> for RecognisedOut {
    fn from(recognised: Recognised) -> Self {
        Self {
            id: &recognised.client.id,
            name: &recognised.client.name,
            is_proven: recognised.is_proven,
        }
    }
}

/// With everything that can be shown of it.
pub async fn show(
    scope: &mut TenantScope,
    client: &Client,
    resources: &Resources,
) -> Result<ClientOut, StoreError> {
    let times = match client.origin {
        ClientOrigin::Document => scope.list_client_document_times(&[client.key]).await?,
        ClientOrigin::Static | ClientOrigin::Registered => Vec::new(),
    };
    Ok(ClientOut::new(client, resources).with_document(times.into_iter().next()))
}

/// Clients name resources by identifier; there are few of them in a tenant.
pub async fn all_resources(scope: &mut TenantScope) -> Result<Resources, StoreError> {
    let records = scope.list_resources(None, u32::MAX).await?;
    Ok(Resources::new(
        records.into_iter().map(|record| record.resource).collect(),
    ))
}

pub fn location(tenant: &Slug, client_id: &ClientId) -> String {
    format!("/admin/v1/tenants/{tenant}/clients/{client_id}")
}

pub fn unknown(tenant: &Slug) -> Problem {
    Problem::not_found("client", &format!("/admin/v1/tenants/{tenant}/clients"))
}
