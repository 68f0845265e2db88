//! `POST {issuer}/device_authorization` (RFC 8628 §3.1): a device without a browser asks, and is told what to show
//! to its person.
//!
//! Not here: what it may ask (`protocol::device`), the row (`authority::device`), the page that the person opens
//! (`authorize::device`), the tokens (`token::device_code`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use authority::device::{AskError, AskingDevice, DeviceCodes};
use authority::policy::PolicyAction;
use protocol::client::GrantType;
use serde::Serialize;

use crate::http::json;
use crate::http::oauth_error::{OAuthErrorBody, OAuthFailure};
use crate::pushed_request;
use crate::tenancy::TenantRequest;

/// RFC 8628 §3.2. No `Debug`: it is made of secrets.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DeviceAnswer {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    /// Seconds.
    expires_in: u64,
    /// Seconds between two requests at the token endpoint.
    interval: u64,
}

/// What the body says.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the parameters, which are read one by one"
)]
pub struct DeviceForm {
    client_id: Option<String>,
    client_secret: Option<String>,
    client_assertion: Option<String>,
    client_assertion_type: Option<String>,
    scope: Option<String>,
    /// RFC 8707; may come several times.
    resource: Option<String>,
}

#[utoipa::path(
    post, path = "/device_authorization", operation_id = "authorize_device", tag = "authorization",
    summary = "Ask for a device without a browser (RFC 8628)",
    description = "The tenant says whose devices may ask: nobody's, those of clients that an administrator entered, or all.",
    request_body(content = DeviceForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What to show, and what to ask for the tokens with", body = DeviceAnswer, content_type = "application/json"),
        (status = 400, description = "The client may not, or not this", body = OAuthErrorBody),
        (status = 401, description = "The client is unknown or did not authenticate", body = OAuthErrorBody),
        (status = 413, description = "More than 64 KB", body = OAuthErrorBody),
        (status = 429, description = "Too many requests", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security((), ("client" = []))
)]
pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    match ask(&mut request).await {
        Ok(codes) => json::answer(StatusCode::OK, &to_answer(&request, &codes)),
        Err(failure) => failure.respond(request.request_id),
    }
}

async fn ask(request: &mut TenantRequest) -> Result<DeviceCodes, OAuthFailure> {
    let parameters = request.form().await?;
    let authorizing = pushed_request::authenticate(request, &parameters).await?;
    let authority = request.authority();
    let asking = AskingDevice {
        parameters: &parameters,
        address: request.client_address,
        request_id: &request.request_id.to_string(),
    };
    let asked = authority
        .ask_for_device(&request.tenant, &authorizing, &asking)
        .await;
    let client = &authorizing.client;
    if let Err(AskError::Request(error)) = &asked
        && let (Some(refused), true) = (error.refused_resource(), client.is_confidential())
    {
        authority
            .keep_refused_resource(&request.tenant, &client.client_id, refused)
            .await;
    }
    authority.count_tolerances(&client.tolerances);
    asked.map_err(|error| {
        let failure = OAuthFailure::from(error);
        let grant_type = Some(GrantType::DeviceCode);
        request.record_refusal(
            client,
            None,
            PolicyAction::Authorize,
            grant_type,
            failure.error(),
        );
        failure
    })
}

fn to_answer(request: &TenantRequest, codes: &DeviceCodes) -> DeviceAnswer {
    let verification_uri = request.tenant.issuer().endpoint("device");
    let user_code = codes.user_code.to_shown();
    DeviceAnswer {
        device_code: codes.device_code.expose().to_owned(),
        // Letters and a hyphen: nothing to encode.
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        user_code,
        verification_uri,
        expires_in: codes.lifetime.as_secs(),
        interval: codes.interval.as_secs(),
    }
}

impl From<AskError> for OAuthFailure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Limited(limited) => limited.into(),
            AskError::Store(error) => error.into(),
            other => Self::from_rule(&other),
        }
    }
}
