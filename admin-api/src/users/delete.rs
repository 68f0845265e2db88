//! DELETE …/users/{id}.

use authority::audit::EventType;
use protocol::UserId;
use store::RevokedReason;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::Done;
use crate::principal::TenantWrite;
use crate::problem::Problem;
use crate::request::Id;
use crate::users::{self, UserOut, sessions};

/// Delete a user
///
/// Their sessions, grants and tokens go with them. Their id is never given to another.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/users/{id}",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id."),
    ),
    responses((status = 204, description = "Deleted.")),
)]
pub async fn delete_user(
    access: TenantWrite,
    api: Api,
    Id(user_id): Id<UserId>,
) -> Result<Done, Problem> {
    let unknown = || users::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    // Locked, as everything that ends a user's sessions begins: who signs in meanwhile waits, and finds nobody.
    let before = scope.find_user_for_update(user_id).await?;
    let before = before.ok_or_else(unknown)?.user;
    // First, while the grants can still be named to the other replicas.
    sessions::end(&mut scope, user_id, RevokedReason::Operator, api.now()).await?;
    if !scope.delete_user(user_id).await? {
        return Err(unknown());
    }
    let target = audit::target("user", &user_id);
    let changes = Changes::deleted(&UserOut::new(&before));
    let event = audit::event(
        &api,
        &access.caller,
        EventType::UserDeleted,
        target,
        changes,
    );
    scope.insert_audit_event(&event).await?;
    scope.commit().await?;
    Ok(Done)
}
