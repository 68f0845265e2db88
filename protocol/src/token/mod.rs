//! The token endpoint: one file per grant type, and what they share.

pub mod access_token;
pub mod client_credentials;
pub mod refresh_token;
pub mod request;
pub mod response;
pub mod reuse;

pub use access_token::AccessTokenClaims;
pub use refresh_token::{PresentedRefreshToken, RefreshDecision, RefreshError, RefreshFamily};
pub use request::{TokenRequest, TokenRequestError};
pub use response::{TokenResponse, TokenType};

/// Whether those whom a grant concerns still stand. A disabled client or user gets `invalid_grant`:
/// at `invalid_client` an SDK would register itself anew and undo the disabling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub is_client_enabled: bool,
    pub is_user_enabled: bool,
    pub is_grant_live: bool,
}

impl Standing {
    pub const GOOD: Self = Self {
        is_client_enabled: true,
        is_user_enabled: true,
        is_grant_live: true,
    };
}
