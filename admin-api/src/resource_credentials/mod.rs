//! What a resource server introspects with: an id and a secret that learn about the tokens of one
//! resource, and of no other (RFC 7662 §2.1, §4). Several may stand side by side, to exchange them.

pub mod create;
pub mod delete;
pub mod list;

use protocol::{ClientId, CredentialId, ResourceId, Slug, Timestamp};
use serde::Serialize;
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
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl CredentialOut {
    pub fn new(
        credential_id: CredentialId,
        resource_id: ResourceId,
        client_id: &ClientId,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id: credential_id.to_string(),
            resource_id: resource_id.to_string(),
            client_id: client_id.to_string(),
            created_at: wire::time(created_at),
        }
    }
}

/// The list of one resource's credentials.
pub fn list_path(tenant: &Slug, resource_id: ResourceId) -> String {
    format!("/admin/v1/tenants/{tenant}/resources/{resource_id}/credentials")
}
