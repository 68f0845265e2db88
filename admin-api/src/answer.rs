//! What a handler gives back when it did what was asked, and how that becomes a response.
//!
//! To add one more form: a type, `Answer` for it, and `Shows` if it may be the answer of an operation that reads.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};
use authority::limits::{Allowance, Quota, RateLimited};
use serde::Serialize;

use crate::etag;
use crate::mutation::{Committed, Deed};
use crate::page::Page;
use crate::principal::{PlatformRead, PlatformTenantWrite, PlatformWrite, TenantRead, TenantWrite};
use crate::problem::Problem;

pub const DRY_RUN: &str = "writ-dry-run";
pub const REPLAYED: &str = "idempotency-replayed";

/// What a handler gives back when it did what was asked.
pub trait Answer {
    /// It shows one thing, which has versions.
    const HAS_ETAG: bool = false;
    /// `dry_run=true` is possible, where something is changed.
    const CAN_BE_TRIED: bool = true;

    fn render(self) -> Result<Rendered, Problem>;
}

/// 200 with the thing.
pub struct Found<T>(pub T);

/// 200 with a page of things.
pub struct Listed<T>(pub Page<T>);

/// 200 with a document that has a place of its own elsewhere (RFC 9110 §8.7), so that its body is what lies there.
pub struct FoundFor<T> {
    pub document: T,
    /// Where it belongs; none, where no place can be named.
    pub content_location: Option<String>,
}

/// 201 with the thing, and its secret when it has one: the only time that it is shown.
pub struct Created<T> {
    pub location: String,
    pub thing: T,
}

/// 204: done, nothing to say.
pub struct Done;

/// 200 with the answer to a question: no thing that has versions.
pub struct Told<T>(pub T);

/// 200 with what is sent while it is read.
pub struct Streamed {
    pub content_type: &'static str,
    pub body: BoxBody,
}

/// An answer, ready to be sent, or kept to be sent again.
pub struct Rendered {
    pub status: StatusCode,
    pub location: Option<String>,
    pub content_location: Option<String>,
    pub etag: Option<String>,
    pub content: Content,
    pub is_dry_run: bool,
    pub is_replayed: bool,
}

pub enum Content {
    Nothing,
    Json(Vec<u8>),
    Stream(&'static str, BoxBody),
}

impl Rendered {
    const fn new(status: StatusCode, content: Content) -> Self {
        Self {
            status,
            location: None,
            content_location: None,
            etag: None,
            content,
            is_dry_run: false,
            is_replayed: false,
        }
    }

    fn json(status: StatusCode, shown: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(shown).map_err(Problem::internal)?;
        Ok(Self::new(status, Content::Json(body)))
    }

    /// A body that is the thing itself carries its tag; what the audit saw is the thing without its secret.
    pub(crate) fn or_etag(self, etag: Option<String>) -> Self {
        let has_body = !matches!(self.content, Content::Nothing);
        Self {
            etag: etag.filter(|_| has_body).or(self.etag),
            ..self
        }
    }

    /// RFC 9110 §15.4.5.
    pub fn into_not_modified(self) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::NOT_MODIFIED);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(etag) = self.etag {
            response.insert_header((header::ETAG, etag));
        }
        response.finish()
    }

    pub fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if let Some(content_location) = self.content_location {
            response.insert_header((header::CONTENT_LOCATION, content_location));
        }
        if let Some(etag) = self.etag {
            response.insert_header((header::ETAG, etag));
        }
        if self.is_dry_run {
            response.insert_header((DRY_RUN, "true"));
        }
        if self.is_replayed {
            response.insert_header((REPLAYED, "true"));
        }
        with_content(response, self.content)
    }
}

/// What is left of a caller's calls (draft-ietf-httpapi-ratelimit-headers).
#[derive(Debug, Clone)]
pub struct RateLeft {
    pub quota: u32,
    pub window_seconds: u64,
    pub remaining: u32,
    pub reset_seconds: u64,
}

impl RateLeft {
    pub fn of(quota: Quota, taken: &Result<Allowance, RateLimited>) -> Self {
        let (remaining, reset_seconds) = match taken {
            Ok(allowance) => (allowance.remaining, allowance.full_in().as_secs() + 1),
            Err(limited) => (0, limited.retry_after_seconds()),
        };
        Self {
            quota: quota.burst.get(),
            window_seconds: quota.period.as_secs(),
            remaining,
            reset_seconds,
        }
    }
}

pub fn add_rate_limit(headers: &mut header::HeaderMap, rate: &RateLeft) {
    let policy = format!("\"calls\";q={};w={}", rate.quota, rate.window_seconds);
    let left = format!("\"calls\";r={};t={}", rate.remaining, rate.reset_seconds);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = header::HeaderValue::from_str(&value) {
            headers.insert(header::HeaderName::from_static(name), value);
        }
    }
}

fn with_content(mut response: HttpResponseBuilder, content: Content) -> HttpResponse {
    match content {
        Content::Nothing => response.finish(),
        Content::Json(body) => response.content_type("application/json").body(body),
        Content::Stream(content_type, body) => response.content_type(content_type).body(body),
    }
}

impl<T: Serialize> Answer for Found<T> {
    const HAS_ETAG: bool = true;

    fn render(self) -> Result<Rendered, Problem> {
        Ok(Rendered {
            etag: etag::of(&self.0),
            ..Rendered::json(StatusCode::OK, &self.0)?
        })
    }
}

impl<T: Serialize> Answer for FoundFor<T> {
    const HAS_ETAG: bool = true;

    fn render(self) -> Result<Rendered, Problem> {
        Ok(Rendered {
            content_location: self.content_location,
            ..Found(self.document).render()?
        })
    }
}

impl<T: Serialize> Answer for Listed<T> {
    /// Without a tag: a page's cursor is sealed anew each time.
    fn render(self) -> Result<Rendered, Problem> {
        Rendered::json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> Answer for Created<T> {
    const HAS_ETAG: bool = true;

    fn render(self) -> Result<Rendered, Problem> {
        Ok(Rendered {
            location: Some(self.location),
            ..Rendered::json(StatusCode::CREATED, &self.thing)?
        })
    }
}

impl Answer for Done {
    fn render(self) -> Result<Rendered, Problem> {
        Ok(Rendered::new(StatusCode::NO_CONTENT, Content::Nothing))
    }
}

impl<T: Serialize> Answer for Told<T> {
    fn render(self) -> Result<Rendered, Problem> {
        Rendered::json(StatusCode::OK, &self.0)
    }
}

impl Answer for Streamed {
    fn render(self) -> Result<Rendered, Problem> {
        let content = Content::Stream(self.content_type, self.body);
        Ok(Rendered::new(StatusCode::OK, content))
    }
}

/// What an operation that changes nothing may give back.
pub trait Shows: Answer {}

impl<T: Serialize> Shows for Found<T> {}
impl<T: Serialize> Shows for FoundFor<T> {}
impl<T: Serialize> Shows for Listed<T> {}
impl<T: Serialize> Shows for Told<T> {}
impl Shows for Streamed {}

/// What an operation may give back, by who may call it: one that writes, only what was committed on the one way.
pub trait AnswerTo<Caller>: Answer {}

impl<A: Shows, K> AnswerTo<TenantRead<K>> for A {}
impl<A: Shows, K> AnswerTo<PlatformRead<K>> for A {}
impl<A: Answer, K> AnswerTo<TenantWrite<K>> for Deed<A> {}
impl<A: Answer, K> AnswerTo<PlatformWrite<K>> for Deed<A> {}
impl<A: Answer, K> AnswerTo<PlatformTenantWrite<K>> for Deed<A> {}
impl<A: Answer, K> AnswerTo<TenantWrite<K>> for Committed<A> {}
impl<A: Answer, K> AnswerTo<PlatformWrite<K>> for Committed<A> {}
impl<A: Answer, K> AnswerTo<PlatformTenantWrite<K>> for Committed<A> {}
