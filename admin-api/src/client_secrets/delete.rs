//! DELETE …/clients/{id}/secrets/{secret_id}.

use authority::audit::EventType;
use protocol::{ClientId, CredentialId};

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::client_secrets::{self, SecretOut};
use crate::clients;
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Clients;
use crate::problem::Problem;
use crate::request::{Id, SubId};

/// Delete a client secret
///
/// It is refused from now on. The last good secret of a client that authenticates by one cannot be deleted: make
/// another first, or disable or delete the client.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/clients/{id}/secrets/{secret_id}",
    tag = "clients",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The client_id, percent-encoded.", example = "notes-web"),
        ("secret_id" = String, Path, description = "The secret's id."),
    ),
    responses(
        (status = 204, description = "Deleted."),
        (status = 409, description = "It is the last good one.", body = crate::problem::ProblemOut,
            content_type = "application/problem+json"),
    ),
)]
pub async fn delete_client_secret(
    access: TenantWrite<Clients>,
    api: Api,
    Id(client_id): Id<ClientId>,
    SubId(secret_id): SubId<CredentialId>,
) -> Result<Committed<Done>, Problem> {
    let now = api.now();
    let tenant = access.tenant.slug();
    let unknown = || Problem::not_found("secret", &client_secrets::list_path(tenant, &client_id));
    let mut scope = access.open(&api).await?;
    // Locked, so that two calls at once cannot delete the last two.
    let record = scope
        .find_client_for_update(&client_id)
        .await?
        .ok_or_else(|| clients::unknown(tenant))?;
    let secret = record
        .secrets
        .iter()
        .find(|secret| secret.credential_id == secret_id)
        .ok_or_else(unknown)?;
    let has_another =
        client_secrets::live(&record, now).any(|another| another.credential_id != secret_id);
    let is_needed = record.client.auth_method.is_secret() && client_secrets::is_live(secret, now);
    if is_needed && !has_another {
        let detail = "This is the client's only good secret, and without one it could not authenticate: make another \
            first (POST …/secrets), or disable or delete the client.";
        return Err(Problem::conflicting_state(detail));
    }
    if !scope
        .delete_client_secret(record.client.key, secret_id)
        .await?
    {
        return Err(unknown());
    }
    let target = audit::target("client_secret", &secret_id);
    let changes = Changes::deleted(&SecretOut::of(&client_id, secret));
    let event_type = EventType::ClientSecretDeleted;
    let recorded = scope.record(event_type, target, changes).await?;

    recorded.commit(Done).await
}
