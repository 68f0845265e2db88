//! GET …/groups/{id}/members.

use protocol::{GroupName, UserId};

use crate::api::Api;
use crate::groups;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::{Id, QueryString};
use crate::users::UserOut;

/// List the people in a group
///
/// In the order in which they were made, disabled ones too.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/groups/{id}/members",
    tag = "groups",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The group's name.", example = "engineers"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of users.", body = Page<UserOut>)),
)]
pub async fn list_group_members(
    access: TenantRead<Users>,
    api: Api,
    Id(name): Id<GroupName>,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<UserOut>, Problem> {
    let list = ListOf {
        operation: "list_group_members",
        tenant: Some(access.tenant.id()),
        filter: name.as_str(),
    };
    let wanted = query.read::<UserId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let found = scope.find_group(&name).await?;
    found.ok_or_else(|| groups::unknown(access.tenant.slug()))?;
    let rows = scope
        .list_users_of_group(&name, wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |user| user.user_id,
            |user| UserOut::new(&user),
        )
        .map(Listed)
}
