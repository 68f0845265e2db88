//! `grant_type=urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4).

use authority::client_authentication::AuthenticatedClient;
use authority::tokens::TokenError;
use protocol::token::TokenResponse;
use protocol::token::request::DeviceCodeRequest;

use crate::tenancy::TenantRequest;

pub async fn redeem(
    request: &TenantRequest,
    client: &AuthenticatedClient,
    asked: &DeviceCodeRequest,
) -> Result<TokenResponse, TokenError> {
    request
        .authority()
        .redeem_device_code(&request.tenant, client, asked)
        .await
}
