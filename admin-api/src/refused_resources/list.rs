//! GET …/refused-resources.

use protocol::RefusedIndicatorId;
use store::RefusedResourceIndicator;

use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::refused_resources::RefusedOut;
use crate::request::QueryString;

/// List refused resources
///
/// In the order in which they were refused first. A tenant keeps 100, 10 of one client; the one longest not asked for goes.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/refused-resources",
    tag = "resources",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), PageQuery),
    responses((status = 200, description = "A page of refused resources.", body = Page<RefusedOut>)),
)]
pub async fn list_refused_resources(
    access: TenantRead<Resources>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<RefusedOut>, Problem> {
    let list = ListOf {
        operation: "list_refused_resources",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<RefusedIndicatorId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = scope
        .list_refused_resource_indicators(wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    let show = |refused: RefusedResourceIndicator| RefusedOut::new(&refused);
    wanted
        .page(&api, list, rows, |refused| refused.indicator_id, show)
        .map(Listed)
}
