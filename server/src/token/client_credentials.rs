//! `grant_type=client_credentials` (OAuth 2.1 §4.2).

use authority::directory::KnownClient;
use protocol::token::TokenResponse;
use protocol::token::request::ClientCredentialsRequest;

use crate::http::oauth_error::OAuthFailure;
use crate::tenancy::TenantRequest;

pub async fn issue(
    request: &TenantRequest,
    client: &KnownClient,
    asked: &ClientCredentialsRequest,
) -> Result<TokenResponse, OAuthFailure> {
    Ok(request
        .authority()
        .client_credentials(&request.tenant, client, asked)
        .await?)
}
