//! GET …/groups/{id}.

use protocol::GroupName;

use crate::api::Api;
use crate::groups::{self, GroupOut};
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::Id;

/// Show a group
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/groups/{id}",
    tag = "groups",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The group's name.", example = "engineers"),
    ),
    responses((status = 200, description = "The group.", body = GroupOut)),
)]
pub async fn find_group(
    access: TenantRead<Users>,
    api: Api,
    Id(name): Id<GroupName>,
) -> Result<Found<GroupOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.find_group(&name).await?;
    scope.end().await?;
    let group = found.ok_or_else(|| groups::unknown(access.tenant.slug()))?;
    Ok(Found(GroupOut::new(&group)))
}
