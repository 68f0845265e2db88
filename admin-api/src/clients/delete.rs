//! DELETE …/clients/{id}.

use authority::audit::EventType;
use authority::grants::last_token_ends;
use protocol::ClientId;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::clients;
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Clients;
use crate::problem::Problem;
use crate::request::Id;

/// Delete a client
///
/// Its grants and tokens go with it. An application that registered itself will register again; to keep it
/// out, disable it instead.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/clients/{id}",
    tag = "clients",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The client_id, percent-encoded.", example = "notes-desktop"),
    ),
    responses((status = 204, description = "Deleted.")),
)]
pub async fn delete_client(
    access: TenantWrite<Clients>,
    api: Api,
    Id(client_id): Id<ClientId>,
) -> Result<Committed<Done>, Problem> {
    let unknown = || clients::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let before = scope
        .find_client(&client_id)
        .await?
        .ok_or_else(unknown)?
        .client;
    let resources = clients::all_resources(&mut scope).await?;
    let shown = clients::show(&mut scope, &before, &resources).await?;
    let deleted = scope.delete_client(before.key).await?.ok_or_else(unknown)?;
    let target = audit::target("client", &client_id);
    let changes = Changes::deleted(&shown);
    let mut recorded = scope
        .record(EventType::ClientDeleted, target, changes)
        .await?;
    let now = api.now();
    recorded
        .insert_ended_client(&deleted, now, last_token_ends(now))
        .await?;

    recorded.commit(Done).await
}
