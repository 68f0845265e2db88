//! GET /admin/v1/guard-rails/diff.

use authority::policy::PolicyLayer;

use crate::api::Api;
use crate::guard_rails;
use crate::operation::Found;
use crate::policies::diff::{DiffOut, DiffQuery};
use crate::policies::{Named, Readable};
use crate::principal::PlatformRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::QueryString;

/// Compare two versions of the guard rails
///
/// Policies are told apart by their `@id`.
#[utoipa::path(
    get,
    path = "/admin/v1/guard-rails/diff",
    tag = "policies",
    params(DiffQuery),
    responses((status = 200, description = "The differences.", body = DiffOut)),
)]
pub async fn diff_guard_rails(
    access: PlatformRead<Policies>,
    api: Api,
    QueryString(query): QueryString<DiffQuery>,
) -> Result<Found<DiffOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let to = match query.to {
        Some(version) => guard_rails::find(&mut scope, version.into(), Named::By("to")).await?,
        None => scope.find_active_guard_rails().await?,
    };
    let from = guard_rails::find(&mut scope, query.from(to.as_ref()), Named::By("from")).await?;
    scope.end().await?;
    let from = Readable::new(from.as_ref(), PolicyLayer::Platform).await;
    let to = Readable::new(to.as_ref(), PolicyLayer::Platform).await;
    Ok(Found(DiffOut::new(&from.shown, &to.shown)))
}
