//! GET …/tenants/{tenant}/policies.

use authority::policy::PolicyLayer;

use crate::api::Api;
use crate::operation::Found;
use crate::policies::{Readable, VersionWithText};
use crate::principal::TenantRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;

/// Show the policies that decide now
///
/// The newest version; for a tenant that wrote none, the policies that come with Writ (version 0).
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/policies",
    tag = "policies",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    responses((status = 200, description = "The version that decides.", body = VersionWithText)),
)]
pub async fn find_policies(
    access: TenantRead<Policies>,
    api: Api,
) -> Result<Found<VersionWithText>, Problem> {
    let mut scope = access.read(&api).await?;
    let active = scope.find_active_policy_version().await?;
    scope.end().await?;
    let active = Readable::new(active.as_ref(), PolicyLayer::Tenant).await;
    Ok(Found(active.shown))
}
