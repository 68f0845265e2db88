//! GET …/resources.

use protocol::ResourceId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::request::QueryString;
use crate::resources::ResourceOut;

/// A page, and which resources.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ResourceQuery {
    /// The one that has this identifier or alias, however it is spelled.
    #[param(example = "https://notes.example.com/mcp")]
    identifier: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
}

/// List resources
///
/// In the order in which they were made.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/resources",
    tag = "resources",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), ResourceQuery),
    responses((status = 200, description = "A page of resources.", body = Page<ResourceOut>)),
)]
pub async fn list_resources(
    access: TenantRead<Resources>,
    api: Api,
    QueryString(query): QueryString<ResourceQuery>,
) -> Result<Listed<ResourceOut>, Problem> {
    let list = ListOf {
        operation: "list_resources",
        tenant: Some(access.tenant.id()),
        filter: query.identifier.as_deref().unwrap_or_default(),
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let wanted = page.read::<ResourceId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = if let Some(identifier) = &query.identifier {
        let found = scope.find_resource_by_identifier(identifier).await?;
        found.into_iter().collect()
    } else {
        let listed = scope.list_resources(wanted.after, wanted.rows_to_read());
        listed.await?
    };
    scope.end().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |row| row.resource.resource_id,
            |row| ResourceOut::of(access.tenant.issuer(), &row),
        )
        .map(Listed)
}
