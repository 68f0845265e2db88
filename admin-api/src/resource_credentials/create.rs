//! POST …/resources/{id}/credentials.

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::client::ClientKeys;
use protocol::{ClientId, CredentialId, ResourceId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{NewResourceCredential, StoreError};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::clients::validation::chosen_secret;
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Resources;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::resource_credentials::{self, CredentialOut};
use crate::text;
use crate::{key_sets, resources, secret};

/// A credential to be made; `{}` makes id and secret. With keys there is no secret: the resource server signs
/// assertions (`private_key_jwt`).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewResourceCredential, example = json!({"client_id": "notes-server"}))]
pub struct NewCredentialBody {
    /// Chosen; absent: one is made.
    #[schema(value_type = Option<text::ChosenId>)]
    client_id: Option<String>,
    /// Chosen; absent: one is made, unless there are keys.
    #[schema(value_type = Option<String>, write_only, min_length = 8, max_length = 255, pattern = "^[A-Za-z0-9._~-]+$")]
    client_secret: Option<SecretString>,
    /// Public keys of the resource server, as a JWK set (RFC 7517); or `jwks_uri`.
    #[schema(value_type = Option<Object>)]
    jwks: Option<Value>,
    /// Where its public keys are; https.
    #[schema(value_type = Option<text::HttpsUrl>)]
    jwks_uri: Option<String>,
}

/// A new credential, with its secret if it has one: the only time that it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedResourceCredential)]
pub struct CreatedCredential {
    #[serde(flatten)]
    credential: CredentialOut,
    /// Absent where it has keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "writ_rs_…")]
    client_secret: Option<String>,
}

impl NewCredentialBody {
    fn validate(&self, api: &Api) -> Result<(ClientId, ClientKeys), Problem> {
        let mut faults = Faults::default();
        let client_id = match &self.client_id {
            Some(chosen) => faults.take("client_id", ClientId::parse_chosen(chosen)),
            None => Some(ClientId::generate(api.random())),
        };
        if let Some(chosen) = &self.client_secret {
            chosen_secret(&mut faults, chosen);
        }
        let keys = if self.jwks.is_some() || self.jwks_uri.is_some() {
            if self.client_secret.is_some() {
                faults.add(
                    "client_secret",
                    "Send a secret or keys, not both: a credential is proven one way.",
                );
            }
            key_sets::required(&mut faults, self.jwks.as_ref(), self.jwks_uri.as_deref())
        } else {
            Some(ClientKeys::None)
        };
        faults.finish()?;
        client_id
            .zip(keys)
            .ok_or_else(|| Problem::internal("a fault was not named"))
    }
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
    access: TenantWrite<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
    Body(body): Body<NewCredentialBody>,
) -> Result<Committed<Created<CreatedCredential>>, Problem> {
    let (client_id, keys) = body.validate(&api)?;
    let (client_secret, secret) = if keys.is_none() {
        let kind = SecretKind::ResourceSecret;
        let (text, secret) = secret::client_secret(&api, kind, body.client_secret).await?;
        (Some(text), Some(secret))
    } else {
        (None, None)
    };
    let now = api.now();
    let credential_id = CredentialId::generate(api.random(), now);
    let new = NewResourceCredential {
        credential_id,
        resource_id,
        client_id,
        secret,
        keys,
    };
    let mut scope = access.open(&api).await?;
    let found = scope.find_resource(resource_id).await?;
    found.ok_or_else(|| resources::unknown(access.tenant.slug()))?;
    scope
        .insert_resource_credential(&new, now)
        .await
        .map_err(|error| taken(error, &new.client_id))?;
    let credential = CredentialOut::of_new(&new, now);
    let target = audit::target("resource_credential", &credential_id);
    let changes = Changes::created(&credential);
    let recorded = scope
        .record(EventType::ResourceCredentialCreated, target, changes)
        .await?;

    let list = resource_credentials::list_path(access.tenant.slug(), resource_id);
    recorded
        .commit(Created {
            location: format!("{list}/{credential_id}"),
            thing: CreatedCredential {
                credential,
                client_secret,
            },
        })
        .await
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
