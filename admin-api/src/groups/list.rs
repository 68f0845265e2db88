//! GET …/groups.

use protocol::GroupName;

use crate::api::Api;
use crate::groups::GroupOut;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::QueryString;

/// List groups
///
/// In the order of their names. Who is in one is a list of its own.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/groups",
    tag = "groups",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), PageQuery),
    responses((status = 200, description = "A page of groups.", body = Page<GroupOut>)),
)]
pub async fn list_groups(
    access: TenantRead<Users>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<GroupOut>, Problem> {
    let list = ListOf {
        operation: "list_groups",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<GroupName>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = scope
        .list_groups(wanted.after.as_ref(), wanted.rows_to_read())
        .await?;
    scope.end().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |group| group.name.clone(),
            |group| GroupOut::new(&group),
        )
        .map(Listed)
}
