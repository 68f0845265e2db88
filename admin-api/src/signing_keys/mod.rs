//! Signing keys: what a tenant's tokens are signed with. Private parts never leave the server.

pub mod list;

use serde::Serialize;
use store::{SigningKeyRecord, SigningKeyState};
use utoipa::ToSchema;

use crate::wire;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SigningKeyState)]
pub enum KeyState {
    /// Published, and does not sign yet.
    Next,
    Active,
    /// Signs no more, and still verifies.
    Retired,
}

/// A signing key as it is shown: its public part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub struct SigningKeyOut {
    pub kid: String,
    #[schema(example = "RS256")]
    pub algorithm: String,
    pub state: KeyState,
    /// As it stands in the JWKS.
    #[schema(value_type = Object)]
    pub public_jwk: serde_json::Value,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub activated_at: Option<String>,
    #[schema(format = DateTime)]
    pub retired_at: Option<String>,
}

impl SigningKeyOut {
    pub fn new(key: SigningKeyRecord) -> Self {
        Self {
            state: match key.state {
                SigningKeyState::Next => KeyState::Next,
                SigningKeyState::Active => KeyState::Active,
                SigningKeyState::Retired => KeyState::Retired,
            },
            kid: key.kid,
            algorithm: key.algorithm,
            public_jwk: key.public_jwk,
            created_at: wire::time(key.created_at),
            activated_at: key.activated_at.map(wire::time),
            retired_at: key.retired_at.map(wire::time),
        }
    }
}
