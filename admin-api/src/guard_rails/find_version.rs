//! GET /admin/v1/guard-rails/versions/{id}.

use authority::policy::PolicyLayer;

use crate::api::Api;
use crate::guard_rails;
use crate::operation::Found;
use crate::policies::{Named, Readable, VersionWithText};
use crate::principal::PlatformRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::Id;

/// Show a version of the guard rails
///
/// 0 is what there is before the first one: nothing.
#[utoipa::path(
    get,
    path = "/admin/v1/guard-rails/versions/{id}",
    tag = "policies",
    params(("id" = u32, Path, description = "The number of the version.", example = 1)),
    responses((status = 200, description = "The version.", body = VersionWithText)),
)]
pub async fn find_guard_rail_version(
    access: PlatformRead<Policies>,
    api: Api,
    Id(version): Id<u32>,
) -> Result<Found<VersionWithText>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = guard_rails::find(&mut scope, version.into(), Named::InPath).await?;
    scope.end().await?;
    let found = Readable::new(found.as_ref(), PolicyLayer::Platform).await;
    Ok(Found(found.shown))
}
