//! Calls of the admin API: the key, pages, repetition where it is safe, and refusals.

use std::time::Duration;

use outbound::operator::{Operator, OperatorAnswer, OperatorError};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::asked::{Asked, new_idempotency_key};
pub(in crate::cli) use super::asked::{segment, tenant_path};
use super::failure::Failure;
use crate::cli::CliError;
use crate::cli::say::ReaderGone;

const JSON: &str = "application/json";
const JSON_LINES: &str = "application/jsonl";
const OK: u16 = 200;
const CREATED: u16 = 201;
const MERGE_PATCH: &str = "application/merge-patch+json";
/// What a list gives at once, at most.
const PAGE: usize = 200;
const ATTEMPTS: u32 = 4;
/// Who is told to wait longer comes again another time.
const LONGEST_WAIT: u64 = 30;

/// One admin API and who calls it.
#[derive(Debug)]
pub(in crate::cli) struct Api {
    operator: Operator,
    key: SecretString,
    /// Where the key was found, for who has the wrong one.
    key_from: String,
    is_dry_run: bool,
}

/// What came back of a call that was not refused.
#[derive(Debug)]
pub(in crate::cli) struct Answer {
    pub(in crate::cli) body: Value,
    pub(in crate::cli) etag: Option<String>,
    /// Where it belongs, of what is kept elsewhere.
    pub(in crate::cli) content_location: Option<String>,
}

impl Api {
    pub(super) fn new(
        operator: Operator,
        key: SecretString,
        key_from: String,
        is_dry_run: bool,
    ) -> Self {
        Self {
            operator,
            key,
            key_from,
            is_dry_run,
        }
    }

    pub(in crate::cli) fn is_dry_run(&self) -> bool {
        self.is_dry_run
    }

    /// A thing, or nothing of that name.
    pub(in crate::cli) async fn find(&self, path: &str) -> Result<Option<Answer>, CliError> {
        let answered = self.ask(&Asked::reading(path)).await?;
        match answered.status {
            404 => Ok(None),
            _ => Ok(Some(self.read(&Asked::reading(path), &answered)?)),
        }
    }

    pub(in crate::cli) async fn get(&self, path: &str) -> Result<Answer, CliError> {
        self.call(Asked::reading(path)).await
    }

    pub(in crate::cli) async fn post(&self, path: &str, body: &Value) -> Result<Answer, CliError> {
        self.post_after(path, body, None).await
    }

    /// A POST that makes something: whatever is not answered with 201 was no making.
    pub(in crate::cli) async fn create(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Answer, CliError> {
        self.call(Asked {
            method: "POST",
            body: Some((JSON, body)),
            is_dry_run: self.is_dry_run,
            makes: true,
            ..Asked::reading(path)
        })
        .await
    }

    /// A POST that would make something, only tried, whatever the command is called with.
    pub(in crate::cli) async fn try_create(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<(), CliError> {
        self.call(Asked {
            method: "POST",
            body: Some((JSON, body)),
            is_dry_run: true,
            makes: true,
            ..Asked::reading(path)
        })
        .await
        .map(|_| ())
    }

    /// A POST for what was seen under this ETag.
    pub(in crate::cli) async fn post_after(
        &self,
        path: &str,
        body: &Value,
        if_match: Option<&str>,
    ) -> Result<Answer, CliError> {
        self.call(Asked {
            method: "POST",
            body: Some((JSON, body)),
            if_match,
            is_dry_run: self.is_dry_run,
            ..Asked::reading(path)
        })
        .await
    }

    /// A POST that changes nothing, whatever it is called with.
    pub(in crate::cli) async fn ask_by_post(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Answer, CliError> {
        self.call(Asked {
            method: "POST",
            body: Some((JSON, body)),
            ..Asked::reading(path)
        })
        .await
    }

    /// A POST whose path says it all.
    pub(in crate::cli) async fn post_nothing(&self, path: &str) -> Result<Answer, CliError> {
        self.call(Asked {
            method: "POST",
            is_dry_run: self.is_dry_run,
            ..Asked::reading(path)
        })
        .await
    }

    /// `if_match`: the ETag of what the change was made for.
    pub(in crate::cli) async fn patch(
        &self,
        path: &str,
        body: &Value,
        if_match: Option<&str>,
    ) -> Result<Answer, CliError> {
        self.call(Asked {
            method: "PATCH",
            body: Some((MERGE_PATCH, body)),
            if_match,
            is_dry_run: self.is_dry_run,
            ..Asked::reading(path)
        })
        .await
    }

    pub(in crate::cli) async fn delete(
        &self,
        path: &str,
        if_match: Option<&str>,
    ) -> Result<Answer, CliError> {
        self.call(Asked {
            method: "DELETE",
            if_match,
            is_dry_run: self.is_dry_run,
            ..Asked::reading(path)
        })
        .await
    }

    /// The things of a list, page by page: `at_most` of them, and whether there are more.
    pub(in crate::cli) async fn list(
        &self,
        path: &str,
        filters: &[(String, String)],
        at_most: Option<usize>,
    ) -> Result<(Vec<Value>, bool), CliError> {
        let mut things: Vec<Value> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let wanted = at_most.map_or(PAGE, |limit| (limit - things.len()).min(PAGE));
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("limit", &wanted.to_string());
            query.extend_pairs(filters);
            if let Some(cursor) = &cursor {
                query.append_pair("cursor", cursor);
            }
            let page = self.get(&format!("{path}?{}", query.finish())).await?.body;
            let Value::Object(mut page) = page else {
                return Err(self.not_ours(&Asked::reading(path), OK));
            };
            let Some(Value::Array(data)) = page.remove("data") else {
                return Err(self.not_ours(&Asked::reading(path), OK));
            };
            things.extend(data);
            cursor = match page.remove("next_cursor") {
                Some(Value::String(next)) => Some(next),
                _ => return Ok((things, false)),
            };
            if at_most.is_some_and(|limit| things.len() >= limit) {
                return Ok((things, true));
            }
        }
    }

    /// An answer as it comes, to standard output.
    pub(in crate::cli) async fn stream(
        &self,
        path: &str,
        sink: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<(), CliError> {
        let asked = Asked::reading(path);
        let call = asked.call(None, None);
        let streamed = self
            .operator
            .stream(&call, Some(self.key.expose_secret()), sink);
        let answered = streamed.await.map_err(|error| match error {
            OperatorError::Sink(error) => ReaderGone::or(error),
            error => self.no_answer(&asked, &error),
        })?;
        if answered.is_success() {
            let media_type = answered.header("content-type").unwrap_or_default();
            return if media_type.starts_with(JSON_LINES) {
                Ok(())
            } else {
                Err(self.not_ours(&asked, answered.status))
            };
        }
        self.read(&asked, &answered).map(|_| ())
    }

    async fn call(&self, asked: Asked<'_>) -> Result<Answer, CliError> {
        let answered = self.ask(&asked).await?;
        let answer = self.read(&asked, &answered)?;
        // A server that does not know of dry runs would have made the change.
        if asked.is_dry_run && answered.header("writ-dry-run").is_none() {
            let told = format!(
                "{} is no dry run to this server: it was done",
                asked.words()
            );
            return Err(Failure::Unavailable(told).into());
        }
        Ok(answer)
    }

    /// The answer, good or not. Asks again where that is safe: it was refused unread, or it bears an idempotency key.
    async fn ask(&self, asked: &Asked<'_>) -> Result<OperatorAnswer, CliError> {
        let idempotency_key = (asked.method == "POST").then(new_idempotency_key);
        let body = asked.body.map(|(_, body)| body.to_string().into_bytes());
        let mut attempt = 1;
        loop {
            let call = asked.call(body.clone(), idempotency_key.clone());
            let key = Some(self.key.expose_secret());
            let wait = match self.operator.call(&call, key).await {
                Ok(answered) => match patience(&answered) {
                    Some(wait) if attempt < ATTEMPTS => wait,
                    _ => return Ok(answered),
                },
                Err(error) => {
                    let is_repeatable = asked.method == "GET" || idempotency_key.is_some();
                    if attempt == ATTEMPTS || !is_repeatable || !error.leaves_doubt() {
                        return Err(self.no_answer(asked, &error));
                    }
                    u64::from(attempt)
                }
            };
            tokio::time::sleep(Duration::from_secs(wait)).await;
            attempt += 1;
        }
    }

    fn read(&self, asked: &Asked<'_>, answered: &OperatorAnswer) -> Result<Answer, CliError> {
        let body = match answered.body.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body).unwrap_or(Value::Null),
        };
        if answered.is_success() {
            let is_made = !asked.makes || answered.status == CREATED;
            let is_told = asked.method == "DELETE" || body.is_object();
            if !is_made || !is_told {
                return Err(self.not_ours(asked, answered.status));
            }
            return Ok(Answer {
                body,
                etag: answered.header("etag").map(str::to_owned),
                content_location: answered.header("content-location").map(str::to_owned),
            });
        }
        let failure = Failure::of_answer(answered.status, &body, &asked.words());
        Err(match answered.status {
            401 => {
                let note = format!("the key came from {}", self.key_from);
                failure.noting(&note).into()
            }
            300..=399 => failure
                .noting("it answered with a redirect, which no key follows: name the right place with --url")
                .into(),
            _ => failure.into(),
        })
    }

    /// Something answers there, and well, but not as the admin API does.
    fn not_ours(&self, asked: &Asked<'_>, status: u16) -> CliError {
        let (words, base) = (asked.words(), self.operator.base());
        let text = format!(
            "{words} was answered with {status}, but this does not look like Writ's admin API: is {base} the right \
             --url? The admin key was sent there; if that place is not yours, make another key and revoke this one"
        );
        Failure::Refused { status, text }.into()
    }

    fn no_answer(&self, asked: &Asked<'_>, error: &OperatorError) -> CliError {
        let doubt = match (asked.method, error.leaves_doubt()) {
            ("GET", _) | (_, false) => "",
            (_, true) => "; it may have been done or not: look, and run the command again",
        };
        let base = self.operator.base();
        let told = error.to_string();
        // What rustls makes of an answer that is no TLS (RFC 8446 §5.1: an unknown content type).
        let is_plain = base.starts_with("https:") && told.contains("InvalidContentType");
        let hint = if is_plain {
            "; it speaks no TLS: did you mean http://?"
        } else {
            ""
        };
        Failure::Unavailable(format!(
            "{} at {base} has no answer: {told}{hint}{doubt}",
            asked.words()
        ))
        .into()
    }
}

/// How long to wait before asking again, of a server that could not do it just now.
fn patience(answered: &OperatorAnswer) -> Option<u64> {
    if !matches!(answered.status, 429 | 503) {
        return None;
    }
    let wait = answered.header("retry-after")?.trim().parse().ok()?;
    (wait <= LONGEST_WAIT).then_some(wait)
}
