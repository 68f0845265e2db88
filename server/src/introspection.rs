//! `POST {issuer}/introspect` (RFC 7662): a resource server asks about a token made for it.
//!
//! The caller is a resource's credential, never a client (row H4). It learns about tokens of
//! its own audience only; everything else is one and the same `{"active":false}` (H2, H3). On one machine
//! a tenant may tolerate callers that say nothing of themselves.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use authority::audit::{Actor, AuditEvent, EventType};
use authority::verify::{IntrospectError, IntrospectionCaller, IntrospectionFormat};
use protocol::client::authentication::PresentedCredentials;
use protocol::client::{Tolerance, UsedTolerances};
use protocol::introspection::jwt::{INTROSPECTION_JWT_MEDIA_TYPE, wants_jwt};
use protocol::introspection::{IntrospectionRequest, IntrospectionResponse};
use protocol::{Issuer, Parameters};

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
    client_assertion: Option<String>,
    client_assertion_type: Option<String>,
}

#[utoipa::path(
    post, path = "/introspect", operation_id = "introspect_token", tag = "tokens",
    summary = "Ask whether a token is active (RFC 7662)",
    description = "Authenticate with a resource's credential: by Basic, in the body, or by a signed assertion.",
    request_body(content = IntrospectionForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Active with its claims, or `{\"active\":false}`; as a signed JWT (RFC 9701) where \
            `Accept` asks for `application/token-introspection+jwt`", content(
                (serde_json::Value = "application/json"),
                (String = "application/token-introspection+jwt"),
            )),
        (status = 400, description = "No token was sent", body = OAuthErrorBody),
        (status = 401, description = "The credential is not good", body = OAuthErrorBody),
        (status = 429, description = "Too many inactive tokens or failures", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security((), ("client" = []))
)]
pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    match introspect(&mut request).await {
        Ok(Introspected::Plain(response)) => json::answer(StatusCode::OK, &response),
        Ok(Introspected::Signed(jwt)) => json::builder(StatusCode::OK)
            .insert_header((header::CONTENT_TYPE, INTROSPECTION_JWT_MEDIA_TYPE))
            .body(jwt),
        Err(failure) => failure.respond(request.request_id),
    }
}

enum Introspected {
    Plain(IntrospectionResponse),
    /// RFC 9701.
    Signed(String),
}

async fn introspect(request: &mut TenantRequest) -> Result<Introspected, OAuthFailure> {
    let parameters = request.form().await?;
    if is_anybody_allowed(request) && is_anonymous(request, &parameters) {
        // RFC 9701 §4: signed for a caller that we know, or not at all.
        return introspect_for_anybody(request, &parameters)
            .await
            .map(Introspected::Plain);
    }
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
    let format = format_wanted(request);
    let response = authority
        .introspect(
            &request.tenant,
            IntrospectionCaller::ResourceServer(&caller),
            asked.token.expose(),
            format,
        )
        .await?;
    if format == IntrospectionFormat::Json {
        return Ok(Introspected::Plain(response));
    }
    let signed = authority.sign_introspection(&request.tenant, &caller, response);
    Ok(Introspected::Signed(signed.await?))
}

/// Several headers are one list (RFC 9110 §5.2).
fn format_wanted(request: &TenantRequest) -> IntrospectionFormat {
    let sent = request.http.headers().get_all(header::ACCEPT);
    let accept: Vec<&str> = sent.filter_map(|value| value.to_str().ok()).collect();
    if wants_jwt(&accept.join(",")) {
        IntrospectionFormat::Jwt
    } else {
        IntrospectionFormat::Json
    }
}

/// The tenant's switch, and everything on this machine: the setting is refused elsewhere, and does
/// nothing elsewhere either.
fn is_anybody_allowed(request: &TenantRequest) -> bool {
    let is_loopback = |url: &str| Issuer::parse(url).is_ok_and(|url| url.is_loopback());
    let settings = request.tenant.settings();
    settings.tolerances.unauthenticated_introspection
        && request.tenant.issuer().is_loopback()
        && is_loopback(&request.state.public_url)
}

/// Who shows a credential is held to it.
fn is_anonymous(request: &TenantRequest, parameters: &Parameters) -> bool {
    request.header("authorization").is_none()
        && ["client_id", "client_secret", "client_assertion"]
            .iter()
            .all(|name| !parameters.contains(name))
}

async fn introspect_for_anybody(
    request: &TenantRequest,
    parameters: &Parameters,
) -> Result<IntrospectionResponse, OAuthFailure> {
    let authority = request.authority();
    let asked =
        IntrospectionRequest::parse(parameters).map_err(|error| OAuthFailure::from_rule(&error))?;
    let caller = IntrospectionCaller::Anybody(request.client_address);
    let format = IntrospectionFormat::Json;
    let response = authority
        .introspect(&request.tenant, caller, asked.token.expose(), format)
        .await?;
    let used = UsedTolerances::from_iter([Tolerance::UnauthenticatedIntrospection]);
    let event = AuditEvent::new(EventType::TokenIntrospected, Actor::System, authority.now())
        .origin(&request.origin())
        .tolerances(&used);
    authority.count_tolerances(&used);
    authority.audit().record(&request.tenant, event);
    Ok(response)
}

impl From<IntrospectError> for OAuthFailure {
    fn from(error: IntrospectError) -> Self {
        match error {
            IntrospectError::Limited(limited) => limited.into(),
            IntrospectError::Store(error) => error.into(),
        }
    }
}
