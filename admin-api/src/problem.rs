//! What a refused call gets: `application/problem+json` (RFC 9457), with words that say what to do.
//!
//! One kind per situation, each with its status. What went wrong inside (`cause`) goes to the log
//! under the same `error_id` that the caller sees, and nowhere else.
//!
//! To add one more: a variant of `ProblemKind`, its lines below, and what it says in `document/refusals.rs`
//! if operations are documented with it.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use authority::limits::RateLimited;
use serde::Serialize;
use store::{QuotaKind, StoreError};
use utoipa::ToSchema;

use crate::api::Api;
use crate::{audit, sign_in};

/// The closed list of situations; `type` of the answer is `urn:writ:problem:{name}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request cannot be read: not JSON, a forged cursor, a parameter that does not exist.
    MalformedRequest,
    /// It was read, and a value in it is not acceptable.
    InvalidValue,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    BodyTooLarge,
    UnsupportedMediaType,
    /// `If-Match` names another version than there is.
    PreconditionFailed,
    /// An `Idempotency-Key` came again with another request.
    IdempotencyMismatch,
    /// The tenant has as many of these as it may have.
    QuotaReached,
    /// A change that cannot be undone cannot be tried.
    DryRunImpossible,
    /// Another's host was asked, and did not answer as it should.
    FetchFailed,
    /// Too many calls from one address were refused for their key, or of one caller altogether.
    TooManyRequests,
    Busy,
    /// Others changed the same tenant for too long.
    Contended,
    Internal,
    Unavailable,
}

impl ProblemKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformed-request",
            Self::InvalidValue => "invalid-value",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Conflict => "conflict",
            Self::BodyTooLarge => "body-too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::PreconditionFailed => "precondition-failed",
            Self::IdempotencyMismatch => "idempotency-mismatch",
            Self::QuotaReached => "quota-reached",
            Self::DryRunImpossible => "dry-run-impossible",
            Self::FetchFailed => "fetch-failed",
            Self::TooManyRequests => "too-many-requests",
            Self::Busy => "busy",
            Self::Contended => "contended",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    pub const fn status(self) -> StatusCode {
        match self {
            Self::MalformedRequest | Self::InvalidValue | Self::DryRunImpossible => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict | Self::QuotaReached => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            // Ours is well, so no 5xx; the same call may do better later, so no 400.
            Self::FetchFailed => StatusCode::FAILED_DEPENDENCY,
            Self::IdempotencyMismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy | Self::Contended | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::MalformedRequest => "The request cannot be read",
            Self::InvalidValue => "A value is not acceptable",
            Self::Unauthorized => "A valid admin key or access token is needed",
            Self::Forbidden => "The caller may not do that",
            Self::NotFound => "There is no such thing",
            Self::MethodNotAllowed => "This method does not work here",
            Self::Conflict => "Something else stands against it",
            Self::BodyTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body must be JSON",
            Self::PreconditionFailed => "It was changed since",
            Self::IdempotencyMismatch => "This Idempotency-Key belongs to another call",
            Self::QuotaReached => "The tenant's quota is reached",
            Self::DryRunImpossible => "This cannot be tried",
            Self::FetchFailed => "Another host did not answer as it should",
            Self::TooManyRequests => "Too many calls",
            Self::Busy => "Too much is going on",
            Self::Contended => "Others are changing this tenant",
            Self::Internal => "Something went wrong here",
            Self::Unavailable => "The database cannot be reached",
        }
    }
}

/// One member of the body (or of the query) and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The member, written as a path: `redirect_uris[1]`, `scopes[0].name`.
    #[schema(example = "redirect_uris[1]")]
    pub field: String,
    #[schema(example = "A redirect URI may not have a fragment: remove everything from # on.")]
    pub detail: String,
}

/// The body of every refusal (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemOut<'a> {
    /// Stable; scripts match on it.
    #[serde(rename = "type")]
    #[schema(example = "urn:writ:problem:invalid-value")]
    problem_type: String,
    #[schema(example = "A value is not acceptable")]
    title: &'a str,
    #[schema(example = 400)]
    status: u16,
    /// What to do about it.
    #[schema(example = "1 value is not acceptable; see errors.")]
    detail: &'a str,
    /// Quote this when you report a problem: the log line carries it too.
    #[schema(example = "0f8b2c6d1a7e")]
    error_id: &'a str,
    #[serde(skip_serializing_if = "<[FieldProblem]>::is_empty")]
    errors: &'a [FieldProblem],
}

/// A refusal on its way out. Rendered in one place: `respond`.
#[derive(Debug)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldProblem>,
    cause: Option<String>,
    allow: Option<String>,
    /// Seconds.
    retry_after: Option<u64>,
    /// The one that is reached.
    quota: Option<QuotaKind>,
}

impl Problem {
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            cause: None,
            allow: None,
            retry_after: None,
            quota: None,
        }
    }

    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::MalformedRequest, detail)
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Unauthorized, detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Forbidden, detail)
    }

    pub fn conflict(field: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let errors = vec![FieldProblem {
            field: field.to_owned(),
            detail: detail.clone(),
        }];
        Self {
            errors,
            ..Self::new(ProblemKind::Conflict, detail)
        }
    }

    /// As things stand it cannot be; the words say what would have to be otherwise.
    pub fn conflicting_state(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Conflict, detail)
    }

    /// A unique key or foreign key stood against it: `explain` knows the constraint's name and says
    /// which member is meant, and what to do.
    pub fn from_conflict(
        error: StoreError,
        explain: impl Fn(&str) -> Option<(&'static str, String)>,
    ) -> Self {
        match error.conflict().and_then(&explain) {
            Some((field, detail)) => Self::conflict(field, detail).because(error),
            None => Self::from(error),
        }
    }

    /// Also the answer where the thing exists and belongs to another tenant.
    pub fn not_found(thing: &str, list: &str) -> Self {
        let detail = format!("No such {thing}. GET {list} lists those that exist.");
        Self::new(ProblemKind::NotFound, detail)
    }

    pub fn method_not_allowed(allow: String) -> Self {
        let detail = format!("Use one of: {allow}.");
        Self {
            allow: Some(allow),
            ..Self::new(ProblemKind::MethodNotAllowed, detail)
        }
    }

    /// The request cannot be read because of one member.
    pub fn malformed_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let error = FieldProblem {
            field: field.into(),
            detail: detail.into(),
        };
        let summary = if error.field.is_empty() {
            error.detail.clone()
        } else {
            format!("{}: {}", error.field, error.detail)
        };
        Self {
            errors: vec![error],
            ..Self::malformed(summary)
        }
    }

    pub fn invalid(errors: Vec<FieldProblem>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.field, one.detail),
            several => format!("{} values are not acceptable; see errors.", several.len()),
        };
        Self {
            errors,
            ..Self::new(ProblemKind::InvalidValue, detail)
        }
    }

    /// One member was read, and its value is not acceptable.
    pub fn invalid_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldProblem {
            field: field.into(),
            detail: detail.into(),
        }])
    }

    pub fn too_many_calls(limited: &RateLimited) -> Self {
        let detail = "You called more often than WRIT_ADMIN_CALLS_PER_MINUTE allows; wait as long as Retry-After says.";
        Self {
            retry_after: Some(limited.retry_after_seconds()),
            ..Self::new(ProblemKind::TooManyRequests, detail)
        }
        .because(limited)
    }

    pub fn too_many_failures(limited: &RateLimited) -> Self {
        let detail = "Too many calls from your address came without a valid admin key or access token; \
            correct it, and wait as long as Retry-After says.";
        Self {
            retry_after: Some(limited.retry_after_seconds()),
            ..Self::new(ProblemKind::TooManyRequests, detail)
        }
        .because(limited)
    }

    pub fn internal(cause: impl fmt::Display) -> Self {
        let detail = "Nothing was changed. Report the error_id to whoever runs this server.";
        Self::new(ProblemKind::Internal, detail).because(cause)
    }

    /// For the log only.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    pub const fn is_unauthorized(&self) -> bool {
        matches!(self.kind, ProblemKind::Unauthorized)
    }

    /// The same of one thing of many in a body: `resources[3].name`.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        for error in &mut self.errors {
            error.field = within(place, &error.field);
        }
        match self.kind {
            ProblemKind::InvalidValue => Self {
                cause: self.cause,
                ..Self::invalid(self.errors)
            },
            _ => self,
        }
    }

    #[cfg(test)]
    pub fn errors(&self) -> &[FieldProblem] {
        &self.errors
    }

    /// The answer; the log line under the same `error_id` is written here.
    /// Under the name of the request, which `X-Request-Id` has too.
    pub fn respond(&self, api: &Api, request: &HttpRequest) -> HttpResponse {
        let error_id = audit::request_id(request).unwrap_or_default();
        self.log(&error_id);
        if let Some(quota) = self.quota {
            let refusals = &api.authority().metrics().quota_refusals;
            refusals.with_label_values(&[quota.as_str()]).inc();
        }
        let mut response = HttpResponse::build(self.kind.status());
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(allow) = &self.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        match self.kind {
            ProblemKind::Unauthorized => {
                response.insert_header((header::WWW_AUTHENTICATE, sign_in::challenge(api)));
            }
            ProblemKind::Busy | ProblemKind::Contended | ProblemKind::Unavailable => {
                response.insert_header((header::RETRY_AFTER, "2"));
            }
            _ => {}
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        let body = ProblemOut {
            problem_type: format!("urn:writ:problem:{}", self.kind.name()),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: &self.detail,
            error_id: &error_id,
            errors: &self.errors,
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        response
            .content_type("application/problem+json")
            .body(bytes)
    }

    fn log(&self, error_id: &str) {
        let cause = self.cause.as_deref().unwrap_or_default();
        let name = self.kind.name();
        if self.kind.status().is_server_error() {
            tracing::error!(error_id, problem = name, cause, "admin call failed");
        } else {
            tracing::info!(error_id, problem = name, cause, "admin call refused");
        }
    }
}

fn within(place: &str, field: &str) -> String {
    if field.is_empty() {
        place.to_owned()
    } else {
        format!("{place}.{field}")
    }
}

/// Collects what is wrong with a body, so that one answer names every member at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldProblem>);

impl Faults {
    pub fn add(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldProblem {
            field: field.into(),
            detail: detail.into(),
        });
    }

    /// Takes the value, or notes the fault and gives nothing.
    pub fn take<T, E: fmt::Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result
            .map_err(|error| self.add(field, error.to_string()))
            .ok()
    }

    /// What is wrong with one of many things in a body, with its place; what is no fault of a value goes on.
    pub fn take_within<T>(
        &mut self,
        place: &str,
        read: Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(problem) if matches!(problem.kind, ProblemKind::InvalidValue) => {
                self.add_within(place, problem.errors);
                Ok(None)
            }
            Err(problem) => Err(problem.within(place)),
        }
    }

    pub fn add_within(&mut self, place: &str, errors: Vec<FieldProblem>) {
        let errors = errors.into_iter();
        self.0.extend(errors.map(|error| FieldProblem {
            field: within(place, &error.field),
            ..error
        }));
    }

    /// For one of many things in a body: the others may still be good.
    pub fn finish_row(self) -> Result<(), Vec<FieldProblem>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }

    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.0))
        }
    }
}

impl From<StoreError> for Problem {
    /// A conflict that the operation did not expect is a mistake of ours.
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Contended) {
            let detail = "Others changed this tenant for longer than a call waits. Nothing was changed; repeat the call.";
            return Self::new(ProblemKind::Contended, detail).because(error);
        }
        if error.is_unavailable() {
            let detail = "Nothing is known to have been changed. Look again in a moment, then repeat the call.";
            return Self::new(ProblemKind::Unavailable, detail).because(error);
        }
        if let StoreError::QuotaReached(quota) = error {
            let detail = format!(
                "The tenant may have no more {}; remove some, or have the platform raise the quota.",
                quota.as_str()
            );
            return Self {
                quota: Some(quota),
                ..Self::new(ProblemKind::QuotaReached, detail)
            };
        }
        Self::internal(error)
    }
}
