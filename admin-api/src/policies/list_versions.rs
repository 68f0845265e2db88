//! GET …/tenants/{tenant}/policies/versions.

use store::PolicyVersion;

use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::policies::VersionOut;
use crate::principal::TenantRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::QueryString;

/// List versions of the policies
///
/// The newest first: it decides. The last 200 are kept.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/policies/versions",
    tag = "policies",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), PageQuery),
    responses((status = 200, description = "A page of versions.", body = Page<VersionOut>)),
)]
pub async fn list_policy_versions(
    access: TenantRead<Policies>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<VersionOut>, Problem> {
    let list = ListOf {
        operation: "list_policy_versions",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<i64>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = scope
        .list_policy_versions(wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    let show = |version: PolicyVersion| VersionOut::new(&version);
    wanted
        .page(&api, list, rows, |version| version.version, show)
        .map(Listed)
}
