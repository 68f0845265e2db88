//! GET …/clients/{id}/secrets.

use protocol::{ClientId, CredentialId};
use store::ClientSecret;

use crate::api::Api;
use crate::client_secrets::SecretOut;
use crate::clients;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Clients;
use crate::problem::Problem;
use crate::request::{Id, QueryString};

/// List a client's secrets
///
/// In the order in which they were made. One that ended is listed until the next is made. The secrets themselves are
/// not shown.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/clients/{id}/secrets",
    tag = "clients",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The client_id, percent-encoded.", example = "notes-web"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of secrets.", body = Page<SecretOut>)),
)]
pub async fn list_client_secrets(
    access: TenantRead<Clients>,
    api: Api,
    Id(client_id): Id<ClientId>,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<SecretOut>, Problem> {
    let list = ListOf {
        operation: "list_client_secrets",
        tenant: Some(access.tenant.id()),
        filter: client_id.as_str(),
    };
    let wanted = query.read::<CredentialId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let found = scope.find_client(&client_id).await?;
    scope.end().await?;
    let record = found.ok_or_else(|| clients::unknown(access.tenant.slug()))?;
    // All of them came with their client: there are few.
    let rows: Vec<ClientSecret> = record
        .secrets
        .into_iter()
        .filter(|secret| {
            wanted
                .after
                .is_none_or(|after| secret.credential_id > after)
        })
        .collect();
    let show = |secret: ClientSecret| SecretOut::of(&client_id, &secret);
    wanted
        .page(&api, list, rows, |secret| secret.credential_id, show)
        .map(Listed)
}
