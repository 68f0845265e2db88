//! GET /admin/v1/guard-rails.

use authority::policy::PolicyLayer;

use crate::api::Api;
use crate::operation::Found;
use crate::policies::{Readable, VersionWithText};
use crate::principal::PlatformRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;

/// Show the guard rails
///
/// The policies above all tenants, which only forbid. The newest version; before the first one there are none.
#[utoipa::path(
    get,
    path = "/admin/v1/guard-rails",
    tag = "policies",
    responses((status = 200, description = "The version that forbids.", body = VersionWithText)),
)]
pub async fn find_guard_rails(
    access: PlatformRead<Policies>,
    api: Api,
) -> Result<Found<VersionWithText>, Problem> {
    let mut scope = access.read(&api).await?;
    let active = scope.find_active_guard_rails().await?;
    scope.end().await?;
    let active = Readable::new(active.as_ref(), PolicyLayer::Platform).await;
    Ok(Found(active.shown))
}
