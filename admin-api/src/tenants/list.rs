//! GET …/tenants.

use protocol::TenantId;
use store::Tenant;

use crate::api::Api;
use crate::operation::Found;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::PlatformRead;
use crate::problem::Problem;
use crate::request::QueryString;
use crate::tenants::TenantOut;

/// List tenants
///
/// In the order in which they were made, suspended ones too.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants",
    tag = "tenants",
    params(PageQuery),
    responses((status = 200, description = "A page of tenants.", body = Page<TenantOut>)),
)]
pub async fn list_tenants(
    _: PlatformRead,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Found<Page<TenantOut>>, Problem> {
    let list = ListOf {
        operation: "list_tenants",
        tenant: None,
        filter: "",
    };
    let wanted = query.read::<TenantId>(&api, list)?;
    let mut platform = api.database().platform().await?;
    let rows = platform
        .list_tenants(wanted.after, wanted.rows_to_read())
        .await?;
    platform.commit().await?;
    wanted
        .page(&api, list, rows, Tenant::id, |tenant| {
            TenantOut::new(&tenant)
        })
        .map(Found)
}
