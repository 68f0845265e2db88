//! What a handler may take from a request besides its principal: a body, a query string, an id.
//!
//! Extractors run in the order in which the handler lists them, the principal first: nobody learns
//! from a body check whether a key would have been good. A query or body that no extractor reads
//! is refused, so an id can be in the path and nowhere else (row N3).
//!
//! To add one more: a type, `Extract` for it, and `READS` if it reads the query or the body.

use std::future::Future;
use std::str::FromStr;

use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpRequest, dev, web};
use authority::limits::Limit;
use serde::de::DeserializeOwned;

use crate::answer::RateLeft;
use crate::api::Api;
use crate::nearest;
use crate::objects::Objects;
use crate::principal::Caller;
use crate::problem::{Problem, ProblemKind};

/// Row R1.
pub const BODY_LIMIT: usize = 64 * 1024;
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// For imports.
pub const LARGE_BODY_LIMIT: usize = 4 * 1024 * 1024;
const BODY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
const JSON_DEPTH_LIMIT: usize = 32;
const VALUE_LIMIT: usize = 4 * 1024;

/// The part of the request that an extractor reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    Nothing,
    Query,
    Body,
}

/// A body, before and after somebody needed it.
enum Arriving {
    Unread(dev::Payload),
    Read(web::Bytes),
}

/// A request, as far as it was read.
pub struct Incoming {
    pub http: HttpRequest,
    pub api: Api,
    /// What is left of the caller's calls, once it is known who calls.
    pub rate: Option<RateLeft>,
    body: Arriving,
    body_limit: usize,
    /// Without what every change may say there.
    query: String,
    /// Whether such things were looked for.
    is_change: bool,
}

impl Incoming {
    pub fn new(http: HttpRequest, api: Api, payload: web::Payload, body_limit: usize) -> Self {
        let query = http.query_string().to_owned();
        Self {
            http,
            api,
            rate: None,
            body: Arriving::Unread(payload.into_inner()),
            body_limit,
            query,
            is_change: false,
        }
    }

    pub fn query(&self) -> &str {
        &self.query
    }

    /// `dry_run=true` or `false`, which is for the mechanism and for no handler.
    pub fn take_dry_run(&mut self) -> Result<bool, Problem> {
        let (said, rest): (Vec<&str>, Vec<&str>) = self
            .query
            .split('&')
            .partition(|pair| pair.split('=').next() == Some("dry_run"));
        let is_dry_run = match said.as_slice() {
            [] | ["dry_run=false"] => false,
            ["dry_run=true"] => true,
            _ => {
                let detail =
                    "Send dry_run=true to try a change without making it, once, or leave it out.";
                return Err(Problem::malformed_field("dry_run", detail));
            }
        };
        self.query = rest.join("&");
        self.is_change = true;
        Ok(is_dry_run)
    }

    /// Against the caller's own quota.
    pub async fn count_call(&mut self, caller: &Caller) -> Result<(), Problem> {
        let limits = self.api.authority().limits();
        let taken = limits
            .take_counted(Limit::AdminCalls, None, &caller.name())
            .await;
        self.rate = Some(RateLeft::of(limits.quota(Limit::AdminCalls), &taken));
        taken
            .map(drop)
            .map_err(|limited| Problem::too_many_calls(&limited))
    }

    /// A path segment, percent-decoded.
    pub async fn segment(&self, name: &str) -> Result<String, Problem> {
        let no_segment = || Problem::internal(format!("the route has no {{{name}}}"));
        // By position: actix-router cannot read a map's keys.
        let mut names = self.http.match_info().iter().map(|(name, _)| name);
        let position = names
            .position(|known| known == name)
            .ok_or_else(no_segment)?;
        let segments = web::Path::<Vec<String>>::extract(&self.http)
            .await
            .map_err(|error| Problem::malformed("The path cannot be decoded.").because(error))?;
        segments
            .into_inner()
            .into_iter()
            .nth(position)
            .ok_or_else(no_segment)
    }

    /// All of it; read once.
    pub async fn bytes(&mut self) -> Result<web::Bytes, Problem> {
        let nothing = Arriving::Read(web::Bytes::new());
        let bytes = match std::mem::replace(&mut self.body, nothing) {
            Arriving::Read(bytes) => bytes,
            Arriving::Unread(payload) => read_body(payload, self.body_limit).await?,
        };
        self.body = Arriving::Read(bytes.clone());
        Ok(bytes)
    }

    /// Refuses what nobody is going to read.
    pub async fn refuse_unread(&mut self, reads: &[Reads]) -> Result<(), Problem> {
        let query = self.query.as_str();
        if !reads.contains(&Reads::Query) && !query.is_empty() {
            let name = query
                .split(['=', '&'])
                .next()
                .unwrap_or_default()
                .to_owned();
            let told = match nearest::to(&name, ["dry_run"]) {
                Some(_) if self.is_change => {
                    "Did you mean `dry_run`? Nothing else may be said there."
                }
                _ => "This operation takes no query parameters.",
            };
            return Err(Problem::malformed_field(name, told));
        }
        // Some clients send an empty object where there is nothing to say.
        let is_nothing = |body: &[u8]| matches!(body.trim_ascii(), b"" | b"{}");
        if !reads.contains(&Reads::Body) && !is_nothing(&self.bytes().await?) {
            return Err(Problem::malformed(
                "This operation takes no body: the path says it all.",
            ));
        }
        Ok(())
    }
}

async fn read_body(payload: dev::Payload, limit: usize) -> Result<web::Bytes, Problem> {
    let body = actix_web::body::BodyStream::new(payload);
    let read = actix_web::body::to_bytes_limited(body, limit);
    // Row R2: a body that drips holds nothing for long.
    let Ok(read) = actix_web::rt::time::timeout(BODY_TIMEOUT, read).await else {
        return Err(Problem::malformed(
            "The body did not arrive within 10 seconds; send it again at once.",
        ));
    };
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            Err(Problem::malformed("The body broke off; send it again.").because(error))
        }
        Err(_) => Err(too_large(limit)),
    }
}

pub trait Extract: Sized {
    const READS: Reads = Reads::Nothing;
    /// Bytes that the body may have, for what reads it.
    const BODY_LIMIT: usize = BODY_LIMIT;

    fn extract(incoming: &mut Incoming) -> impl Future<Output = Result<Self, Problem>>;
}

impl Extract for Api {
    async fn extract(incoming: &mut Incoming) -> Result<Self, Problem> {
        Ok(incoming.api.clone())
    }
}

/// A JSON body. Types say `deny_unknown_fields`, so that a mistyped or read-only member is an
/// answer and not a surprise (row N4).
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> Extract for Body<T> {
    const READS: Reads = Reads::Body;

    async fn extract(incoming: &mut Incoming) -> Result<Self, Problem> {
        read_json(incoming).await.map(Self)
    }
}

/// The same for what is imported: many things at once.
pub struct LargeBody<T>(pub T);

impl<T: DeserializeOwned> Extract for LargeBody<T> {
    const READS: Reads = Reads::Body;
    const BODY_LIMIT: usize = LARGE_BODY_LIMIT;

    async fn extract(incoming: &mut Incoming) -> Result<Self, Problem> {
        read_json(incoming).await.map(Self)
    }
}

async fn read_json<T: DeserializeOwned>(incoming: &mut Incoming) -> Result<T, Problem> {
    require_json(&incoming.http)?;
    let bytes = incoming.bytes().await?;
    // A list would be taken for the members in their order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::malformed("Send a JSON object as the body."));
    }
    refuse_deep_json(&bytes)?;
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut reader))
        .map_err(|error| unreadable(&error))?;
    reader
        .end()
        .map_err(|error| Problem::malformed("Something follows the JSON object.").because(error))?;
    Ok(value)
}

/// What the standard library says of text that is no whole number; of which parameter, nobody knows any more.
const NO_NUMBER: &str = "invalid digit found in string";

/// A query string, with the same strictness as a body.
pub struct QueryString<T>(pub T);

impl<T: DeserializeOwned> Extract for QueryString<T> {
    const READS: Reads = Reads::Query;

    async fn extract(incoming: &mut Incoming) -> Result<Self, Problem> {
        let query = incoming.query();
        if query.len() > VALUE_LIMIT {
            return Err(Problem::malformed("The query string is longer than 4 KB."));
        }
        web::Query::<T>::from_query(query)
            .map(|query| Self(query.into_inner()))
            .map_err(|error| {
                let detail = error.to_string();
                let detail = detail
                    .strip_prefix("Query deserialize error: ")
                    .unwrap_or(&detail)
                    .to_owned();
                let told = nearest::explain(&detail).unwrap_or_else(|| detail.clone());
                let told = told.replace("There is no member", "There is no parameter");
                if told == NO_NUMBER {
                    return Problem::malformed(
                        "A parameter that is a number is none: send a whole number, such as 50.",
                    );
                }
                Problem::malformed_field(backticked(&detail).unwrap_or_default(), told)
            })
    }
}

/// The id at the end of the path, or in front of what hangs below it: `{id}`.
pub struct Id<T>(pub T);

impl<T: FromStr> Extract for Id<T> {
    /// A malformed id is an id that nothing has.
    async fn extract(incoming: &mut Incoming) -> Result<Self, Problem> {
        segment_as(incoming, "id").await.map(Self)
    }
}

/// The second id of a path: `{resource}/credentials/{credential_id}`, `{client}/secrets/{secret_id}`.
pub struct SubId<T>(pub T);

impl<T: FromStr> Extract for SubId<T> {
    async fn extract(incoming: &mut Incoming) -> Result<Self, Problem> {
        let last = incoming.http.match_info().iter().last();
        let name = last.map(|(name, _)| name.to_owned()).unwrap_or_default();
        segment_as(incoming, &name).await.map(Self)
    }
}

async fn segment_as<T: FromStr>(incoming: &Incoming, name: &str) -> Result<T, Problem> {
    let segment = incoming.segment(name).await?;
    segment.parse().map_err(|_| {
        let list = list_of(&incoming.http, name);
        Problem::not_found("id", &list)
    })
}

/// The path of the list that the segment of this name is in: what is before it.
fn list_of(http: &HttpRequest, name: &str) -> String {
    let pattern = http.match_pattern().unwrap_or_default();
    let place = format!("{{{name}}}");
    let before = pattern.split('/').take_while(|segment| *segment != place);
    let segments: Vec<&str> = http.path().split('/').take(before.count()).collect();
    segments.join("/")
}

/// `application/json`, or for a change of some members what RFC 7396 calls it; every PATCH here is one.
fn require_json(http: &HttpRequest) -> Result<(), Problem> {
    let sent = http
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = sent
        .and_then(|value| value.split(';').next())
        .map(str::trim)
        .unwrap_or_default();
    let is_merge = essence.eq_ignore_ascii_case(MERGE_PATCH) && http.method() == Method::PATCH;
    if is_merge || essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = if http.method() == Method::PATCH {
        "Send the body as JSON, with Content-Type: application/merge-patch+json or application/json."
    } else {
        "Send the body as JSON, with Content-Type: application/json."
    };
    Err(Problem::new(ProblemKind::UnsupportedMediaType, detail))
}

fn too_large(limit: usize) -> Problem {
    let kilobytes = limit / 1024;
    let detail = format!("A body may have at most {kilobytes} KB here; send less at once.");
    Problem::new(ProblemKind::BodyTooLarge, detail)
}

/// Counts brackets outside of strings, before any parser recurses (row R1).
fn refuse_deep_json(bytes: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_LIMIT {
            return Err(Problem::malformed(
                "The JSON is nested deeper than 32 levels.",
            ));
        }
    }
    Ok(())
}

/// Names the member: serde names it in words for unknown and missing ones, by path for the rest.
fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.is_syntax() || inner.is_eof() {
        return Problem::malformed(format!("The body is not valid JSON: {inner}."));
    }
    let full = inner.to_string();
    // serde_json appends " at line L column C", which says nothing about a member.
    let detail = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(detail, _)| detail);
    let path = error.path().to_string();
    let path = if path == "." || path == "?" {
        String::new()
    } else {
        path
    };
    let field = match backticked(detail) {
        Some(name) if names_a_member(detail) && last_segment(&path) != name => {
            if path.is_empty() {
                name
            } else {
                format!("{path}.{name}")
            }
        }
        _ => path,
    };
    let told = Some(detail)
        .filter(|detail| detail.starts_with("unknown field"))
        .and_then(|_| refuse_identity(&field))
        .or_else(|| nearest::explain(detail));
    Problem::malformed_field(field, told.unwrap_or_else(|| detail.to_owned()))
}

/// Row N3: which thing is meant is said by the path and by nothing else.
fn refuse_identity(field: &str) -> Option<String> {
    ["id", "tenant", "tenant_id"].contains(&field).then(|| {
        format!(
            "The path says which one is meant, and a body cannot say otherwise: leave {field} out."
        )
    })
}

fn names_a_member(detail: &str) -> bool {
    ["unknown field", "missing field", "duplicate field"]
        .iter()
        .any(|start| detail.starts_with(start))
}

fn last_segment(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn backticked(detail: &str) -> Option<String> {
    detail.split('`').nth(1).map(str::to_owned)
}

/// Whether a method has a body of its own here; used by the document as well.
pub fn has_body(method: &Method) -> bool {
    *method == Method::POST || *method == Method::PATCH
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Outer {
        slug: String,
        #[serde(default)]
        scopes: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        name: String,
    }

    fn field_named_for(json: &str) -> String {
        let mut reader = serde_json::Deserializer::from_str(json);
        let error = serde_path_to_error::deserialize::<_, Outer>(&mut reader).unwrap_err();
        unreadable(&error).errors().first().unwrap().field.clone()
    }

    /// Row N4: the answer names the member.
    #[test]
    fn an_unreadable_member_is_named_with_its_path() {
        assert_eq!(
            field_named_for(r#"{"slug":"a","tenant_id":"x"}"#),
            "tenant_id"
        );
        assert_eq!(field_named_for(r"{}"), "slug");
        assert_eq!(field_named_for(r#"{"slug":5}"#), "slug");
        assert_eq!(
            field_named_for(r#"{"slug":"a","scopes":[{"name":"x","id":1}]}"#),
            "scopes[0].id"
        );
        assert_eq!(
            field_named_for(r#"{"slug":"a","scopes":[{}]}"#),
            "scopes[0].name"
        );
        assert_eq!(field_named_for(r#"{"slug":"a","slug":"b"}"#), "slug");
    }

    /// Row R1.
    #[test]
    fn json_deeper_than_32_levels_is_refused_and_brackets_in_strings_do_not_count() {
        assert!(refuse_deep_json("[".repeat(33).as_bytes()).is_err());
        assert!(refuse_deep_json("[".repeat(32).as_bytes()).is_ok());
        assert!(refuse_deep_json(format!("\"\\\"{}\"", "[".repeat(99)).as_bytes()).is_ok());
    }
}
