//! GET …/clients.

use protocol::ClientKey;

use crate::api::Api;
use crate::clients::{self, ClientOut};
use crate::operation::Found;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::problem::Problem;
use crate::request::QueryString;

/// List clients
///
/// In the order in which they were made, self-registered and disabled ones too.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/clients",
    tag = "clients",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), PageQuery),
    responses((status = 200, description = "A page of clients.", body = Page<ClientOut>)),
)]
pub async fn list_clients(
    access: TenantRead,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Found<Page<ClientOut>>, Problem> {
    let list = ListOf {
        operation: "list_clients",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<ClientKey>(&api, list)?;
    let mut scope = api.database().tenant(&access.tenant).await?;
    let resources = clients::all_resources(&mut scope).await?;
    let rows = scope
        .list_clients(wanted.after, wanted.rows_to_read())
        .await?;
    scope.commit().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |row| row.client.key,
            |row| ClientOut::new(&row.client, &resources),
        )
        .map(Found)
}
