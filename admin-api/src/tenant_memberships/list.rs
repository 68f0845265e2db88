//! GET …/tenants/{tenant}/memberships.

use protocol::MembershipId;
use store::Membership;

use crate::api::Api;
use crate::memberships::MembershipOut;
use crate::memberships::list::usernames_of;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::QueryString;

/// List the memberships of a tenant
///
/// In the order in which they were made. Whoever is a member of the platform may manage this tenant as well, and is
/// not among them.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/memberships",
    tag = "memberships",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of memberships.", body = Page<MembershipOut>)),
)]
pub async fn list_tenant_memberships(
    access: TenantRead<AdminKeys>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<MembershipOut>, Problem> {
    let list = ListOf {
        operation: "list_tenant_memberships",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<MembershipId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = scope
        .list_memberships(wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    let usernames = usernames_of(&api, &rows).await?;
    let show = |membership: Membership| {
        let username = usernames.get(&membership.membership_id).cloned().flatten();
        MembershipOut::new(&membership, username, Some(access.tenant.slug()))
    };
    wanted
        .page(&api, list, rows, |it| it.membership_id, show)
        .map(Listed)
}
