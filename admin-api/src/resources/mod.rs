//! Resources: the protected MCP servers of a tenant, and the audience that their tokens carry.
//!
//! Identifier, aliases and audience are unique within a tenant, so that a token is for one resource.

pub mod create;
pub mod delete;
pub mod find;
pub mod list;
pub mod metadata;
pub mod snippets;
pub mod update;
pub(crate) mod validation;

use protocol::resource::metadata::published_url;
use protocol::resource::{Resource, ResourceScope};
use protocol::{Issuer, Slug, Timestamp};
use serde::{Deserialize, Serialize};
use store::{ResourceRecord, StoreError};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::text;
use crate::wire;

/// A scope of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResourceScope)]
pub struct ScopeBody {
    #[schema(value_type = text::ScopeName, example = "notes:read")]
    pub name: String,
    /// What a person reads when asked to allow it.
    #[schema(value_type = text::Sentence, example = "Read your notes")]
    pub description: String,
    /// Whether a request that names no scope means this one.
    #[serde(default)]
    pub default: bool,
}

/// A resource as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Resource)]
pub struct ResourceOut {
    pub id: String,
    /// What clients send as `resource`.
    #[schema(example = "https://notes.example.com/mcp")]
    pub identifier: String,
    /// Other spellings that mean the same.
    pub aliases: Vec<String>,
    #[schema(example = "Notes")]
    pub name: String,
    /// `aud` of its tokens.
    #[schema(example = "https://notes.example.com/mcp")]
    pub audience: String,
    pub scopes: Vec<ScopeBody>,
    /// Where it may fetch the issuer's public keys, in place of the `jwks_uri` in the issuer's metadata: what it was
    /// shown is noted, so that a change of keys can wait for it.
    #[schema(
        example = "https://auth.example.com/t/acme/.well-known/jwks/01890a5d-ac96-774b-bcce-b302099a8057"
    )]
    pub issuer_jwks_uri: String,
    /// Where its protected resource metadata are served (RFC 9728), for its server to proxy or to name in a 401.
    #[schema(
        example = "https://auth.example.com/t/acme/.well-known/resource-metadata/01890a5d-ac96-774b-bcce-b302099a8057"
    )]
    pub metadata_uri: String,
    /// Seconds; null: the tenant's.
    pub access_token_lifetime: Option<u64>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// Where a resource is found.
pub fn location(tenant: &Slug, id: &str) -> String {
    format!("/admin/v1/tenants/{tenant}/resources/{id}")
}

impl ResourceOut {
    pub fn of(issuer: &Issuer, record: &ResourceRecord) -> Self {
        let (created_at, updated_at) = (record.created_at, record.updated_at);
        Self::new(issuer, &record.resource, created_at, updated_at)
    }

    pub fn new(
        issuer: &Issuer,
        resource: &Resource,
        created_at: Timestamp,
        updated_at: Timestamp,
    ) -> Self {
        let scope = |scope: &ResourceScope| ScopeBody {
            name: scope.name.clone(),
            description: scope.description.clone(),
            default: scope.is_default,
        };
        Self {
            id: resource.resource_id.to_string(),
            identifier: resource.identifier().to_owned(),
            aliases: resource.identifiers.iter().skip(1).cloned().collect(),
            name: resource.name.clone(),
            audience: resource.audience.clone(),
            scopes: resource.scopes.iter().map(scope).collect(),
            issuer_jwks_uri: issuer.endpoint(&format!(".well-known/jwks/{}", resource.resource_id)),
            metadata_uri: published_url(issuer, resource.resource_id),
            access_token_lifetime: resource.access_token_lifetime.map(wire::seconds),
            created_at: wire::time(created_at),
            updated_at: wire::time(updated_at),
        }
    }
}

/// "Bound to one resource" must be true: identifiers and audiences are each one resource's.
pub fn taken(error: StoreError) -> Problem {
    Problem::from_conflict(error, |constraint| {
        match constraint {
        "resources_audience_is_unique" => {
            Some(("audience", "Another resource has this audience; choose another, or change that one.".to_owned()))
        }
        "resource_identifiers_are_unique" => Some((
            "identifier",
            "Another resource has this identifier, or one of these aliases; choose another, or change that one.".to_owned(),
        )),
        _ => None,
    }
    })
}

pub fn unknown(tenant: &Slug) -> Problem {
    Problem::not_found("resource", &format!("/admin/v1/tenants/{tenant}/resources"))
}
