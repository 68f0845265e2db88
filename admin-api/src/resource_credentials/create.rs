//! POST …/resources/{id}/credentials.

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::{ClientId, CredentialId, ResourceId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::{NewResourceCredential, StoreError};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::clients::validation::chosen_secret;
use crate::operation::Created;
use crate::principal::TenantWrite;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::resource_credentials::{self, CredentialOut};
use crate::{resources, secret};

/// A credential to be made; `{}` makes both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewResourceCredential, example = json!({"client_id": "notes-server"}))]
pub struct NewCredentialBody {
    /// Chosen; absent: one is made.
    client_id: Option<String>,
    /// Chosen; absent: one is made.
    #[schema(value_type = Option<String>, write_only)]
    client_secret: Option<SecretString>,
}

/// A new credential, with its secret: the only time that it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedResourceCredential)]
pub struct CreatedCredential {
    #[serde(flatten)]
    credential: CredentialOut,
    #[schema(example = "writ_rs_…")]
    client_secret: String,
}

/// Create a credential for introspection
///
/// With it the resource server calls `{issuer}/introspect` and learns about tokens of this resource only.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/resources/{id}/credentials",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
    ),
    request_body = NewCredentialBody,
    responses((status = 201, description = "The credential.", body = CreatedCredential)),
)]
pub async fn create_resource_credential(
    access: TenantWrite,
    api: Api,
    Id(resource_id): Id<ResourceId>,
    Body(body): Body<NewCredentialBody>,
) -> Result<Created<CreatedCredential>, Problem> {
    let mut faults = Faults::default();
    let client_id = match &body.client_id {
        Some(chosen) => faults.take("client_id", ClientId::parse_chosen(chosen)),
        None => Some(ClientId::generate(api.random())),
    };
    if let Some(chosen) = &body.client_secret {
        chosen_secret(&mut faults, chosen);
    }
    faults.finish()?;
    let client_id = client_id.ok_or_else(|| Problem::internal("a fault was not named"))?;
    let (client_secret, secret) =
        secret::client_secret(&api, SecretKind::ResourceSecret, body.client_secret).await?;
    let now = api.now();
    let credential_id = CredentialId::generate(api.random(), now);
    let new = NewResourceCredential {
        credential_id,
        resource_id,
        client_id,
        secret,
    };
    let mut scope = api.database().tenant(&access.tenant).await?;
    let found = scope.find_resource(resource_id).await?;
    found.ok_or_else(|| resources::unknown(access.tenant.slug()))?;
    scope
        .insert_resource_credential(&new, now)
        .await
        .map_err(|error| taken(error, &new.client_id))?;
    let credential = CredentialOut::new(credential_id, resource_id, &new.client_id, now);
    let target = audit::target("resource_credential", &credential_id);
    let changes = Changes::created(&credential);
    let event = audit::event(
        &api,
        &access.caller,
        EventType::ResourceCredentialCreated,
        target,
        changes,
    );
    scope.insert_audit_event(&event).await?;
    scope.commit().await?;
    let list = resource_credentials::list_path(access.tenant.slug(), resource_id);
    Ok(Created {
        location: format!("{list}/{credential_id}"),
        thing: CreatedCredential {
            credential,
            client_secret,
        },
    })
}

fn taken(error: StoreError, client_id: &ClientId) -> Problem {
    Problem::from_conflict(error, |constraint| match constraint {
        "resource_credentials_client_id_is_unique" => Some((
            "client_id",
            format!("{client_id} is taken in this tenant; choose another."),
        )),
        _ => None,
    })
}
