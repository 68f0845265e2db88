//! `grant_type=refresh_token` (OAuth 2.1 §4.3).

use authority::directory::KnownClient;
use protocol::token::TokenResponse;
use protocol::token::request::RefreshRequest;

use crate::http::oauth_error::OAuthFailure;
use crate::tenancy::TenantRequest;

pub async fn refresh(
    request: &TenantRequest,
    client: &KnownClient,
    asked: &RefreshRequest,
) -> Result<TokenResponse, OAuthFailure> {
    Ok(request
        .authority()
        .refresh(&request.tenant, client, asked)
        .await?)
}
