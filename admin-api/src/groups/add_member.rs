//! POST …/groups/{id}/members.

use authority::audit::EventType;
use protocol::user::MAX_GROUPS_OF_A_USER;
use protocol::{GroupName, UserId};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::groups;
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::{Body, Id};
use crate::users::UserOut;

/// Who shall be in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGroupMember, example = json!({"user_id": "01926f7e-8a3c-7c51-9d1e-4f6b2a0c7d11"}))]
pub struct NewMemberBody {
    /// The user's id.
    user_id: String,
}

/// Put a user into a group
///
/// Policies see it within a second, on every replica. Somebody who is in it stays in it. A user is in 200 groups at
/// most.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/groups/{id}/members",
    tag = "groups",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The group's name.", example = "engineers"),
    ),
    request_body = NewMemberBody,
    responses((status = 201, description = "The user, who is in it now.", body = UserOut)),
)]
pub async fn add_group_member(
    access: TenantWrite<Users>,
    api: Api,
    Id(name): Id<GroupName>,
    Body(body): Body<NewMemberBody>,
) -> Result<Committed<Created<UserOut>>, Problem> {
    let slug = access.tenant.slug();
    let no_user = || {
        let detail = format!("No user has this id; GET /admin/v1/tenants/{slug}/users lists them.");
        Problem::invalid_field("user_id", detail)
    };
    let user_id: UserId = body.user_id.parse().map_err(|_| no_user())?;
    let mut scope = access.open(&api).await?;
    let found = scope.find_group_for_update(&name).await?;
    found.ok_or_else(|| groups::unknown(slug))?;
    let before = scope.find_user_for_update(user_id).await?;
    let before = before.ok_or_else(no_user)?.user;
    let location = format!("/admin/v1/tenants/{slug}/groups/{name}/members/{user_id}");
    if before.groups.contains(&name) {
        let thing = UserOut::new(&before);
        let shown = json!(thing);
        return scope.leave(&shown, Created { location, thing }).await;
    }
    if before.groups.len() >= MAX_GROUPS_OF_A_USER {
        let detail = format!("A user is in {MAX_GROUPS_OF_A_USER} groups at most.");
        return Err(Problem::conflict("user_id", detail));
    }
    scope.insert_group_member(&name, user_id, api.now()).await?;
    let after = scope.find_user(user_id).await?.ok_or_else(no_user)?.user;
    let thing = UserOut::new(&after);
    let changes = Changes::created(&json!({ "group": name, "user_id": user_id }));
    let recorded = scope
        .record(
            EventType::GroupMemberAdded,
            audit::target("user", &user_id),
            changes,
        )
        .await?;
    recorded.commit(Created { location, thing }).await
}
