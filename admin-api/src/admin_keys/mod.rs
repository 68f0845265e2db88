//! Admin keys: what this API is called with. For the platform or for one tenant, to read or to
//! write, with an end or without one. Only platform keys make and revoke them.

pub mod create;
pub mod list;
pub mod revoke;

use protocol::Slug;
use serde::{Deserialize, Serialize};
use store::{AdminAccess, AdminKey};
use utoipa::ToSchema;

use crate::wire;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AdminKeyAccess)]
pub enum KeyAccess {
    Read,
    Write,
}

/// An admin key as it is listed: never the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminKey)]
pub struct AdminKeyOut {
    pub id: String,
    #[schema(example = "deploy pipeline")]
    pub name: String,
    /// The slug of the one tenant that it is for; null: the platform.
    #[schema(example = "acme")]
    pub tenant: Option<String>,
    pub access: KeyAccess,
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

impl AdminKeyOut {
    pub fn new(key: &AdminKey, tenant: Option<&Slug>) -> Self {
        Self {
            id: key.admin_key_id.to_string(),
            name: key.name.clone(),
            tenant: tenant.map(ToString::to_string),
            access: match key.access {
                AdminAccess::Read => KeyAccess::Read,
                AdminAccess::Write => KeyAccess::Write,
            },
            created_at: wire::time(key.created_at),
            expires_at: key.expires_at.map(wire::time),
            revoked_at: key.revoked_at.map(wire::time),
            last_used_at: key.last_used_at.map(wire::time),
        }
    }
}

impl From<KeyAccess> for AdminAccess {
    fn from(access: KeyAccess) -> Self {
        match access {
            KeyAccess::Read => Self::Read,
            KeyAccess::Write => Self::Write,
        }
    }
}
