//! GET …/users/{id}/sessions.

use protocol::{SessionId, UserId};

use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::{Id, QueryString};
use crate::user_sessions::SessionOut;
use crate::users;

/// List a user's sessions
///
/// The browsers in which they are signed in, in the order in which these sessions began.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/users/{id}/sessions",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id."),
        PageQuery,
    ),
    responses((status = 200, description = "A page of sessions.", body = Page<SessionOut>)),
)]
pub async fn list_user_sessions(
    access: TenantRead<Users>,
    api: Api,
    Id(user_id): Id<UserId>,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<SessionOut>, Problem> {
    let filter = user_id.to_string();
    let list = ListOf {
        operation: "list_user_sessions",
        tenant: Some(access.tenant.id()),
        filter: &filter,
    };
    let wanted = query.read::<SessionId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let found = scope.find_user(user_id).await?;
    found.ok_or_else(|| users::unknown(access.tenant.slug()))?;
    let rows = scope
        .list_browser_sessions_of_user(user_id, wanted.after, api.now(), wanted.rows_to_read())
        .await?;
    scope.end().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |session| session.session_id,
            |session| SessionOut::new(&session),
        )
        .map(Listed)
}
