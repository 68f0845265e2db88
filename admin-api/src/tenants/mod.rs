//! Tenants: each an issuer with keys, users, clients, resources and settings of its own.
//!
//! Slug and issuer never change and are never used again. Creating and deleting, suspending and
//! resuming are for platform keys; the other settings are for the tenant's own keys as well.

pub mod create;
pub mod delete;
pub mod find;
pub mod list;
mod settings;
pub mod update;

use protocol::Slug;
use serde::{Deserialize, Serialize};
use store::{RegistrationPolicy, Tenant, TenantState};
use utoipa::ToSchema;

use crate::problem::Problem;
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
    pub registration_policy: Registration,
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
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TenantState)]
pub enum State {
    Active,
    /// Its issuer answers nothing; its data stays.
    Suspended,
}

/// Who may register clients without an operator (RFC 7591).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RegistrationPolicy)]
pub enum Registration {
    Open,
    Off,
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
            registration_policy: Registration::from(settings.registration_policy),
            access_token_lifetime: wire::seconds(settings.access_token_lifetime),
            refresh_idle_lifetime: wire::seconds(settings.refresh_idle_lifetime),
            refresh_absolute_lifetime: wire::seconds(settings.refresh_absolute_lifetime),
            refresh_grace_window: wire::seconds(settings.refresh_grace_window),
            browser_session_lifetime: wire::seconds(settings.browser_session_lifetime),
            default_resource: settings
                .default_resource
                .map(|resource_id| resource_id.to_string()),
            private_use_redirect_uris: settings.private_use_redirect_uris.clone(),
            created_at: wire::time(tenant.created_at()),
            updated_at: wire::time(tenant.updated_at()),
        }
    }
}

impl From<TenantState> for State {
    fn from(state: TenantState) -> Self {
        match state {
            TenantState::Active => Self::Active,
            // A deleted one is not found, so it is never shown.
            TenantState::Suspended | TenantState::Deleted => Self::Suspended,
        }
    }
}

impl From<RegistrationPolicy> for Registration {
    fn from(policy: RegistrationPolicy) -> Self {
        match policy {
            RegistrationPolicy::Open => Self::Open,
            RegistrationPolicy::Off => Self::Off,
        }
    }
}

impl From<Registration> for RegistrationPolicy {
    fn from(policy: Registration) -> Self {
        match policy {
            Registration::Open => Self::Open,
            Registration::Off => Self::Off,
        }
    }
}

pub fn location(slug: &Slug) -> String {
    format!("/admin/v1/tenants/{slug}")
}

pub fn unknown() -> Problem {
    Problem::not_found("tenant", "/admin/v1/tenants")
}
