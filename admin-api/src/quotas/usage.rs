//! GET …/usage.

use serde::Serialize;
use store::{QuotaKind, Usage};
use utoipa::ToSchema;

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;

/// How many there are, and how many there may be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageOut {
    pub users: UsedOut,
    pub clients: UsedOut,
    pub resources: UsedOut,
    /// Those that expired within the last hours may be among them.
    pub sessions: UsedOut,
}

/// Of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Used)]
pub struct UsedOut {
    #[schema(example = 412)]
    pub used: u64,
    /// Null: as many as it likes.
    #[schema(example = 1_000)]
    pub quota: Option<u32>,
}

impl UsageOut {
    fn new(usage: &Usage) -> Self {
        let of = |kind, used| UsedOut {
            used,
            quota: usage.quotas.of(kind),
        };
        Self {
            users: of(QuotaKind::Users, usage.users),
            clients: of(QuotaKind::Clients, usage.clients),
            resources: of(QuotaKind::Resources, usage.resources),
            sessions: of(QuotaKind::Sessions, usage.sessions),
        }
    }
}

/// Show what a tenant has
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/usage",
    tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    responses((status = 200, description = "How many of everything.", body = UsageOut)),
)]
pub async fn find_usage(access: TenantRead<Tenants>, api: Api) -> Result<Found<UsageOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let usage = scope.find_usage().await?;
    scope.end().await?;
    Ok(Found(UsageOut::new(&usage)))
}
