//! Initial access tokens (RFC 7591 §3): who may register where not everybody may.
//!
//! One that is missing, unknown, ended, used up or another tenant's gets one and the same answer. Its use
//! is counted in the transaction of the registration: one that fails gives the use back.
//!
//! Not here: making and revoking them (`admin_api`).

use authority::digests;
use crypto::{SecretKind, SecretToken};
use protocol::TokenId;
use protocol::bearer::token_from_header;
use protocol::client::registration::RegistrationError;
use store::TenantScope;

use crate::http::oauth_error::OAuthFailure;
use crate::tenancy::TenantRequest;

/// By its form alone: what we never made is refused without a query.
pub fn read(request: &TenantRequest) -> Result<SecretToken, RegistrationError> {
    let text = request.header("authorization").and_then(token_from_header);
    text.and_then(|text| SecretToken::parse(SecretKind::InitialAccessToken, text.expose()).ok())
        .ok_or(RegistrationError::InitialAccessTokenRequired)
}

pub async fn spend(
    request: &TenantRequest,
    scope: &mut TenantScope,
    token: &SecretToken,
) -> Result<TokenId, OAuthFailure> {
    let authority = request.authority();
    let digests = digests::for_look_up(authority.peppers(), token);
    let used = scope
        .use_initial_access_token(&digests, authority.now())
        .await?;
    used.ok_or_else(|| RegistrationError::InitialAccessTokenRequired.into())
}
