//! DELETE …/clients/{id}.

use authority::audit::EventType;
use authority::grants::last_token_ends;
use protocol::ClientId;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::clients::{self, ClientOut};
use crate::operation::Done;
use crate::principal::TenantWrite;
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
    access: TenantWrite,
    api: Api,
    Id(client_id): Id<ClientId>,
) -> Result<Done, Problem> {
    let unknown = || clients::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let before = scope
        .find_client(&client_id)
        .await?
        .ok_or_else(unknown)?
        .client;
    let resources = clients::all_resources(&mut scope).await?;
    let deleted = scope.delete_client(before.key).await?.ok_or_else(unknown)?;
    let target = audit::target("client", &client_id);
    let changes = Changes::deleted(&ClientOut::new(&before, &resources));
    let event = audit::event(
        &api,
        &access.caller,
        EventType::ClientDeleted,
        target,
        changes,
    );
    scope.insert_audit_event(&event).await?;
    let now = api.now();
    scope
        .insert_ended_client(&deleted, now, last_token_ends(now))
        .await?;
    scope.commit().await?;
    Ok(Done)
}
