//! DELETE …/tenants/{tenant}: gone at once, swept later.

use authority::audit::EventType;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::Done;
use crate::principal::PlatformTenantWrite;
use crate::problem::Problem;
use crate::tenants::{self, TenantOut};

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
pub async fn delete_tenant(access: PlatformTenantWrite, api: Api) -> Result<Done, Problem> {
    let tenant = &access.tenant;
    let mut platform = api.database().platform().await?;
    if !platform.delete_tenant(tenant, api.now()).await? {
        return Err(tenants::unknown());
    }
    // Among the platform's events: the tenant's own go with it.
    let target = audit::target("tenant", &tenant.id());
    let changes = Changes::deleted(&TenantOut::new(tenant));
    let event = audit::event(
        &api,
        &access.caller,
        EventType::TenantDeleted,
        target,
        changes,
    );
    platform
        .insert_platform_audit_event(Some(tenant), &event)
        .await?;
    platform.commit().await?;
    Ok(Done)
}
