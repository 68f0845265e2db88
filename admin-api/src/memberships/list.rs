//! GET /admin/v1/memberships.

use std::collections::HashMap;

use protocol::{MembershipId, UserId};
use serde::Deserialize;
use store::Membership;
use utoipa::IntoParams;

use crate::api::Api;
use crate::memberships::{self, MembershipOut};
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::PlatformRead;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::QueryString;
use crate::tenant_names;

/// The query of the list: a page, perhaps of one person's memberships.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MembershipQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
    /// The id of a user of the system tenant: only what they administer.
    user_id: Option<String>,
}

/// List memberships
///
/// Of the platform and of every tenant, in the order in which they were made.
#[utoipa::path(
    get,
    path = "/admin/v1/memberships",
    tag = "memberships",
    params(MembershipQuery),
    responses((status = 200, description = "A page of memberships.", body = Page<MembershipOut>)),
)]
pub async fn list_memberships(
    access: PlatformRead<AdminKeys>,
    api: Api,
    QueryString(query): QueryString<MembershipQuery>,
) -> Result<Listed<MembershipOut>, Problem> {
    let filter = query.user_id.unwrap_or_default();
    let list = ListOf {
        operation: "list_memberships",
        tenant: None,
        filter: &filter,
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let wanted = page.read::<MembershipId>(&api, list)?;
    let (after, limit) = (wanted.after, wanted.rows_to_read());
    let rows = if filter.is_empty() {
        let mut platform = access.read(&api).await?;
        let rows = platform.list_memberships(after, limit).await?;
        platform.end().await?;
        rows
    } else {
        let user_id = memberships::read_user_id(&filter)?;
        let system_tenant = memberships::system_tenant(&api).await?;
        let mut platform = access.read(&api).await?;
        let rows = platform.list_memberships_of_user(&system_tenant, user_id, after, limit);
        let rows = rows.await?;
        platform.end().await?;
        rows
    };
    let mut platform = access.read(&api).await?;
    let tenant_ids = rows.iter().filter_map(|membership| membership.tenant_id);
    let slugs = tenant_names::slugs_of(&mut platform, tenant_ids).await?;
    platform.end().await?;
    let usernames = usernames_of(&api, &rows).await?;
    let show = |membership: Membership| {
        let slug = membership.tenant_id.and_then(|id| slugs.get(&id));
        let username = usernames.get(&membership.membership_id).cloned().flatten();
        MembershipOut::new(&membership, username, slug)
    };
    wanted
        .page(&api, list, rows, |it| it.membership_id, show)
        .map(Listed)
}

/// From memory, but for the first page after a change of somebody of the system tenant.
pub(crate) async fn usernames_of(
    api: &Api,
    rows: &[Membership],
) -> Result<HashMap<MembershipId, Option<String>>, Problem> {
    let mut known: HashMap<UserId, Option<String>> = HashMap::new();
    let mut usernames = HashMap::new();
    for membership in rows {
        let username = if let Some(username) = known.get(&membership.user_id) {
            username.clone()
        } else {
            let username = memberships::username(api, membership.user_id).await?;
            known.insert(membership.user_id, username.clone());
            username
        };
        usernames.insert(membership.membership_id, username);
    }
    Ok(usernames)
}
