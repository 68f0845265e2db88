//! What every answer of both ports carries (row Q5). Pages add their own (`pages`).

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::request_id::RequestId;
use crate::state::AppState;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const TWO_YEARS: HeaderValue = HeaderValue::from_static("max-age=63072000");

pub fn add(state: &AppState, request_id: RequestId, headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    // Browsers ignore it over http, where it would say nothing true.
    if state.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TWO_YEARS);
    }
}
