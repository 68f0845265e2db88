//! Grants: what a person allowed a client, and what all of its tokens descend from.

pub mod find;
pub mod list;
pub mod revoke;
pub mod timeline;

use protocol::Slug;
use serde::Serialize;
use store::Grant;
use utoipa::ToSchema;

use crate::names::Names;
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
        let resources = grant.resource_ids.iter().copied();
        Self {
            id: grant.grant_id.to_string(),
            user_id: grant.user_id.to_string(),
            client_id: names.client_id(grant.client_key),
            scope: grant.scopes.to_string(),
            resources: resources.map(|id| names.resource(id)).collect(),
            authenticated_at: wire::time(grant.authenticated_at),
            created_at: wire::time(grant.created_at),
            revoked_at: grant.revoked_at.map(wire::time),
        }
    }
}

pub fn unknown(tenant: &Slug) -> Problem {
    Problem::not_found("grant", &format!("/admin/v1/tenants/{tenant}/grants"))
}
