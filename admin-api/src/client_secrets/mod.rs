//! Secrets of confidential clients. Two may be good at once, so that one can be exchanged for the other
//! while the client goes on; each until its own end.

pub mod create;
pub mod delete;
pub mod list;

use protocol::{ClientId, CredentialId, Slug, Timestamp};
use serde::Serialize;
use store::{ClientRecord, ClientSecret};
use utoipa::ToSchema;

use crate::wire;

/// A client's secret as it is listed: never the secret itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientSecret)]
pub struct SecretOut {
    pub id: String,
    #[schema(example = "notes-web")]
    pub client_id: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// From then on it is refused; null: good until it is deleted.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

impl SecretOut {
    pub fn new(
        client_id: &ClientId,
        credential_id: CredentialId,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Self {
        Self {
            id: credential_id.to_string(),
            client_id: client_id.to_string(),
            created_at: wire::time(created_at),
            expires_at: expires_at.map(wire::time),
        }
    }

    pub fn of(client_id: &ClientId, secret: &ClientSecret) -> Self {
        Self::new(
            client_id,
            secret.credential_id,
            secret.created_at,
            secret.expires_at,
        )
    }
}

/// Those that are good now.
pub fn live(record: &ClientRecord, now: Timestamp) -> impl Iterator<Item = &ClientSecret> {
    record
        .secrets
        .iter()
        .filter(move |secret| is_live(secret, now))
}

fn is_live(secret: &ClientSecret, now: Timestamp) -> bool {
    secret.expires_at.is_none_or(|end| now < end)
}

/// The list of one client's secrets.
fn list_path(tenant: &Slug, client_id: &ClientId) -> String {
    format!("/admin/v1/tenants/{tenant}/clients/{client_id}/secrets")
}
