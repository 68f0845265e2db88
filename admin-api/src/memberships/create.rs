//! POST /admin/v1/memberships.

use authority::audit::EventType;
use protocol::{AdminRole, MembershipId, Slug};
use serde::Deserialize;
use store::{NewMembership, PlatformScope, Tenant};
use utoipa::ToSchema;

use crate::admin_keys::require_within;
use crate::api::Api;
use crate::memberships::{self, MembershipOut, Role};
use crate::operation::{Committed, Created};
use crate::principal::PlatformWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::{FieldProblem, Problem};
use crate::request::Body;
use crate::tenant_admin_keys::refuse_system_tenant;

/// A membership to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMembership, example = json!({
    "user_id": "0199c2a4-5e0e-7d54-8d4a-3c1f6f0b7a13", "tenant": "acme", "role": "administrator",
}))]
pub struct NewMembershipBody {
    /// The id of a user of the system tenant.
    user_id: String,
    /// The slug of the tenant that they are to administer; absent: the platform, and with it every tenant.
    tenant: Option<String>,
    role: Role,
}

/// Make somebody an administrator or an auditor
///
/// Of the platform or of one tenant. Takes all the scopes that the role has.
#[utoipa::path(
    post,
    path = "/admin/v1/memberships",
    tag = "memberships",
    request_body = NewMembershipBody,
    responses((status = 201, description = "The membership.", body = MembershipOut)),
)]
pub async fn create_membership(
    access: PlatformWrite<AdminKeys>,
    api: Api,
    Body(body): Body<NewMembershipBody>,
) -> Result<Committed<Created<MembershipOut>>, Problem> {
    let user_id = memberships::read_user_id(&body.user_id)?;
    let role = AdminRole::from(body.role);
    require_within(&role.scopes(), &access.caller.on_platform)?;
    let system_tenant = memberships::system_tenant(&api).await?;
    let username = memberships::username(&api, user_id).await?;
    let mut platform = access.open(&api).await?;
    let tenant = find_tenant(&mut platform, body.tenant.as_deref()).await?;
    let now = api.now();
    let new = NewMembership {
        membership_id: MembershipId::generate(api.random(), now),
        system_tenant: Tenant::clone(&system_tenant),
        user_id,
        role,
    };
    platform
        .insert_membership(&new, tenant.as_ref(), now)
        .await
        .map_err(memberships::refused)?;
    let membership = new.as_of(tenant.as_ref().map(Tenant::id), now);
    let thing = MembershipOut::new(&membership, username, tenant.as_ref().map(Tenant::slug));
    let recorded = platform
        .record_about(
            tenant.as_ref(),
            EventType::MembershipCreated,
            memberships::target(&membership),
            memberships::given(&thing),
        )
        .await?;
    recorded
        .commit(Created {
            location: memberships::location(None, membership.membership_id),
            thing,
        })
        .await
}

async fn find_tenant(
    platform: &mut PlatformScope,
    slug: Option<&str>,
) -> Result<Option<Tenant>, Problem> {
    let Some(slug) = slug else { return Ok(None) };
    let found = match Slug::parse(slug) {
        Ok(slug) => platform.find_tenant_by_slug(&slug).await?,
        Err(_) => None,
    };
    if let Some(tenant) = &found {
        refuse_system_tenant(tenant)?;
        return Ok(found);
    }
    Err(Problem::invalid(vec![FieldProblem {
        field: "tenant".to_owned(),
        detail: "Not the slug of a tenant; GET /admin/v1/tenants lists them.".to_owned(),
    }]))
}
