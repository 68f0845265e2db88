//! DELETE …/users/{id}.

use authority::audit::{EventType, erasure};
use protocol::{AdminObject, UserId};
use serde::Deserialize;
use store::RevokedReason;
use utoipa::IntoParams;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::{Id, QueryString};
use crate::users::{self, UserOut, sessions};

/// How far it goes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeletionQuery {
    /// `true`: what the audit says about them beside their id goes too, within minutes.
    #[serde(default)]
    #[param(default = false)]
    erase: bool,
}

/// Delete a user
///
/// Their sessions, consents, grants, memberships and tokens go with them. Their id is never given to another. Audit
/// events stay as they are, with names and addresses; `erase=true` takes the person's data out of them, which cannot
/// be undone and takes the scope `audit:write` besides.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/users/{id}",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id."),
        DeletionQuery,
    ),
    responses((status = 204, description = "Deleted.")),
)]
pub async fn delete_user(
    access: TenantWrite<Users>,
    api: Api,
    Id(user_id): Id<UserId>,
    QueryString(query): QueryString<DeletionQuery>,
) -> Result<Committed<Done>, Problem> {
    let unknown = || users::unknown(access.tenant.slug());
    if query.erase {
        access.caller.require_scope(AdminObject::Audit, true)?;
    }
    let mut scope = access.open(&api).await?;
    // Locked, as everything that ends a user's sessions begins: who signs in meanwhile waits, and finds nobody.
    let before = scope.find_user_for_update(user_id).await?;
    let before = before.ok_or_else(unknown)?.user;
    // First, while the grants can still be named to the other replicas.
    sessions::end(&mut scope, user_id, RevokedReason::Operator, api.now()).await?;
    if !scope.delete_user(user_id).await? {
        return Err(unknown());
    }
    if query.erase {
        erasure::request(&mut scope, user_id, api.now()).await?;
    }
    let target = audit::target("user", &user_id);
    let changes = Changes::deleted(&UserOut::new(&before)).noting("is_erased", query.erase);
    let recorded = scope
        .record(EventType::UserDeleted, target, changes)
        .await?;

    recorded.commit(Done).await
}
