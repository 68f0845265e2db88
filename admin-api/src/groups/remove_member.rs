//! DELETE …/groups/{id}/members/{user_id}.

use authority::audit::EventType;
use protocol::{GroupName, UserId};
use serde_json::json;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::groups;
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::{Id, SubId};
use crate::users;

/// Take a user out of a group
///
/// Policies see it within a second, on every replica.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/groups/{id}/members/{user_id}",
    tag = "groups",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The group's name.", example = "engineers"),
        ("user_id" = String, Path, description = "The user's id."),
    ),
    responses((status = 204, description = "They are not in it, now or before.")),
)]
pub async fn remove_group_member(
    access: TenantWrite<Users>,
    api: Api,
    Id(name): Id<GroupName>,
    SubId(user_id): SubId<UserId>,
) -> Result<Committed<Done>, Problem> {
    let slug = access.tenant.slug();
    let mut scope = access.open(&api).await?;
    let found = scope.find_group_for_update(&name).await?;
    found.ok_or_else(|| groups::unknown(slug))?;
    let user = scope.find_user_for_update(user_id).await?;
    user.ok_or_else(|| users::unknown(slug))?;
    let membership = json!({ "group": name, "user_id": user_id });
    if !scope.delete_group_member(&name, user_id).await? {
        return scope.leave(&membership, Done).await;
    }
    let recorded = scope
        .record(
            EventType::GroupMemberRemoved,
            audit::target("user", &user_id),
            Changes::deleted(&membership),
        )
        .await?;
    recorded.commit(Done).await
}
