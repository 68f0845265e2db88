//! How large a request may be (row R1), and how slow (R2). Stated here, because the
//! framework's defaults are other numbers. The number and size of parameters is `protocol::parameters`, the
//! depth of JSON where it is parsed.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use protocol::ErrorCode;

use super::oauth_error::OAuthFailure;

pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// All of a body must be here by then.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// A state of 4 KB and a client_id of 2 KB, percent-encoded, with a sealed pending beside them.
const MAX_TARGET_BYTES: usize = 64 * 1024;

/// Looks at the size of what came before the body.
pub fn check_head(http: &HttpRequest) -> Result<(), OAuthFailure> {
    let target = http.uri().path().len() + http.query_string().len();
    if target > MAX_TARGET_BYTES {
        return Err(
            OAuthFailure::new(ErrorCode::InvalidRequest, "The URL is longer than 64 KB.")
                .with_status(StatusCode::URI_TOO_LONG),
        );
    }
    let headers: usize = http
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if headers > MAX_HEADER_BYTES {
        return Err(OAuthFailure::new(
            ErrorCode::InvalidRequest,
            "The headers are larger than 16 KB.",
        ));
    }
    Ok(())
}
