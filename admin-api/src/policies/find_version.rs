//! GET …/tenants/{tenant}/policies/versions/{id}.

use authority::policy::PolicyLayer;

use crate::api::Api;
use crate::operation::Found;
use crate::policies::{self, Named, Readable, VersionWithText};
use crate::principal::TenantRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::Id;

/// Show a version of the policies
///
/// 0 is what comes with Writ.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/policies/versions/{id}",
    tag = "policies",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = u32, Path, description = "The number of the version.", example = 1),
    ),
    responses((status = 200, description = "The version.", body = VersionWithText)),
)]
pub async fn find_policy_version(
    access: TenantRead<Policies>,
    api: Api,
    Id(version): Id<u32>,
) -> Result<Found<VersionWithText>, Problem> {
    let mut scope = access.read(&api).await?;
    let version = i64::from(version);
    let found = policies::find(&mut scope, version, Named::InPath, access.tenant.slug()).await?;
    scope.end().await?;
    let found = Readable::new(found.as_ref(), PolicyLayer::Tenant).await;
    Ok(Found(found.shown))
}
