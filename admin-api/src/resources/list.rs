//! GET …/resources.

use protocol::ResourceId;

use crate::api::Api;
use crate::operation::Found;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::problem::Problem;
use crate::request::QueryString;
use crate::resources::ResourceOut;

/// List resources
///
/// In the order in which they were made.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/resources",
    tag = "resources",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), PageQuery),
    responses((status = 200, description = "A page of resources.", body = Page<ResourceOut>)),
)]
pub async fn list_resources(
    access: TenantRead,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Found<Page<ResourceOut>>, Problem> {
    let list = ListOf {
        operation: "list_resources",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<ResourceId>(&api, list)?;
    let mut scope = api.database().tenant(&access.tenant).await?;
    let rows = scope
        .list_resources(wanted.after, wanted.rows_to_read())
        .await?;
    scope.commit().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |row| row.resource.resource_id,
            |row| ResourceOut::of(access.tenant.issuer(), &row),
        )
        .map(Found)
}
