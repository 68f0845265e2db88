//! GET …/users/{id}.

use protocol::UserId;

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::Id;
use crate::users::{self, UserOut};

/// Show a user
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/users/{id}",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id: `sub` of their tokens."),
    ),
    responses((status = 200, description = "The user.", body = UserOut)),
)]
pub async fn find_user(
    access: TenantRead<Users>,
    api: Api,
    Id(user_id): Id<UserId>,
) -> Result<Found<UserOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.find_user(user_id).await?;
    scope.end().await?;
    let record = found.ok_or_else(|| users::unknown(access.tenant.slug()))?;
    Ok(Found(UserOut::new(&record.user)))
}
