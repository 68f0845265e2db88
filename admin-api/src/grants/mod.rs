//! Grants: what a person allowed a client, and what all of its tokens descend from.

pub mod find;
pub mod list;
pub mod revoke;
pub mod timeline;

use std::collections::HashMap;

use protocol::resource::Resources;
use protocol::{ClientId, ClientKey, Slug};
use serde::Serialize;
use store::{Grant, StoreError, TenantScope};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::wire;

/// A grant as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub struct GrantOut {
    pub id: String,
    /// Who allowed it.
    pub user_id: String,
    /// To whom.
    #[schema(example = "notes-desktop")]
    pub client_id: Option<String>,
    #[schema(example = "notes:read")]
    pub scope: String,
    /// Identifiers of the resources; ids of those that were deleted since.
    pub resources: Vec<String>,
    /// When the person signed in for it.
    #[schema(format = DateTime)]
    pub authenticated_at: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
}

impl GrantOut {
    pub fn new(grant: &Grant, names: &Names) -> Self {
        let identifier = |resource_id| {
            let found = names.resources.find(resource_id);
            found.map_or_else(
                || resource_id.to_string(),
                |resource| resource.identifier().to_owned(),
            )
        };
        Self {
            id: grant.grant_id.to_string(),
            user_id: grant.user_id.to_string(),
            client_id: names
                .clients
                .get(&grant.client_key)
                .map(ToString::to_string),
            scope: grant.scopes.to_string(),
            resources: grant.resource_ids.iter().copied().map(identifier).collect(),
            authenticated_at: wire::time(grant.authenticated_at),
            created_at: wire::time(grant.created_at),
            revoked_at: grant.revoked_at.map(wire::time),
        }
    }
}

/// What ids are called.
pub struct Names {
    resources: Resources,
    clients: HashMap<ClientKey, ClientId>,
}

impl Names {
    /// One look-up for each client among the grants.
    pub async fn of(scope: &mut TenantScope, grants: &[Grant]) -> Result<Self, StoreError> {
        let resources = crate::clients::all_resources(scope).await?;
        let mut clients = HashMap::new();
        for grant in grants {
            if clients.contains_key(&grant.client_key) {
                continue;
            }
            if let Some(record) = scope.find_client_by_key(grant.client_key).await? {
                clients.insert(grant.client_key, record.client.client_id);
            }
        }
        Ok(Self { resources, clients })
    }
}

pub fn unknown(tenant: &Slug) -> Problem {
    Problem::not_found("grant", &format!("/admin/v1/tenants/{tenant}/grants"))
}
