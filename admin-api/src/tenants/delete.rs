//! DELETE …/tenants/{tenant}: gone at once, swept later.

use authority::audit::EventType;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Done};
use crate::principal::PlatformTenantWrite;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::tenants::{self, TenantOut, system};

/// Delete a tenant
///
/// Its issuer answers nothing from now on and its tokens are dead; its data is removed in the background.
/// This cannot be undone, and its slug and issuer stay taken.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}",
    tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    responses((status = 204, description = "Deleted.")),
)]
pub async fn delete_tenant(
    access: PlatformTenantWrite<Tenants>,
    api: Api,
) -> Result<Committed<Done>, Problem> {
    let tenant = &access.tenant;
    system::refuse_to_end(tenant)?;
    let mut platform = access.open(&api).await?;
    if !platform.delete_tenant(tenant, api.now()).await? {
        return Err(tenants::unknown());
    }
    // Among the platform's events: the tenant's own go with it.
    let target = audit::target("tenant", &tenant.id());
    let changes = Changes::deleted(&TenantOut::new(tenant));
    let recorded = platform
        .record_about(Some(tenant), EventType::TenantDeleted, target, changes)
        .await?;

    recorded.commit(Done).await
}
