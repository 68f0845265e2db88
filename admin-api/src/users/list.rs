//! GET …/users.

use protocol::UserId;

use crate::api::Api;
use crate::operation::Found;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::problem::Problem;
use crate::request::QueryString;
use crate::users::UserOut;

/// List users
///
/// In the order in which they were made, disabled ones too.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/users",
    tag = "users",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), PageQuery),
    responses((status = 200, description = "A page of users.", body = Page<UserOut>)),
)]
pub async fn list_users(
    access: TenantRead,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Found<Page<UserOut>>, Problem> {
    let list = ListOf {
        operation: "list_users",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<UserId>(&api, list)?;
    let mut scope = api.database().tenant(&access.tenant).await?;
    let rows = scope
        .list_users(wanted.after, wanted.rows_to_read())
        .await?;
    scope.commit().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |user| user.user_id,
            |user| UserOut::new(&user),
        )
        .map(Found)
}
