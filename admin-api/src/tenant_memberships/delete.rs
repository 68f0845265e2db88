//! DELETE …/tenants/{tenant}/memberships/{id}.

use authority::audit::EventType;
use protocol::MembershipId;

use crate::api::Api;
use crate::memberships::{self, MembershipOut};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Id;

/// Take a membership of a tenant away
///
/// The person's next call for this tenant is refused, on every replica; whoever they are elsewhere stays.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/memberships/{id}",
    tag = "memberships",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The membership's id."),
    ),
    responses((status = 204, description = "Taken away.")),
)]
pub async fn delete_tenant_membership(
    access: TenantWrite<AdminKeys>,
    api: Api,
    Id(membership_id): Id<MembershipId>,
) -> Result<Committed<Done>, Problem> {
    let slug = Some(access.tenant.slug());
    let unknown = || memberships::unknown(slug);
    let mut reading = access.read(&api).await?;
    let found = reading.find_membership(membership_id).await?;
    reading.end().await?;
    let membership = found.ok_or_else(unknown)?;
    let username = memberships::username(&api, membership.user_id).await?;
    let mut scope = access.open(&api).await?;
    if !scope.delete_membership(membership_id).await? {
        return Err(unknown());
    }
    let before = MembershipOut::new(&membership, username, slug);
    let recorded = scope
        .record(
            EventType::MembershipDeleted,
            memberships::target(&membership),
            memberships::taken_away(&before),
        )
        .await?;
    recorded.commit(Done).await
}
