//! DELETE …/tenants/{tenant}: silent at once, gone after a time of grace, or at once where that is asked for.

use std::time::Duration;

use authority::audit::EventType;
use serde::Deserialize;
use store::Tenant;
use utoipa::IntoParams;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::mutation::Mutation;
use crate::operation::{Committed, Done};
use crate::principal::PlatformTenantWrite;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::request::QueryString;
use crate::tenants::{self, TenantOut, system};

/// Long enough to notice that it was the wrong one.
const DEFAULT_GRACE: u64 = 7 * 24 * 60 * 60;
const LONGEST_GRACE: u64 = 30 * 24 * 60 * 60;

/// How long it may be taken back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeletionQuery {
    /// Seconds until it is deleted for good; 0: at once.
    #[param(minimum = 0, maximum = 2_592_000, default = 604_800)]
    grace_seconds: Option<u64>,
}

/// Delete a tenant
///
/// Its issuer answers nothing from now on, as if it were suspended, and it is shown as `deleting` until
/// `deleted_after`; so long it can be restored. Then its tokens are dead for good, its admin keys end, and its data is
/// removed in the background; slug and issuer stay taken. Said again with `grace_seconds`, another moment is in force;
/// with 0 it is deleted at once, and that cannot be undone.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}",
    tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), DeletionQuery),
    responses((status = 204, description = "Deleted, or to be deleted.")),
)]
pub async fn delete_tenant(
    access: PlatformTenantWrite<Tenants>,
    api: Api,
    QueryString(query): QueryString<DeletionQuery>,
) -> Result<Committed<Done>, Problem> {
    if query
        .grace_seconds
        .is_some_and(|asked| asked > LONGEST_GRACE)
    {
        let detail = format!("0 to {LONGEST_GRACE} seconds.");
        return Err(Problem::invalid_field("grace_seconds", detail));
    }
    let mut platform = access.open(&api).await?;
    // Locked: nobody restores it meanwhile.
    let tenant = platform.find_tenant_for_update(access.tenant.id()).await?;
    let tenant = tenant.ok_or_else(tenants::unknown)?;
    system::refuse_to_end(&tenant)?;
    if query.grace_seconds == Some(0) {
        return at_once(platform, &api, &tenant).await;
    }
    if query.grace_seconds.is_none() && tenant.deleted_after().is_some() {
        // It has its moment already.
        return platform.leave(&TenantOut::new(&tenant), Done).await;
    }
    let grace = Duration::from_secs(query.grace_seconds.unwrap_or(DEFAULT_GRACE));
    let now = api.now();
    platform
        .schedule_tenant_deletion(&tenant, now + grace, now)
        .await?;
    let (event_type, step) = (EventType::TenantDeletionScheduled, "scheduled");
    tenants::record_step(platform, &tenant, event_type, step)
        .await?
        .commit(Done)
        .await
}

async fn at_once(
    mut platform: Mutation<store::PlatformScope>,
    api: &Api,
    tenant: &Tenant,
) -> Result<Committed<Done>, Problem> {
    platform.delete_tenant(tenant, api.now()).await?;
    // Among the platform's events: the tenant's own go with it.
    let target = audit::target("tenant", &tenant.id());
    let changes = Changes::deleted(&TenantOut::new(tenant));
    let recorded = platform
        .record_about(Some(tenant), EventType::TenantDeleted, target, changes)
        .await?;
    recorded
        .after_commit(|authority| {
            let counted = &authority.metrics().tenant_deletions;
            counted.with_label_values(&["deleted"]).inc();
        })
        .commit(Done)
        .await
}
