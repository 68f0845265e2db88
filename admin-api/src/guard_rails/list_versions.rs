//! GET /admin/v1/guard-rails/versions.

use store::PolicyVersion;

use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::policies::VersionOut;
use crate::principal::PlatformRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::QueryString;

/// List versions of the guard rails
///
/// The newest first: it forbids. The last 200 are kept.
#[utoipa::path(
    get,
    path = "/admin/v1/guard-rails/versions",
    tag = "policies",
    params(PageQuery),
    responses((status = 200, description = "A page of versions.", body = Page<VersionOut>)),
)]
pub async fn list_guard_rail_versions(
    access: PlatformRead<Policies>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<VersionOut>, Problem> {
    let list = ListOf {
        operation: "list_guard_rail_versions",
        tenant: None,
        filter: "",
    };
    let wanted = query.read::<i64>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = scope
        .list_guard_rail_versions(wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    let show = |version: PolicyVersion| VersionOut::new(&version);
    wanted
        .page(&api, list, rows, |version| version.version, show)
        .map(Listed)
}
