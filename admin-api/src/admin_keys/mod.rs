//! Admin keys: what this API is called with. For the platform or for one tenant, with scopes, with an end or without
//! one. The platform sees all of them; a tenant's administrators the tenant's (`tenant_admin_keys`).
//!
//! Nobody gives more than they have (`giving`): neither scopes, nor tenants, nor time. To take away (to revoke) needs
//! no more than the scope `admin-keys:write`: whoever finds a leaked key can end it.

pub mod create;
pub mod find;
pub mod giving;
pub mod list;
pub mod revoke;
pub mod rotate;
pub mod update;

use protocol::Slug;
use serde::Serialize;
use store::AdminKey;
use utoipa::ToSchema;

use crate::audit::{self, Changes};
use crate::problem::{Problem, ProblemKind};
use crate::wire;

pub(crate) use giving::require_within;

/// An admin key as it is listed: never the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminKey, example = json!({
    "id": "0199c2a4-5e0e-7d54-8d4a-3c1f6f0b7a11",
    "name": "deploy pipeline",
    "tenant": "acme",
    "scopes": ["clients:write", "resources:read"],
    "rotated_from": null,
    "created_at": "2026-11-22T10:00:00Z",
    "expires_at": "2027-02-20T10:00:00Z",
    "revoked_at": null,
    "last_used_at": null,
}))]
pub struct AdminKeyOut {
    pub id: String,
    pub name: String,
    /// The slug of the one tenant that it is for; null: the platform.
    pub tenant: Option<String>,
    /// A kind of thing (or `*`), and `read` or `write`, which includes reading.
    pub scopes: Vec<String>,
    /// The id of the key that this one took the place of.
    pub rotated_from: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
    /// To within a few minutes.
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
}

/// A new admin key, with the key itself: the only time that it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedAdminKey)]
pub struct CreatedAdminKey {
    #[serde(flatten)]
    pub key: AdminKeyOut,
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "writ_ak_…")]
    pub admin_key: String,
}

impl AdminKeyOut {
    pub fn new(key: &AdminKey, tenant: Option<&Slug>) -> Self {
        Self {
            id: key.admin_key_id.to_string(),
            name: key.name.clone(),
            tenant: tenant.map(ToString::to_string),
            scopes: key.scopes.to_texts(),
            rotated_from: key.rotated_from.map(|id| id.to_string()),
            created_at: wire::time(key.created_at),
            expires_at: key.expires_at.map(wire::time),
            revoked_at: key.revoked_at.map(wire::time),
            last_used_at: key.last_used_at.map(wire::time),
        }
    }
}

/// Also the answer where the key exists and is another tenant's.
pub(crate) fn unknown(tenant: Option<&Slug>) -> Problem {
    let list = list_path(tenant);
    let detail = format!("No such admin key, or it is revoked already. GET {list} lists them.");
    Problem::new(ProblemKind::NotFound, detail)
}

fn list_path(tenant: Option<&Slug>) -> String {
    tenant.map_or_else(
        || "/admin/v1/admin-keys".to_owned(),
        |slug| format!("/admin/v1/tenants/{slug}/admin-keys"),
    )
}

pub(crate) fn location(tenant: Option<&Slug>, key: &AdminKey) -> String {
    format!("{}/{}", list_path(tenant), key.admin_key_id)
}

pub(crate) fn target(key: &AdminKey) -> authority::audit::Target {
    audit::target("admin_key", &key.admin_key_id)
}

/// A fact; the times are in the key.
pub(crate) fn revocation(before: &AdminKeyOut) -> Changes {
    let is_revoked = |is_revoked: bool| serde_json::json!({ "is_revoked": is_revoked });
    Changes::updated(&is_revoked(false), &is_revoked(true)).of_version(before)
}
