//! What a resource server introspects with: an id, and a secret or keys, that learn about the tokens of
//! one resource, and of no other (RFC 7662 §2.1, §4). Several may stand side by side, to exchange them.

pub mod create;
pub mod delete;
pub mod list;

use protocol::{ResourceId, Slug, Timestamp};
use serde::Serialize;
use serde_json::Value;
use store::{NewResourceCredential, ResourceCredential};
use utoipa::ToSchema;

use crate::wire;

/// A credential as it is shown; its secret is not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResourceCredential)]
pub struct CredentialOut {
    pub id: String,
    pub resource_id: String,
    /// What the resource server authenticates as.
    #[schema(example = "notes-server")]
    pub client_id: String,
    /// Its public keys, as they are kept; null: at `jwks_uri`, or it has a secret.
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Value>,
    pub jwks_uri: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl CredentialOut {
    pub fn of(credential: &ResourceCredential) -> Self {
        Self {
            id: credential.credential_id.to_string(),
            resource_id: credential.resource_id.to_string(),
            client_id: credential.client_id.to_string(),
            jwks: credential.keys.inline().cloned(),
            jwks_uri: credential.keys.uri().map(str::to_owned),
            created_at: wire::time(credential.created_at),
        }
    }

    pub fn of_new(new: &NewResourceCredential, now: Timestamp) -> Self {
        Self {
            id: new.credential_id.to_string(),
            resource_id: new.resource_id.to_string(),
            client_id: new.client_id.to_string(),
            jwks: new.keys.inline().cloned(),
            jwks_uri: new.keys.uri().map(str::to_owned),
            created_at: wire::time(now),
        }
    }
}

/// The list of one resource's credentials.
pub fn list_path(tenant: &Slug, resource_id: ResourceId) -> String {
    format!("/admin/v1/tenants/{tenant}/resources/{resource_id}/credentials")
}
