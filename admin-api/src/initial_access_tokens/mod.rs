//! Initial access tokens: who may register a client where not everybody may (RFC 7591 §3). Each for so many
//! registrations, until its end, or until it is revoked.

pub mod create;
pub mod list;
pub mod revoke;

use protocol::Slug;
use serde::Serialize;
use store::InitialAccessToken;
use utoipa::ToSchema;

use crate::wire;

/// An initial access token as it is listed: never the token itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InitialAccessToken)]
pub struct TokenOut {
    pub id: String,
    #[schema(example = "the mobile team")]
    pub name: String,
    /// How many clients may be registered with it; null: any number.
    #[schema(example = 5)]
    pub max_uses: Option<u32>,
    /// How many were.
    #[schema(example = 0)]
    pub uses: u32,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
}

impl TokenOut {
    pub fn new(token: &InitialAccessToken) -> Self {
        Self {
            id: token.token_id.to_string(),
            name: token.name.clone(),
            max_uses: token.max_uses,
            uses: token.uses,
            created_at: wire::time(token.created_at),
            expires_at: token.expires_at.map(wire::time),
            revoked_at: token.revoked_at.map(wire::time),
        }
    }
}

fn list_path(tenant: &Slug) -> String {
    format!("/admin/v1/tenants/{tenant}/initial-access-tokens")
}
