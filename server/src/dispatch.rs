//! One request from outside to answer: the order of what happens to every request is on this page.
//!
//! Not here: which paths there are (`routes`), what an endpoint does (its own file).
//!
//! To add a step for every request: here, and in `wrap_admin` if the admin port needs it too.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::FutureExt;
use protocol::ErrorCode;
use tracing::Instrument;

use crate::http::client_address::Origin;
use crate::http::oauth_error::OAuthFailure;
use crate::http::request_id::RequestId;
use crate::http::{cors, limits, page_error, security_headers};
use crate::index;
use crate::pages::assets;
use crate::routes::{self, Endpoint};
use crate::state::AppState;
use crate::tenancy::{self, TenantRequest};

/// Answers a request at the public port.
pub async fn dispatch(
    state: Arc<AppState>,
    http: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let started = stopwatch();
    let request_id = state.request_ids.next();
    let method = http.method().clone();
    let span = tracing::info_span!("request", %request_id, tenant = tracing::field::Empty);
    let work = answer(&state, http, payload, request_id).instrument(span);
    // Q2: a panic costs one answer, and the hook has logged where it was.
    let (name, mut response) = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(answered) => answered,
        Err(_) => ("panic", panicked().respond(request_id)),
    };
    security_headers::add(&state, request_id, response.headers_mut());
    state
        .http_metrics
        .observe(name, response.status(), started.elapsed());
    log(name, &method, response.status(), started, request_id);
    response
}

/// For how long an answer took, in logs and metrics alone.
#[expect(clippy::disallowed_methods, reason = "nothing is decided by it")]
fn stopwatch() -> Instant {
    Instant::now()
}

/// What to do about a path, from cheap to dear: nothing is read of a body before the tenant is known.
async fn answer(
    state: &Arc<AppState>,
    http: HttpRequest,
    payload: web::Payload,
    request_id: RequestId,
) -> (&'static str, HttpResponse) {
    if let Err(failure) = limits::check_head(&http) {
        return ("refused", failure.respond(request_id));
    }
    let path = http.path().to_owned();
    if path == "/" {
        let refused = only_get(http.method());
        return ("index", refused.unwrap_or_else(|| index::answer(state)));
    }
    if path.starts_with(assets::ASSETS_PATH) {
        return (
            "asset",
            only_get(http.method())
                .or_else(|| assets::find(&path))
                .unwrap_or_else(|| not_found(request_id)),
        );
    }
    let Some(origin) = Origin::of_request(&http, &state.trusted_proxies) else {
        let failure = OAuthFailure::new(
            ErrorCode::InvalidRequest,
            "The Host header is missing or not a host.",
        );
        return ("refused", failure.respond(request_id));
    };
    if let Err(error) = state.isolation.check(&state.authority).await {
        let endpoint = routes::candidates(&path)
            .next()
            .map(|candidate| candidate.endpoint);
        return (
            "refused",
            outage(endpoint, &OAuthFailure::unavailable(error), request_id),
        );
    }
    let found = match tenancy::find(state, &origin.host, &path).await {
        Ok(Some(found)) => found,
        Ok(None) => return ("unknown", unknown(&http, request_id)),
        Err((endpoint, error)) => {
            return (
                endpoint.name(),
                outage(Some(endpoint), &error.into(), request_id),
            );
        }
    };
    let endpoint = found.endpoint;
    let mut response = if let Some(response) = method_of(endpoint, &http, request_id) {
        response
    } else {
        tracing::Span::current().record("tenant", tracing::field::display(found.tenant.slug()));
        let request =
            TenantRequest::new(Arc::clone(state), found, http, payload, &origin, request_id);
        endpoint.answer(request).await
    };
    if endpoint.is_cors() {
        cors::add(response.headers_mut());
    }
    (endpoint.name(), response)
}

/// Everything that is not the endpoint's own method: `OPTIONS`, and 405 with `Allow`.
fn method_of(
    endpoint: Endpoint,
    http: &HttpRequest,
    request_id: RequestId,
) -> Option<HttpResponse> {
    let method = http.method();
    let methods = endpoint.methods();
    if methods.contains(method) || (*method == Method::HEAD && methods.contains(&Method::GET)) {
        return None;
    }
    let allow = allow_of(methods);
    if *method == Method::OPTIONS {
        return Some(if endpoint.is_cors() && cors::is_preflight(http) {
            cors::preflight(methods)
        } else {
            HttpResponse::NoContent()
                .insert_header((header::ALLOW, allow))
                .finish()
        });
    }
    let description = format!("This endpoint takes {allow}.");
    let mut response = if endpoint.is_page() {
        page_error::method_not_allowed(request_id)
    } else {
        OAuthFailure::new(ErrorCode::InvalidRequest, description)
            .with_status(StatusCode::METHOD_NOT_ALLOWED)
            .respond(request_id)
    };
    if let Ok(value) = header::HeaderValue::try_from(allow) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    Some(response)
}

/// Q5.
fn allow_of(methods: &[Method]) -> String {
    let mut allow: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if methods.contains(&Method::GET) {
        allow.push("HEAD");
    }
    allow.push("OPTIONS");
    allow.join(", ")
}

fn only_get(method: &Method) -> Option<HttpResponse> {
    let status = match *method {
        Method::GET | Method::HEAD => return None,
        Method::OPTIONS => StatusCode::NO_CONTENT,
        _ => StatusCode::METHOD_NOT_ALLOWED,
    };
    let mut builder = HttpResponse::build(status);
    builder.insert_header((header::ALLOW, allow_of(&[Method::GET])));
    Some(builder.finish())
}

/// An unknown tenant and an unknown path look alike; a page where a person stands before it. A script
/// that looks for metadata may ask, and read that there are none, or it would take us for unreachable.
fn unknown(http: &HttpRequest, request_id: RequestId) -> HttpResponse {
    let endpoints = || routes::candidates(http.path()).map(|candidate| candidate.endpoint);
    if endpoints().any(Endpoint::is_page) {
        return page_error::not_found(request_id);
    }
    let Some(endpoint) = endpoints().find(|endpoint| endpoint.is_cors()) else {
        return not_found(request_id);
    };
    let mut response = if *http.method() == Method::OPTIONS && cors::is_preflight(http) {
        cors::preflight(endpoint.methods())
    } else {
        not_found(request_id)
    };
    cors::add(response.headers_mut());
    response
}

fn not_found(request_id: RequestId) -> HttpResponse {
    OAuthFailure::new(
        ErrorCode::InvalidRequest,
        "There is no such endpoint or issuer here.",
    )
    .with_status(StatusCode::NOT_FOUND)
    .respond(request_id)
}

fn outage(
    endpoint: Option<Endpoint>,
    failure: &OAuthFailure,
    request_id: RequestId,
) -> HttpResponse {
    if endpoint.is_some_and(Endpoint::is_page) {
        return page_error::unavailable(failure, request_id);
    }
    let mut response = failure.respond(request_id);
    if endpoint.is_some_and(Endpoint::is_cors) {
        cors::add(response.headers_mut());
    }
    response
}

fn panicked() -> OAuthFailure {
    OAuthFailure::new(
        ErrorCode::ServerError,
        "Something went wrong on our side; the error_id finds it in our log.",
    )
    .because("a handler panicked")
}

/// Successes are counted, not written: at full speed a line each would cost more than the answer.
fn log(
    endpoint: &str,
    method: &Method,
    status: StatusCode,
    started: Instant,
    request_id: RequestId,
) {
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if status.is_server_error() {
        tracing::warn!(%request_id, endpoint, %method, status = status.as_u16(), elapsed_ms, "answered");
    } else if status.is_client_error() {
        tracing::info!(%request_id, endpoint, %method, status = status.as_u16(), elapsed_ms, "answered");
    } else {
        tracing::debug!(%request_id, endpoint, %method, status = status.as_u16(), elapsed_ms, "answered");
    }
}

/// The same for the admin port, whose routes are actix's own.
pub async fn wrap_admin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = stopwatch();
    let Some(state) = request.app_data::<web::Data<AppState>>().cloned() else {
        return Err(actix_web::error::ErrorInternalServerError(
            "the admin port has no state",
        ));
    };
    let request_id = state.request_ids.next();
    let method = request.method().clone();
    let span = tracing::info_span!("admin request", %request_id);
    let work = answer_admin(&state, request, next, request_id).instrument(span);
    let mut response = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(answered) => answered?,
        // What was asked went down with the handler.
        Err(_) => return Err(as_error(&state, panicked().respond(request_id), request_id)),
    };
    security_headers::add(&state, request_id, response.response_mut().headers_mut());
    log("admin", &method, response.status(), started, request_id);
    Ok(response)
}

async fn answer_admin(
    state: &AppState,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    request_id: RequestId,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    request
        .extensions_mut()
        .insert(admin_api::RequestId(request_id.to_string()));
    let refused = match limits::check_head(request.request()) {
        Err(failure) => Some(failure),
        // Probes and counters answer whatever the database does.
        Ok(()) if !request.path().starts_with("/admin/") => None,
        Ok(()) => {
            let checked = state.isolation.check(&state.authority).await;
            checked.err().map(OAuthFailure::unavailable)
        }
    };
    match refused {
        Some(failure) => Ok(request.into_response(failure.respond(request_id))),
        None => Ok(next.call(request).await?.map_into_boxed_body()),
    }
}

fn as_error(
    state: &AppState,
    mut response: HttpResponse,
    request_id: RequestId,
) -> actix_web::Error {
    security_headers::add(state, request_id, response.headers_mut());
    actix_web::error::InternalError::from_response("a handler panicked", response).into()
}
