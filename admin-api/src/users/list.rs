//! GET …/users.

use protocol::UserId;
use protocol::folding::fold;
use serde::Deserialize;
use store::{StoreError, TenantScope, User};
use utoipa::IntoParams;

use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::QueryString;
use crate::users::UserOut;

/// A page, and which users.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
    /// The one who signs in with this; case makes no difference.
    #[param(example = "alice")]
    username: Option<String>,
    /// Those with this address; case makes no difference.
    #[param(example = "alice@example.com")]
    email: Option<String>,
}

/// Folded, as rows are looked for.
struct Wished {
    username: Option<String>,
    email: Option<String>,
}

impl Wished {
    async fn list(
        &self,
        scope: &mut TenantScope,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        if let Some(username) = &self.username {
            let found = scope.find_user_by_username(username).await?;
            let found = found.map(|record| record.user);
            let is_it = |user: &User| {
                let email = user.email.as_deref().map(fold);
                after.is_none_or(|after| user.user_id > after)
                    && self
                        .email
                        .as_ref()
                        .is_none_or(|it| Some(it) == email.as_ref())
            };
            return Ok(found.into_iter().filter(is_it).collect());
        }
        match &self.email {
            Some(email) => scope.list_users_by_email(email, after, limit).await,
            None => scope.list_users(after, limit).await,
        }
    }
}

/// List users
///
/// In the order in which they were made, disabled ones too.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/users",
    tag = "users",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), UserQuery),
    responses((status = 200, description = "A page of users.", body = Page<UserOut>)),
)]
pub async fn list_users(
    access: TenantRead<Users>,
    api: Api,
    QueryString(query): QueryString<UserQuery>,
) -> Result<Listed<UserOut>, Problem> {
    let wished = Wished {
        username: query.username.as_deref().map(fold),
        email: query.email.as_deref().map(fold),
    };
    let filter = format!("{:?} {:?}", wished.username, wished.email);
    let list = ListOf {
        operation: "list_users",
        tenant: Some(access.tenant.id()),
        filter: &filter,
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let wanted = page.read::<UserId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = wished
        .list(&mut scope, wanted.after, wanted.rows_to_read())
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
