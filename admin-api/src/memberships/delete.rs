//! DELETE /admin/v1/memberships/{id}.

use authority::audit::EventType;
use protocol::MembershipId;
use store::Tenant;

use crate::api::Api;
use crate::memberships::{self, MembershipOut};
use crate::operation::{Committed, Done};
use crate::principal::PlatformWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Id;
use crate::tenant_names;

/// Take a membership away
///
/// The person's next call is refused, on every replica; whoever they are elsewhere stays.
#[utoipa::path(
    delete,
    path = "/admin/v1/memberships/{id}",
    tag = "memberships",
    params(("id" = String, Path, description = "The membership's id.")),
    responses((status = 204, description = "Taken away.")),
)]
pub async fn delete_membership(
    access: PlatformWrite<AdminKeys>,
    api: Api,
    Id(membership_id): Id<MembershipId>,
) -> Result<Committed<Done>, Problem> {
    let unknown = || memberships::unknown(None);
    let mut reading = access.read(&api).await?;
    let found = reading.find_membership(membership_id).await?;
    reading.end().await?;
    let membership = found.ok_or_else(unknown)?;
    let username = memberships::username(&api, membership.user_id).await?;
    let mut platform = access.open(&api).await?;
    if !platform.delete_membership(membership_id).await? {
        return Err(unknown());
    }
    let tenant = tenant_names::of_row(&mut platform, membership.tenant_id).await?;
    let before = MembershipOut::new(&membership, username, tenant.as_ref().map(Tenant::slug));
    let recorded = platform
        .record_about(
            tenant.as_ref(),
            EventType::MembershipDeleted,
            memberships::target(&membership),
            memberships::taken_away(&before),
        )
        .await?;
    recorded.commit(Done).await
}
