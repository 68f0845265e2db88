//! `POST {issuer}/revoke` (RFC 7009): a client gives a token back.
//!
//! A refresh token takes its grant and the grant's access tokens with it; what is unknown or another
//! client's is answered like what was revoked, and left alone (rows I1–I4).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use protocol::client::authentication::PresentedCredentials;
use protocol::revocation::RevocationRequest;

use crate::http::json;
use crate::http::oauth_error::{OAuthErrorBody, OAuthFailure};
use crate::tenancy::TenantRequest;

/// What the body says.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the parameters, which are read one by one"
)]
pub struct RevocationForm {
    token: String,
    token_type_hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    client_assertion: Option<String>,
    client_assertion_type: Option<String>,
}

#[utoipa::path(
    post, path = "/revoke", operation_id = "revoke_token", tag = "tokens",
    summary = "Give a token back (RFC 7009)",
    request_body(content = RevocationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is not valid, or never was"),
        (status = 400, description = "No token was sent", body = OAuthErrorBody),
        (status = 401, description = "The client is unknown or did not authenticate", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security((), ("client" = []))
)]
pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    match revoke(&mut request).await {
        Ok(()) => json::builder(StatusCode::OK).body("{}"),
        Err(failure) => failure.respond(request.request_id),
    }
}

async fn revoke(request: &mut TenantRequest) -> Result<(), OAuthFailure> {
    let parameters = request.form().await?;
    let presented =
        PresentedCredentials::from_request(request.header("authorization"), &parameters)
            .map_err(|error| OAuthFailure::from_rule(&error))?;
    let authority = request.authority();
    let client = authority
        .authenticate_client(&request.tenant, &presented, request.client_address)
        .await?;
    let asked =
        RevocationRequest::parse(&parameters).map_err(|error| OAuthFailure::from_rule(&error))?;
    authority
        .revoke_token(&request.tenant, &client, asked.token.expose())
        .await?;
    authority.count_tolerances(&client.tolerances);
    Ok(())
}
