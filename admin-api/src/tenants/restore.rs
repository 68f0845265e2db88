//! POST …/tenants/{tenant}/restore: one that is to be deleted is what it was before.

use authority::audit::EventType;

use crate::api::Api;
use crate::operation::{Committed, Found};
use crate::principal::PlatformTenantWrite;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::tenants::{self, TenantOut, system};

/// Restore a tenant
///
/// One that is `deleting` is active or suspended again, as it was; what clients and people hold of it works as before.
/// One that is not to be deleted stays as it is. One that is gone is not found.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/restore",
    tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    responses((status = 200, description = "The tenant as it is now.", body = TenantOut)),
)]
pub async fn restore_tenant(
    access: PlatformTenantWrite<Tenants>,
    api: Api,
) -> Result<Committed<Found<TenantOut>>, Problem> {
    let mut platform = access.open(&api).await?;
    // Locked: the job that deletes it waits, or was first.
    let tenant = platform.find_tenant_for_update(access.tenant.id()).await?;
    let tenant = tenant.ok_or_else(tenants::unknown)?;
    system::refuse_to_end(&tenant)?;
    if !platform.restore_tenant(&tenant, api.now()).await? {
        let shown = TenantOut::new(&tenant);
        return platform.leave(&TenantOut::new(&tenant), Found(shown)).await;
    }
    let restored = platform.find_tenant(tenant.id()).await?;
    let restored = restored.ok_or_else(tenants::unknown)?;
    let (event_type, step) = (EventType::TenantRestored, "restored");
    tenants::record_step(platform, &tenant, event_type, step)
        .await?
        .commit(Found(TenantOut::new(&restored)))
        .await
}
