//! DELETE …/groups/{id}.

use authority::audit::EventType;
use protocol::GroupName;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::groups::{self, GroupOut};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::Id;

/// Delete a group
///
/// Nobody is in it any more, which policies see within a second. A group that is made with the same name later
/// begins empty, and policies that name it mean it.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/groups/{id}",
    tag = "groups",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The group's name.", example = "engineers"),
    ),
    responses((status = 204, description = "Deleted.")),
)]
pub async fn delete_group(
    access: TenantWrite<Users>,
    api: Api,
    Id(name): Id<GroupName>,
) -> Result<Committed<Done>, Problem> {
    let unknown = || groups::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let before = scope.find_group_for_update(&name).await?;
    let before = before.ok_or_else(unknown)?;
    if !scope.delete_group(&name).await? {
        return Err(unknown());
    }
    let changes = Changes::deleted(&GroupOut::new(&before));
    let target = audit::target("group", &name);
    let recorded = scope
        .record(EventType::GroupDeleted, target, changes)
        .await?;
    recorded.commit(Done).await
}
