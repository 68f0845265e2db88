//! GET /admin/v1/memberships/{id}.

use protocol::MembershipId;

use crate::api::Api;
use crate::memberships::{self, MembershipOut};
use crate::operation::Found;
use crate::principal::PlatformRead;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Id;
use crate::tenant_names;

/// Show a membership
#[utoipa::path(
    get,
    path = "/admin/v1/memberships/{id}",
    tag = "memberships",
    params(("id" = String, Path, description = "The membership's id.")),
    responses((status = 200, description = "The membership.", body = MembershipOut)),
)]
pub async fn find_membership(
    access: PlatformRead<AdminKeys>,
    api: Api,
    Id(membership_id): Id<MembershipId>,
) -> Result<Found<MembershipOut>, Problem> {
    let mut platform = access.read(&api).await?;
    let found = platform.find_membership(membership_id).await?;
    let membership = found.ok_or_else(|| memberships::unknown(None))?;
    let slug = tenant_names::slug_of(&mut platform, membership.tenant_id).await?;
    platform.end().await?;
    let username = memberships::username(&api, membership.user_id).await?;
    Ok(Found(MembershipOut::new(
        &membership,
        username,
        slug.as_ref(),
    )))
}
