//! PATCH …/quotas.

use authority::audit::EventType;
use serde::Deserialize;
use store::TenantQuotas;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::operation::{Committed, Found};
use crate::principal::PlatformTenantWrite;
use crate::principal::kinds::Tenants;
use crate::problem::{Faults, Problem};
use crate::quotas::QuotasOut;
use crate::request::Body;
use crate::tenants;

const MOST: u32 = 1_000_000_000;

/// Changes to the quotas. Absent: unchanged; null: as many as they like.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuotaChanges, example = json!({"users": 1000, "resources": 50}))]
pub struct QuotaPatch {
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 1_000_000_000)]
    users: Change<u32>,
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 1_000_000_000)]
    clients: Change<u32>,
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 1_000_000_000)]
    resources: Change<u32>,
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 1_000_000_000)]
    sessions: Change<u32>,
}

impl QuotaPatch {
    pub(crate) fn apply(self, before: &TenantQuotas) -> Result<TenantQuotas, Problem> {
        let mut faults = Faults::default();
        for (field, change) in [
            ("users", &self.users),
            ("clients", &self.clients),
            ("resources", &self.resources),
            ("sessions", &self.sessions),
        ] {
            if matches!(change, Change::Set(number) if *number > MOST) {
                faults.add(field, format!("At most {MOST}, or null for any number."));
            }
        }
        faults.finish()?;
        Ok(TenantQuotas {
            users: self.users.apply(before.users),
            clients: self.clients.apply(before.clients),
            resources: self.resources.apply(before.resources),
            sessions: self.sessions.apply(before.sessions),
        })
    }
}

/// Change a tenant's quotas
///
/// What is there already stays, even where it is more: nothing new is made until there is room. A call that would go
/// beyond is refused with `quota-reached`, a registration with `temporarily_unavailable`, a sign-in with a page.
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenant}/quotas",
    tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = QuotaPatch,
    responses((status = 200, description = "The quotas as they are now.", body = QuotasOut)),
)]
pub async fn update_quotas(
    access: PlatformTenantWrite<Tenants>,
    api: Api,
    Body(body): Body<QuotaPatch>,
) -> Result<Committed<Found<QuotasOut>>, Problem> {
    let mut platform = access.open(&api).await?;
    // Locked: quotas are changed one after the other.
    let tenant = platform.find_tenant_for_update(access.tenant.id()).await?;
    let tenant = tenant.ok_or_else(tenants::unknown)?;
    let before = platform.find_tenant_quotas(tenant.id()).await?;
    let after = body.apply(&before)?;
    platform
        .set_tenant_quotas(tenant.id(), &after, api.now())
        .await?;
    let shown = QuotasOut::new(&after);
    let changes = Changes::updated(&QuotasOut::new(&before), &shown);
    let recorded = platform
        .into_tenant(&tenant)
        .await?
        .record(
            EventType::TenantQuotasUpdated,
            audit::target("tenant", &tenant.id()),
            changes,
        )
        .await?;
    recorded.commit(Found(shown)).await
}
