//! POST …/clients/{id}/secrets: the second secret, and when the first one ends.

use std::time::Duration;

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::{ClientId, CredentialId, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::{ClientRecord, NewClientSecret, StoreError, TenantScope};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::client_secrets::{self, SecretOut};
use crate::clients::validation::chosen_secret;
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Clients;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::{clients, secret, wire};

/// A secret to be made; `{}` makes one that is good until it is deleted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewClientSecret, example = json!({"old_secrets_expire_in": 86_400}))]
pub struct NewSecretBody {
    /// Chosen; absent: one is made.
    #[schema(value_type = Option<String>, write_only, min_length = 8, max_length = 255, pattern = "^[A-Za-z0-9._~-]+$")]
    client_secret: Option<SecretString>,
    /// From then on it is refused; absent: good until it is deleted.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Seconds for which the secrets there are stay good; 0 ends them at once, absent leaves them as they are.
    /// An end that comes sooner stays.
    #[schema(minimum = 0, maximum = 31_536_000)]
    old_secrets_expire_in: Option<u64>,
}

/// A new secret, with the secret itself: the only time that it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedClientSecret)]
pub struct CreatedSecret {
    #[serde(flatten)]
    secret: SecretOut,
    #[schema(example = "writ_cs_…")]
    client_secret: String,
}

struct Ends {
    expires_at: Option<Timestamp>,
    overlap: Option<Duration>,
}

impl NewSecretBody {
    fn validate(&self, now: Timestamp) -> Result<Ends, Problem> {
        let mut faults = Faults::default();
        if let Some(chosen) = &self.client_secret {
            chosen_secret(&mut faults, chosen);
        }
        let expires_at = self
            .expires_at
            .as_ref()
            .and_then(|text| wire::end(&mut faults, "expires_at", text, now));
        let overlap = self.old_secrets_expire_in.map(|seconds| {
            let field = "old_secrets_expire_in";
            wire::lifetime(&mut faults, field, seconds, &wire::SECRET_OVERLAP)
        });
        faults.finish()?;
        Ok(Ends {
            expires_at,
            overlap,
        })
    }
}

/// Create a client secret
///
/// The old secrets stay good beside it, as long as `old_secrets_expire_in` says, so that the client can be moved
/// to the new one without a gap. At most two are good at once; those that ended are removed.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/clients/{id}/secrets",
    tag = "clients",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The client_id, percent-encoded.", example = "notes-web"),
    ),
    request_body = NewSecretBody,
    responses((status = 201, description = "The secret.", body = CreatedSecret)),
)]
pub async fn create_client_secret(
    access: TenantWrite<Clients>,
    api: Api,
    Id(client_id): Id<ClientId>,
    Body(body): Body<NewSecretBody>,
) -> Result<Committed<Created<CreatedSecret>>, Problem> {
    let now = api.now();
    let unknown = || clients::unknown(access.tenant.slug());
    let ends = body.validate(now)?;
    let mut scope = access.read(&api).await?;
    let found = scope.find_client(&client_id).await?;
    scope.end().await?;
    refuse_public(&found.ok_or_else(unknown)?)?;
    // Hashed outside of a transaction: it takes a while.
    let kind = SecretKind::ClientSecret;
    let (client_secret, stored) = secret::client_secret(&api, kind, body.client_secret).await?;
    let new = NewClientSecret {
        credential_id: CredentialId::generate(api.random(), now),
        secret: stored,
        expires_at: ends.expires_at,
    };
    let mut scope = access.open(&api).await?;
    // Locked, so that two calls at once cannot make three good secrets.
    let record = scope
        .find_client_for_update(&client_id)
        .await?
        .ok_or_else(unknown)?;
    refuse_public(&record)?;
    let old_end = ends.overlap.map(|overlap| now + overlap);
    if let Some(end) = old_end {
        end_old_secrets(&mut scope, &record, end, now).await?;
    }
    let key = record.client.key;
    if !scope.insert_client_secret(key, &new, now).await? {
        return Err(too_many());
    }
    let shown = SecretOut::new(&client_id, new.credential_id, now, new.expires_at);
    let target = audit::target("client_secret", &new.credential_id);
    let mut changes = Changes::created(&shown);
    if let Some(end) = old_end {
        changes = changes.noting("old_secrets_expire_at", wire::time(end));
    }
    let event_type = EventType::ClientSecretCreated;
    let recorded = scope.record(event_type, target, changes).await?;

    let list = client_secrets::list_path(access.tenant.slug(), &client_id);
    recorded
        .commit(Created {
            location: format!("{list}/{}", new.credential_id),
            thing: CreatedSecret {
                secret: shown,
                client_secret,
            },
        })
        .await
}

fn refuse_public(record: &ClientRecord) -> Result<(), Problem> {
    if record.client.is_confidential() {
        return Ok(());
    }
    Err(Problem::conflicting_state(
        "This client is public: its token_endpoint_auth_method is none, so nobody would ask for the secret. \
         Make another client, with client_secret_basic.",
    ))
}

/// Gives the secrets there are an end, where that was asked; one that comes sooner stays.
async fn end_old_secrets(
    scope: &mut TenantScope,
    record: &ClientRecord,
    end: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    for secret in client_secrets::live(record, now) {
        if secret.expires_at.is_none_or(|expires_at| end < expires_at) {
            let (key, id) = (record.client.key, secret.credential_id);
            scope.set_client_secret_expiry(key, id, end, now).await?;
        }
    }
    Ok(())
}

fn too_many() -> Problem {
    Problem::conflicting_state(
        "Two secrets of this client are good now, and no more may be: delete the one that is no longer used \
         (DELETE …/secrets/{secret_id}), or send \"old_secrets_expire_in\": 0, which ends both at once.",
    )
}
