//! Scripts of any origin may call the back-channel endpoints, without credentials.
//! Never authorize, login or consent (RFC 9700 §2.6): nothing is added there at all.

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

const ANY: HeaderValue = HeaderValue::from_static("*");
const ALLOW_HEADERS: HeaderValue =
    HeaderValue::from_static("content-type, authorization, mcp-protocol-version, dpop");
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce");

/// A browser that asks before it sends.
pub fn is_preflight(http: &HttpRequest) -> bool {
    http.headers().contains_key(header::ORIGIN)
        && http
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

pub fn preflight(methods: &[Method]) -> HttpResponse {
    let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods.join(", ")))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

/// `*` never goes with credentials, which is the point.
pub fn add(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
}
