//! GET …/grants.

use protocol::GrantId;

use crate::api::Api;
use crate::grants::GrantOut;
use crate::names::Names;
use crate::operation::Found;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::problem::Problem;
use crate::request::QueryString;

/// List grants
///
/// In the order in which they were made, revoked ones too while they are kept.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/grants",
    tag = "grants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), PageQuery),
    responses((status = 200, description = "A page of grants.", body = Page<GrantOut>)),
)]
pub async fn list_grants(
    access: TenantRead,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Found<Page<GrantOut>>, Problem> {
    let list = ListOf {
        operation: "list_grants",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<GrantId>(&api, list)?;
    let mut scope = api.database().tenant(&access.tenant).await?;
    let rows = scope
        .list_grants(wanted.after, wanted.rows_to_read())
        .await?;
    let names = Names::of(&mut scope, rows.iter().map(|grant| grant.client_key)).await?;
    scope.commit().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |grant| grant.grant_id,
            |grant| GrantOut::new(&grant, &names),
        )
        .map(Found)
}
