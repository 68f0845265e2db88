//! Why a step ends on a page of ours, on its way to becoming that page.
//!
//! Not here: the words (`trouble`), and errors that the client may hear of (`refusal`). To let one
//! more kind of error end a step: a `From` for it.

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::{StatusCode, header};
use authority::grants::GrantError;
use authority::limits::RateLimited;
use protocol::ErrorCode;
use protocol::authorization::PageError;
use protocol::error_code::ProtocolError;
use store::StoreError;

use super::form::Unreadable;
use super::trouble::Trouble;
use crate::http::body::BodyError;
use crate::pages::error::{DeveloperNote, ErrorPage};
use crate::pages::{self, Frame};
use crate::tenancy::TenantRequest;

/// Boxed: it is the rare arm of every result here.
#[derive(Debug)]
pub struct Stop(Box<Reason>);

#[derive(Debug)]
struct Reason {
    trouble: Trouble,
    status: StatusCode,
    /// For the log alone.
    cause: String,
    /// For whoever builds the client.
    detail: String,
    code: &'static str,
    /// The host of the application that has the problem.
    application: Option<String>,
    note: Option<DeveloperNote>,
    retry_after_seconds: Option<u64>,
    answered: Option<HttpResponse>,
}

/// How long to wait after an outage.
const RETRY_AFTER_SECONDS: u64 = 2;

impl Stop {
    pub fn new(trouble: Trouble) -> Self {
        let is_outage = trouble == Trouble::Unavailable;
        Self(Box::new(Reason {
            trouble,
            status: trouble.status(),
            cause: String::new(),
            detail: String::new(),
            code: "",
            application: None,
            note: None,
            retry_after_seconds: is_outage.then_some(RETRY_AFTER_SECONDS),
            answered: None,
        }))
    }

    /// An answer that is no page.
    pub fn answered(response: HttpResponse) -> Self {
        let mut stop = Self::new(Trouble::UnknownClient);
        stop.0.answered = Some(response);
        stop
    }

    /// What a step was decided from ended before its answer was written: it can be decided again.
    pub fn is_overtaken(&self) -> bool {
        matches!(
            self.0.trouble,
            Trouble::SignedOut | Trouble::ConsentWithdrawn
        )
    }

    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.0.cause = cause.to_string();
        self
    }

    /// Whose problem it is, and what they should know.
    pub fn about(mut self, application: Option<String>, note: DeveloperNote) -> Self {
        self.0.application = application;
        self.0.note = Some(note);
        self
    }

    /// For whoever builds the client.
    pub fn with_code(mut self, code: ErrorCode, detail: &str) -> Self {
        self.0.code = code.as_str();
        detail.clone_into(&mut self.0.detail);
        self
    }

    fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    pub fn respond(self, request: &TenantRequest) -> HttpResponse {
        let reason = *self.0;
        if let Some(response) = reason.answered {
            return response;
        }
        let error_id = request.request_id;
        let (trouble, cause) = (reason.trouble, reason.cause.as_str());
        if trouble == Trouble::Internal {
            tracing::error!(%error_id, ?trouble, cause, "a sign-in stopped");
        } else {
            tracing::info!(%error_id, ?trouble, cause, "a sign-in stopped");
        }
        let words = trouble.words();
        let tenant = request.tenant.display_name();
        let page = ErrorPage {
            frame: Frame::of_tenant(tenant),
            what: words.what.to_owned(),
            why: words.why.to_owned(),
            advice: words.advice.to_owned(),
            contact: format!("an administrator of {tenant}"),
            error_id: error_id.to_string(),
            code: reason.code.to_owned(),
            detail: reason.detail,
            application: reason.application,
            note: reason.note,
            back: None,
            retry: None,
        };
        let mut response = pages::respond(reason.status, &page);
        if let Some(seconds) = reason.retry_after_seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        response
    }
}

impl From<PageError> for Stop {
    fn from(error: PageError) -> Self {
        let trouble = match error {
            PageError::UnknownClient => Trouble::UnknownClient,
            PageError::ClientDisabled => Trouble::ClientDisabled,
            PageError::RedirectUri(_) => Trouble::RedirectUriMismatch,
            PageError::PendingNotUsable => Trouble::UnknownPending,
            PageError::Parameters(_) | PageError::ClientMissing | PageError::Repeated(_) => {
                Trouble::UnreadableRequest
            }
        };
        let status = StatusCode::from_u16(error.page_status()).unwrap_or(trouble.status());
        let mut stop = Self::new(trouble)
            .with_status(status)
            .because(format!("{error:?}"));
        stop.0.detail = error.to_string();
        stop.0.code = error.code().as_str();
        stop
    }
}

/// Q3: an outage is 503, never a verdict.
impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        let trouble = if error.is_unavailable() {
            Trouble::Unavailable
        } else {
            Trouble::Internal
        };
        Self::new(trouble).because(error)
    }
}

impl From<GrantError> for Stop {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::AlreadyUsed => Self::new(Trouble::PendingUsed),
            GrantError::ClientGone => Self::new(Trouble::UnknownClient).because(error),
            GrantError::ResourceGone => Self::new(Trouble::ResourceGone).because(error),
            GrantError::SessionEnded => Self::new(Trouble::SignedOut).because(error),
            GrantError::ConsentWithdrawn => Self::new(Trouble::ConsentWithdrawn),
            GrantError::TooManyClients => Self::new(Trouble::NoRoom).because(error),
            GrantError::Store(error) => error.into(),
        }
    }
}

impl From<BodyError> for Stop {
    fn from(error: BodyError) -> Self {
        Self::new(Trouble::UnreadableRequest)
            .with_status(error.status())
            .because(error)
    }
}

impl From<Unreadable> for Stop {
    fn from(_: Unreadable) -> Self {
        Self::new(Trouble::UnreadableRequest)
    }
}

impl From<RateLimited> for Stop {
    fn from(limited: RateLimited) -> Self {
        let mut stop = Self::new(Trouble::TooManyTries).because(limited);
        stop.0.retry_after_seconds = Some(limited.retry_after_seconds());
        stop
    }
}

/// Sets a cookie on a finished answer.
pub fn add_cookie(response: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), Stop> {
    response
        .add_cookie(cookie)
        .map_err(|error| Stop::new(Trouble::Internal).because(error))
}
