//! `grant_type=refresh_token` (OAuth 2.1 §4.3).

use authority::client_authentication::AuthenticatedClient;
use authority::tokens::TokenError;
use protocol::token::TokenResponse;
use protocol::token::request::RefreshRequest;

use crate::tenancy::TenantRequest;

pub async fn refresh(
    request: &TenantRequest,
    client: &AuthenticatedClient,
    asked: &RefreshRequest,
) -> Result<TokenResponse, TokenError> {
    request
        .authority()
        .refresh(&request.tenant, client, asked)
        .await
}
