//! `grant_type=client_credentials` (OAuth 2.1 §4.2).

use authority::client_authentication::AuthenticatedClient;
use authority::tokens::TokenError;
use protocol::token::TokenResponse;
use protocol::token::request::ClientCredentialsRequest;

use crate::tenancy::TenantRequest;

pub async fn issue(
    request: &TenantRequest,
    client: &AuthenticatedClient,
    asked: &ClientCredentialsRequest,
) -> Result<TokenResponse, TokenError> {
    request
        .authority()
        .client_credentials(&request.tenant, client, asked)
        .await
}
