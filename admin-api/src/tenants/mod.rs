//! Tenants: each an issuer with keys, users, clients, resources and settings of its own.
//!
//! Slug and issuer never change and are never used again. Creating, deleting and restoring, suspending and
//! resuming are for platform keys; the other settings are for the tenant's own keys as well.

pub mod create;
pub mod delete;
mod domains;
pub mod find;
pub mod list;
mod policies;
pub mod restore;
mod settings;
pub(crate) mod system;
mod tokens;
pub mod update;

use authority::audit::EventType;
use protocol::Slug;
use serde::{Deserialize, Serialize};
use store::{PlatformScope, Tenant, TenantScope, TenantState};
use utoipa::ToSchema;

use crate::audit::{self, Changes};
use crate::mutation::{Mutation, Recorded};
use crate::problem::Problem;
use crate::tenants::policies::{Compatibility, DocumentPolicy, IssuerBody, Registration};
use crate::tenants::tokens::{Algorithm, DeviceAuthorization};
use crate::wire;

/// A tenant as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantOut {
    pub id: String,
    #[schema(example = "acme")]
    pub slug: String,
    #[schema(example = "Acme")]
    pub display_name: String,
    /// What its tokens and its metadata say, byte for byte.
    #[schema(example = "https://auth.example.com/t/acme")]
    pub issuer: String,
    pub state: State,
    /// When it may be deleted for good, while it is `deleting`.
    #[schema(format = DateTime)]
    pub deleted_after: Option<String>,
    pub registration_policy: Registration,
    /// Hosts that https redirect URIs of registered clients may have, exactly; null: any.
    #[schema(example = json!(["app.example"]))]
    pub registration_redirect_hosts: Option<Vec<String>>,
    /// Registered clients may have redirect URIs on the person's own machine.
    pub registration_allows_loopback: bool,
    /// What registered clients can have at most; null: whatever the resources have.
    #[schema(example = json!(["notes:read"]))]
    pub registration_scopes: Option<Vec<String>>,
    /// How many registered clients there may be.
    #[schema(example = 10_000)]
    pub registration_max_clients: u32,
    /// Seconds after which a registration that led to no grant is removed.
    #[schema(example = 604_800)]
    pub registration_unused_lifetime: u64,
    /// Whose software statements are believed (RFC 7591 §2.3).
    pub software_statement_issuers: Vec<IssuerBody>,
    /// A registration without a software statement is refused.
    pub is_software_statement_required: bool,
    /// Whose metadata documents are fetched.
    pub client_document_policy: DocumentPolicy,
    /// The domains of the list, each with its subdomains.
    #[schema(example = json!(["claude.ai"]))]
    pub client_document_domains: Vec<String>,
    pub compatibility: Compatibility,
    /// Seconds.
    #[schema(example = 900)]
    pub access_token_lifetime: u64,
    /// Seconds without a refresh after which a sign-in is needed.
    #[schema(example = 2_592_000)]
    pub refresh_idle_lifetime: u64,
    /// Seconds after which a sign-in is needed in any case.
    #[schema(example = 15_552_000)]
    pub refresh_absolute_lifetime: u64,
    /// Seconds in which a refresh whose answer was lost may be repeated.
    #[schema(example = 60)]
    pub refresh_grace_window: u64,
    /// Seconds that a person stays signed in.
    #[schema(example = 43_200)]
    pub browser_session_lifetime: u64,
    /// The id of the resource that a request without `resource` means.
    pub default_resource: Option<String>,
    /// Exact redirect URIs with private schemes that clients may register.
    #[schema(example = json!(["cursor://anysphere.cursor-mcp/oauth/callback"]))]
    pub private_use_redirect_uris: Vec<String>,
    /// What access tokens are signed with; ID tokens can be had with RS256 besides.
    pub signing_algorithm: Algorithm,
    /// Seconds that a key signs before the next one does.
    #[schema(example = 2_592_000)]
    pub signing_key_rotation_interval: u64,
    /// Seconds that a key is published before it signs.
    #[schema(example = 86_400)]
    pub signing_key_lead: u64,
    /// Seconds more that a rotation waits for resources that have a JWKS URL of their own and have not
    /// fetched the next key.
    #[schema(example = 0)]
    pub signing_key_wait: u64,
    /// Refresh tokens of clients that authenticate are spent by a refresh too.
    pub rotates_confidential_refresh_tokens: bool,
    /// DPoP proofs carry a nonce of this server's (RFC 9449 §8).
    pub is_dpop_nonce_required: bool,
    /// Authorization requests come by PAR only (RFC 9126 §5).
    pub is_par_required: bool,
    /// Whose device requests are taken (RFC 8628).
    pub device_authorization: DeviceAuthorization,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TenantState)]
pub enum State {
    Active,
    /// Its issuer answers nothing; its data stays.
    Suspended,
    /// The same, until it is deleted or restored.
    Deleting,
}

/// What a change may make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChosenTenantState)]
pub enum ChosenState {
    Active,
    /// Its issuer answers nothing; its data stays.
    Suspended,
}

impl TenantOut {
    pub fn new(tenant: &Tenant) -> Self {
        let settings = tenant.settings();
        Self {
            id: tenant.id().to_string(),
            slug: tenant.slug().to_string(),
            display_name: tenant.display_name().to_owned(),
            issuer: tenant.issuer().as_str().to_owned(),
            state: State::from(tenant.state()),
            deleted_after: tenant.deleted_after().map(wire::time),
            registration_policy: Registration::from(settings.registration_policy),
            registration_redirect_hosts: settings.registration.redirect_hosts.clone(),
            registration_allows_loopback: settings.registration.allows_loopback,
            registration_scopes: settings
                .registration
                .scopes
                .as_ref()
                .map(|scopes| scopes.tokens().to_vec()),
            registration_max_clients: settings.registration.max_clients,
            registration_unused_lifetime: wire::seconds(settings.registration.unused_lifetime),
            software_statement_issuers: policies::issuers_out(&settings.software_statements),
            is_software_statement_required: settings.is_software_statement_required,
            client_document_policy: DocumentPolicy::from(settings.client_documents.mode),
            client_document_domains: settings.client_documents.domains.clone(),
            compatibility: Compatibility::from(settings.tolerances),
            access_token_lifetime: wire::seconds(settings.access_token_lifetime),
            refresh_idle_lifetime: wire::seconds(settings.refresh_idle_lifetime),
            refresh_absolute_lifetime: wire::seconds(settings.refresh_absolute_lifetime),
            refresh_grace_window: wire::seconds(settings.refresh_grace_window),
            browser_session_lifetime: wire::seconds(settings.browser_session_lifetime),
            default_resource: settings
                .default_resource
                .map(|resource_id| resource_id.to_string()),
            private_use_redirect_uris: settings.private_use_redirect_uris.clone(),
            signing_algorithm: Algorithm::from(settings.signing_algorithm),
            signing_key_rotation_interval: wire::seconds(settings.signing_key_rotation_interval),
            signing_key_lead: wire::seconds(settings.signing_key_lead),
            signing_key_wait: wire::seconds(settings.signing_key_wait),
            rotates_confidential_refresh_tokens: settings.rotates_confidential_refresh_tokens,
            is_dpop_nonce_required: settings.is_dpop_nonce_required,
            is_par_required: settings.is_par_required,
            device_authorization: DeviceAuthorization::from(settings.device_authorization),
            created_at: wire::time(tenant.created_at()),
            updated_at: wire::time(tenant.updated_at()),
        }
    }
}

impl From<TenantState> for State {
    fn from(state: TenantState) -> Self {
        match state {
            TenantState::Active => Self::Active,
            TenantState::Deleting => Self::Deleting,
            // A deleted one is not found, so it is never shown.
            TenantState::Suspended | TenantState::Deleted => Self::Suspended,
        }
    }
}

/// A step towards the end of a tenant, or back: in both lists of events, since the tenant's people are to know, and
/// who ordered it outlives the tenant.
async fn record_step(
    mut platform: Mutation<PlatformScope>,
    before: &Tenant,
    event_type: EventType,
    step: &'static str,
) -> Result<Recorded<TenantScope>, Problem> {
    let after = platform.find_tenant(before.id()).await?;
    let after = after.ok_or_else(unknown)?;
    let changes = || Changes::updated(&TenantOut::new(before), &TenantOut::new(&after));
    let target = || audit::target("tenant", &before.id());
    platform
        .also_record_about(before, event_type, target(), changes())
        .await?;
    let scope = platform.into_tenant(&after).await?;
    let recorded = scope.record(event_type, target(), changes()).await?;
    Ok(recorded.after_commit(move |authority| {
        let counted = &authority.metrics().tenant_deletions;
        counted.with_label_values(&[step]).inc();
    }))
}

pub fn location(slug: &Slug) -> String {
    format!("/admin/v1/tenants/{slug}")
}

pub fn unknown() -> Problem {
    Problem::not_found("tenant", "/admin/v1/tenants")
}
