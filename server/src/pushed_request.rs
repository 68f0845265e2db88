//! `POST {issuer}/par` (RFC 9126): a client pushes its authorization request and gets a `request_uri` for it.
//!
//! The request goes through the very checks of the authorization endpoint, and then into the `request_uri` itself,
//! sealed: nothing is written, so that strangers cannot fill the database, and every replica can open it. The
//! authorization endpoint checks it again.
//!
//! Not here: the form of what is sealed (`protocol::authorization::pushed_request`), what happens with it (`authorize`).

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use authority::client_authentication::{AuthorizingClient, AuthorizingFailure};
use authority::client_documents::DocumentError;
use authority::policy::{self, PolicyAction};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{AssociatedData, Purpose};
use protocol::authorization::checks::{self, AuthorizationContext, AuthorizeError};
use protocol::authorization::pushed_request::{
    self as pushed, MAX_REQUEST_URI_BYTES, PushedRequest,
};
use protocol::client::GrantType;
use protocol::client::authentication::PresentedCredentials;
use protocol::{ClientId, ErrorCode, Parameters, PendingId};
use serde::Serialize;

use crate::http::oauth_error::{OAuthErrorBody, OAuthFailure};
use crate::http::{dpop, json};
use crate::tenancy::TenantRequest;

/// RFC 9126 §2.2.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PushedAnswer {
    request_uri: String,
    /// Seconds.
    expires_in: u64,
}

/// What the body says.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the parameters, which are read one by one"
)]
pub struct PushedRequestForm {
    client_id: Option<String>,
    client_secret: Option<String>,
    client_assertion: Option<String>,
    client_assertion_type: Option<String>,
    response_type: String,
    redirect_uri: Option<String>,
    code_challenge: String,
    code_challenge_method: String,
    scope: Option<String>,
    /// RFC 8707; may come several times.
    resource: Option<String>,
    state: Option<String>,
    /// OpenID Connect Core §3.1.2.1, as the members below.
    nonce: Option<String>,
    prompt: Option<String>,
    /// Seconds.
    max_age: Option<u64>,
    acr_values: Option<String>,
    login_hint: Option<String>,
    ui_locales: Option<String>,
    /// RFC 9449 §10: the key that the code is for. A `DPoP` header says the same.
    dpop_jkt: Option<String>,
}

#[utoipa::path(
    post, path = "/par", operation_id = "push_authorization_request", tag = "authorization",
    summary = "Push an authorization request (RFC 9126)",
    description = "Takes every parameter of the authorization endpoint but `request_uri`. Send the browser to the \
        authorization endpoint with `client_id` and the `request_uri` of the answer, within its `expires_in`.",
    params(("DPoP" = Option<String>, Header, description = "RFC 9449 §10.1: the code is then for this key")),
    request_body(content = PushedRequestForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 201, description = "What to send the browser with", body = PushedAnswer, content_type = "application/json"),
        (status = 400, description = "The request would be refused at the authorization endpoint", body = OAuthErrorBody),
        (status = 401, description = "The client is unknown or did not authenticate", body = OAuthErrorBody),
        (status = 413, description = "More than 64 KB, or too long for a URL", body = OAuthErrorBody),
        (status = 429, description = "Too many failures", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security((), ("client" = []))
)]
pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    let outcome = push(&mut request).await;
    let counter = &request.authority().metrics().pushed_requests;
    match outcome {
        Ok(pushed) => {
            counter.with_label_values(&["pushed"]).inc();
            json::answer(StatusCode::CREATED, &pushed)
        }
        Err(failure) => {
            counter.with_label_values(&["refused"]).inc();
            failure.respond(request.request_id)
        }
    }
}

async fn push(request: &mut TenantRequest) -> Result<PushedAnswer, OAuthFailure> {
    let sent = request.form().await?;
    let authorizing = authenticate(request, &sent).await?;
    let client = Arc::clone(&authorizing.client.client);
    let outcome = push_as(request, authorizing, sent).await;
    if let Err(failure) = &outcome {
        let grant_type = Some(GrantType::AuthorizationCode);
        request.record_refusal(
            &client,
            None,
            PolicyAction::Authorize,
            grant_type,
            failure.error(),
        );
    }
    outcome
}

/// For a client that is known.
async fn push_as(
    request: &TenantRequest,
    mut authorizing: AuthorizingClient,
    sent: Parameters,
) -> Result<PushedAnswer, OAuthFailure> {
    // RFC 9126 §2.1: a pushed request is no reference to another.
    if sent.contains("request_uri") {
        return Err(OAuthFailure::new(
            ErrorCode::InvalidRequest,
            "request_uri cannot be pushed; send the parameters themselves",
        ));
    }
    let parameters = with_key_of_proof(request, &mut authorizing, sent)?;
    check(request, &authorizing, &parameters).await?;
    let now = request.now();
    let pending_id = PendingId::generate(request.authority().random(), now);
    let client_id = &authorizing.client.client_id;
    let pushed = PushedRequest::new(pending_id, &parameters, now);
    let request_uri = seal(request, client_id, &pushed);
    if request_uri.len() > MAX_REQUEST_URI_BYTES {
        return Err(OAuthFailure::new(
            ErrorCode::InvalidRequest,
            "The request is too long for the URL that it becomes; shorten state, resource or login_hint.",
        )
        .with_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let authority = request.authority();
    authority.count_tolerances(&authorizing.client.tolerances);
    Ok(PushedAnswer {
        request_uri,
        expires_in: pushed::LIFETIME.as_secs(),
    })
}

/// Who asks, as at the token endpoint (RFC 9126 §2). A client with a document may be new here.
pub async fn authenticate(
    request: &TenantRequest,
    sent: &Parameters,
) -> Result<AuthorizingClient, OAuthFailure> {
    let presented = PresentedCredentials::from_request(request.header("authorization"), sent)
        .map_err(|error| OAuthFailure::from_rule(&error))?;
    let address = request.client_address;
    let request_id = request.request_id.to_string();
    let authenticated = request.authority().authenticate_authorizing_client(
        &request.tenant,
        &presented,
        address,
        &request_id,
    );
    Ok(authenticated.await?)
}

/// RFC 9449 §10.1: a proof says the same as `dpop_jkt`. It is used for nothing but that, so it may come again: the
/// code is of use to nobody but the holder of its key.
fn with_key_of_proof(
    request: &TenantRequest,
    authorizing: &mut AuthorizingClient,
    sent: Parameters,
) -> Result<Parameters, OAuthFailure> {
    let shown = dpop::shown_proof(request, "par");
    if shown.headers.is_empty() {
        return Ok(sent);
    }
    let (authority, client) = (request.authority(), &mut authorizing.client);
    authority.check_dpop_proof(&request.tenant, client, &shown)?;
    let Some(key) = &client.dpop_key else {
        return Ok(sent);
    };
    let named = sent.single("dpop_jkt");
    match named.map_err(|error| OAuthFailure::from_rule(&error))? {
        Some(named) if named != key.as_str() => Err(OAuthFailure::new(
            ErrorCode::InvalidDpopProof,
            "dpop_jkt names another key than the DPoP proof",
        )),
        Some(_) => Ok(sent),
        None => {
            let pairs = sent.iter().chain([("dpop_jkt", key.as_str())]);
            Ok(Parameters::from_pairs(pairs))
        }
    }
}

/// RFC 9126 §2.1: what the authorization endpoint would refuse is refused here.
async fn check(
    request: &TenantRequest,
    authorizing: &AuthorizingClient,
    parameters: &Parameters,
) -> Result<(), OAuthFailure> {
    let client = &authorizing.client;
    let resources = request
        .authority()
        .directory()
        .list_resources(&request.tenant)
        .await?;
    let context = AuthorizationContext {
        parameters,
        client,
        resources: &resources,
        tenant_default_resource: request.tenant.settings().default_resource,
        issuer: request.tenant.issuer(),
        tolerates_missing_challenge: policy::tolerates_missing_challenge(&request.tenant),
        is_push_missing: false,
    };
    match checks::check(&context) {
        Ok(_) => Ok(()),
        Err(AuthorizeError::Page(error)) => Err(OAuthFailure::from_rule(&error)),
        Err(AuthorizeError::Redirect { error, .. }) => {
            if let (Some(refused), true) = (error.refused_resource(), client.is_confidential()) {
                request
                    .authority()
                    .keep_refused_resource(&request.tenant, &client.client_id, refused)
                    .await;
            }
            Err(OAuthFailure::from_rule(&error))
        }
    }
}

/// For this client at this tenant, and for nothing else (row O1).
fn place(request: &TenantRequest, client_id: &ClientId) -> AssociatedData {
    let tenant_id = request.tenant.id().as_uuid();
    AssociatedData::of(&[tenant_id.as_bytes(), client_id.as_str().as_bytes()])
}

fn seal(request: &TenantRequest, client_id: &ClientId, pushed: &PushedRequest) -> String {
    let sealed = request.authority().encryption_keys().seal(
        Purpose::PushedRequest,
        &place(request, client_id),
        &pushed.to_bytes(),
    );
    pushed::to_request_uri(&URL_SAFE_NO_PAD.encode(sealed))
}

/// What this client pushed here; none where it is anything else.
pub fn open(request: &TenantRequest, client_id: &ClientId, sealed: &str) -> Option<PushedRequest> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let opened = request.authority().encryption_keys().open(
        Purpose::PushedRequest,
        &place(request, client_id),
        &sealed,
    );
    PushedRequest::from_bytes(&opened.ok()?)
}

impl From<AuthorizingFailure> for OAuthFailure {
    fn from(failure: AuthorizingFailure) -> Self {
        match failure {
            AuthorizingFailure::Authentication(failure) => failure.into(),
            AuthorizingFailure::Document(DocumentError::Limited(limited)) => limited.into(),
            AuthorizingFailure::Document(DocumentError::Store(error)) => error.into(),
            AuthorizingFailure::Document(error) => {
                Self::new(error.code(), error.to_string()).because(error.reason())
            }
        }
    }
}
