//! `grant_type=authorization_code` (OAuth 2.1 §4.1.3).

use authority::client_authentication::AuthenticatedClient;
use authority::tokens::TokenError;
use protocol::token::TokenResponse;
use protocol::token::request::AuthorizationCodeRequest;

use crate::tenancy::TenantRequest;

pub async fn redeem(
    request: &TenantRequest,
    client: &AuthenticatedClient,
    asked: &AuthorizationCodeRequest,
) -> Result<TokenResponse, TokenError> {
    request
        .authority()
        .redeem_code(&request.tenant, client, asked)
        .await
}
