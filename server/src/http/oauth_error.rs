//! Errors of the back-channel endpoints on the wire: RFC 6749 §5.2, with an `error_id` that the log
//! line carries too (rows Q1–Q3).
//!
//! Not here: which error a situation deserves: that is each rule's own `code()`.
//!
//! To tell one more kind of error: a `From` for it beside the others.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use protocol::error_code::{ErrorCode, OAuthError, ProtocolError};
use protocol::parameters::ParametersError;
use serde::Serialize;
use store::StoreError;

use super::json;
use super::request_id::RequestId;

/// RFC 9110 §15.5.2: a 401 says how to authenticate; RFC 6749 §5.2: with the scheme the client used.
const BASIC: &str = "Basic realm=\"writ\", charset=\"UTF-8\"";

/// RFC 6750 §3.
const BEARER: &str = "Bearer realm=\"writ\", error=\"invalid_token\"";

/// How long a client waits before it tries again after an outage.
const RETRY_AFTER_SECONDS: u64 = 2;

/// An error on its way out: what the client sees, and what only the log says.
#[derive(Debug)]
pub struct OAuthFailure {
    error: OAuthError,
    status: StatusCode,
    retry_after_seconds: Option<u64>,
    challenge: Option<&'static str>,
    dpop_nonce: Option<String>,
    cause: Option<String>,
}

/// The body.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OAuthError)]
pub struct OAuthErrorBody<'a> {
    /// One of the registered codes, such as `invalid_request`.
    error: &'a str,
    /// A sentence for whoever builds the client.
    error_description: &'a str,
    /// Finds the answer in the log.
    error_id: String,
}

impl OAuthFailure {
    pub fn new(code: ErrorCode, description: impl AsRef<str>) -> Self {
        Self::from_error(OAuthError::new(code, description))
    }

    pub fn from_error(error: OAuthError) -> Self {
        let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let retry_after_seconds =
            (error.code == ErrorCode::TemporarilyUnavailable).then_some(RETRY_AFTER_SECONDS);
        let challenge = match error.code {
            ErrorCode::InvalidClient => Some(BASIC),
            ErrorCode::InvalidToken => Some(BEARER),
            _ => None,
        };
        Self {
            error,
            status,
            retry_after_seconds,
            challenge,
            dpop_nonce: None,
            cause: None,
        }
    }

    /// The rule's own variant goes to the log, its code and sentence to the client.
    pub fn from_rule(error: &(impl ProtocolError + std::fmt::Debug)) -> Self {
        Self::from_error(error.to_oauth_error()).because(format!("{error:?}"))
    }

    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        Self::new(
            ErrorCode::TemporarilyUnavailable,
            "We cannot answer just now; try again in a moment.",
        )
        .because(cause)
    }

    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(
            ErrorCode::ServerError,
            "Something went wrong on our side; the error_id finds it in our log.",
        )
        .because(cause)
    }

    /// Rows J2, H6: a limit says when it ends.
    pub fn limited(retry_after_seconds: u64) -> Self {
        let mut failure = Self::new(
            ErrorCode::TemporarilyUnavailable,
            "Too many tries; wait and try again.",
        );
        failure.status = StatusCode::TOO_MANY_REQUESTS;
        failure.retry_after_seconds = Some(retry_after_seconds);
        failure
    }

    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// RFC 9449 §8: what the client's next proof must hold.
    #[must_use]
    pub fn with_dpop_nonce(mut self, nonce: Option<String>) -> Self {
        self.dpop_nonce = nonce;
        self
    }

    /// For the log alone.
    #[must_use]
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// What the client is told.
    pub const fn error(&self) -> &OAuthError {
        &self.error
    }

    pub fn code(&self) -> ErrorCode {
        self.error.code
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Writes the log line; called once by whoever answers.
    pub fn log(&self, request_id: RequestId) {
        let cause = self.cause.as_deref().unwrap_or_default();
        let (code, description) = (self.error.code.as_str(), self.error.description.as_str());
        if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error_id = %request_id, code, description, cause, "refused");
        } else if self.status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(error_id = %request_id, code, description, cause, "refused");
        } else {
            tracing::info!(error_id = %request_id, code, description, cause, "refused");
        }
    }

    pub fn respond(&self, request_id: RequestId) -> HttpResponse {
        self.log(request_id);
        let mut builder = json::builder(self.status);
        if self.status == StatusCode::REQUEST_TIMEOUT {
            // R2: whoever drips a body does not get another try on this connection.
            builder.force_close();
        }
        if let Some(seconds) = self.retry_after_seconds {
            builder.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(challenge) = self.challenge {
            builder.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        if let Some(nonce) = &self.dpop_nonce {
            builder.insert_header(("DPoP-Nonce", nonce.as_str()));
        }
        let body = OAuthErrorBody {
            error: self.error.code.as_str(),
            error_description: &self.error.description,
            error_id: request_id.to_string(),
        };
        match serde_json::to_vec(&body) {
            Ok(bytes) => builder.body(bytes),
            Err(_) => builder.finish(),
        }
    }
}

/// Q3: an outage is never the client's fault, and never `invalid_grant`.
impl From<StoreError> for OAuthFailure {
    fn from(error: StoreError) -> Self {
        match error {
            error if error.is_unavailable() => Self::unavailable(error),
            other => Self::internal(other),
        }
    }
}

impl From<ParametersError> for OAuthFailure {
    fn from(error: ParametersError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self::from_rule(&error).with_status(status)
    }
}
