//! `grant_type=authorization_code` (OAuth 2.1 §4.1.3).

use authority::directory::KnownClient;
use protocol::token::TokenResponse;
use protocol::token::request::AuthorizationCodeRequest;

use crate::http::oauth_error::OAuthFailure;
use crate::tenancy::TenantRequest;

pub async fn redeem(
    request: &TenantRequest,
    client: &KnownClient,
    asked: &AuthorizationCodeRequest,
) -> Result<TokenResponse, OAuthFailure> {
    Ok(request
        .authority()
        .redeem_code(&request.tenant, client, asked)
        .await?)
}
