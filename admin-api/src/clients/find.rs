//! GET …/clients/{id}.

use protocol::ClientId;

use crate::api::Api;
use crate::clients::{self, ClientOut};
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Clients;
use crate::problem::Problem;
use crate::request::Id;

/// Show a client
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/clients/{id}",
    tag = "clients",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The client_id, percent-encoded.", example = "notes-desktop"),
    ),
    responses((status = 200, description = "The client.", body = ClientOut)),
)]
pub async fn find_client(
    access: TenantRead<Clients>,
    api: Api,
    Id(client_id): Id<ClientId>,
) -> Result<Found<ClientOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.find_client(&client_id).await?;
    let record = found.ok_or_else(|| clients::unknown(access.tenant.slug()))?;
    let resources = clients::all_resources(&mut scope).await?;
    let client = clients::show(&mut scope, &record.client, &resources).await?;
    scope.end().await?;
    Ok(Found(client))
}
