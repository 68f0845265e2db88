//! `POST {issuer}/introspect` (RFC 7662): a resource server asks about a token made for it.
//!
//! The caller is a resource's credential, never a client (row H4). It learns about tokens of
//! its own audience only; everything else is one and the same `{"active":false}` (H2, H3).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use authority::verify::IntrospectError;
use protocol::client::authentication::PresentedCredentials;
use protocol::introspection::{IntrospectionRequest, IntrospectionResponse};

use crate::http::json;
use crate::http::oauth_error::{OAuthErrorBody, OAuthFailure};
use crate::tenancy::TenantRequest;

/// What the body says.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the parameters, which are read one by one"
)]
pub struct IntrospectionForm {
    token: String,
    token_type_hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

#[utoipa::path(
    post, path = "/introspect", operation_id = "introspect_token", tag = "tokens",
    summary = "Ask whether a token is active (RFC 7662)",
    description = "Authenticate with a resource's credential, by Basic or in the body.",
    request_body(content = IntrospectionForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Active with its claims, or `{\"active\":false}`", body = serde_json::Value,
            content_type = "application/json"),
        (status = 400, description = "No token was sent", body = OAuthErrorBody),
        (status = 401, description = "The credential is not good", body = OAuthErrorBody),
        (status = 429, description = "Too many inactive tokens or failures", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security((), ("client" = []))
)]
pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    match introspect(&mut request).await {
        Ok(response) => json::answer(StatusCode::OK, &response),
        Err(failure) => failure.respond(request.request_id),
    }
}

async fn introspect(request: &mut TenantRequest) -> Result<IntrospectionResponse, OAuthFailure> {
    let parameters = request.form().await?;
    // H1: the caller first, so that garbage tells a stranger nothing.
    let presented =
        PresentedCredentials::from_request(request.header("authorization"), &parameters)
            .map_err(|error| OAuthFailure::from_rule(&error))?;
    let authority = request.authority();
    let caller = authority
        .authenticate_resource_server(&request.tenant, &presented, request.client_address)
        .await?;
    let asked = IntrospectionRequest::parse(&parameters)
        .map_err(|error| OAuthFailure::from_rule(&error))?;
    Ok(authority
        .introspect(&request.tenant, &caller, asked.token.expose())
        .await?)
}

impl From<IntrospectError> for OAuthFailure {
    fn from(error: IntrospectError) -> Self {
        match error {
            IntrospectError::Limited(limited) => limited.into(),
            IntrospectError::Store(error) => error.into(),
        }
    }
}
