//! GET …/tenants/{tenant}/memberships/{id}.

use protocol::MembershipId;

use crate::api::Api;
use crate::memberships::{self, MembershipOut};
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Id;

/// Show a membership of a tenant
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/memberships/{id}",
    tag = "memberships",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The membership's id."),
    ),
    responses((status = 200, description = "The membership.", body = MembershipOut)),
)]
pub async fn find_tenant_membership(
    access: TenantRead<AdminKeys>,
    api: Api,
    Id(membership_id): Id<MembershipId>,
) -> Result<Found<MembershipOut>, Problem> {
    let slug = Some(access.tenant.slug());
    let mut scope = access.read(&api).await?;
    let found = scope.find_membership(membership_id).await?;
    scope.end().await?;
    let membership = found.ok_or_else(|| memberships::unknown(slug))?;
    let username = memberships::username(&api, membership.user_id).await?;
    Ok(Found(MembershipOut::new(&membership, username, slug)))
}
