//! How many people, clients, resources and sessions a tenant may have. The platform says; the tenant may look.
//!
//! Nothing here counts or refuses: the database does (`store::tenant_quotas`), whichever way something new comes.

pub mod find;
pub mod update;
pub mod usage;

use serde::Serialize;
use store::TenantQuotas;
use utoipa::ToSchema;

/// What a tenant may have; null: as many as it likes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quotas)]
pub struct QuotasOut {
    /// People, disabled ones too.
    #[schema(example = 1_000)]
    pub users: Option<u32>,
    /// Clients, however they came. Those that register themselves have a limit of their own besides
    /// (`registration_max_clients`).
    #[schema(example = 5_000)]
    pub clients: Option<u32>,
    #[schema(example = 50)]
    pub resources: Option<u32>,
    /// Browsers in which somebody is signed in.
    #[schema(example = 10_000)]
    pub sessions: Option<u32>,
}

impl QuotasOut {
    pub const fn new(quotas: &TenantQuotas) -> Self {
        Self {
            users: quotas.users,
            clients: quotas.clients,
            resources: quotas.resources,
            sessions: quotas.sessions,
        }
    }
}
