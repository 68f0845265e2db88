//! POST …/tenants/{tenant}/memberships.

use authority::audit::EventType;
use protocol::{AdminRole, MembershipId};
use serde::Deserialize;
use store::{NewMembership, Tenant};
use utoipa::ToSchema;

use crate::admin_keys::require_within;
use crate::api::Api;
use crate::memberships::{self, MembershipOut, Role};
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Body;
use crate::tenant_admin_keys::refuse_system_tenant;

/// A membership of a tenant to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTenantMembership, example = json!({
    "user_id": "0199c2a4-5e0e-7d54-8d4a-3c1f6f0b7a13", "role": "auditor",
}))]
pub struct NewTenantMembershipBody {
    /// The id of a user of the system tenant.
    user_id: String,
    role: Role,
}

/// Make somebody an administrator or an auditor of a tenant
///
/// Takes all the scopes that the role has.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/memberships",
    tag = "memberships",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = NewTenantMembershipBody,
    responses((status = 201, description = "The membership.", body = MembershipOut)),
)]
pub async fn create_tenant_membership(
    access: TenantWrite<AdminKeys>,
    api: Api,
    Body(body): Body<NewTenantMembershipBody>,
) -> Result<Committed<Created<MembershipOut>>, Problem> {
    refuse_system_tenant(&access.tenant)?;
    let user_id = memberships::read_user_id(&body.user_id)?;
    let role = AdminRole::from(body.role);
    require_within(&role.scopes(), &access.caller.scopes())?;
    let system_tenant = memberships::system_tenant(&api).await?;
    let username = memberships::username(&api, user_id).await?;
    let slug = Some(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let now = api.now();
    let new = NewMembership {
        membership_id: MembershipId::generate(api.random(), now),
        system_tenant: Tenant::clone(&system_tenant),
        user_id,
        role,
    };
    scope
        .insert_membership(&new, now)
        .await
        .map_err(memberships::refused)?;
    let membership = new.as_of(Some(access.tenant.id()), now);
    let thing = MembershipOut::new(&membership, username, slug);
    let target = memberships::target(&membership);
    let recorded = scope
        .record(
            EventType::MembershipCreated,
            target,
            memberships::given(&thing),
        )
        .await?;
    recorded
        .commit(Created {
            location: memberships::location(slug, membership.membership_id),
            thing,
        })
        .await
}
