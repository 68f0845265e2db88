//! Calls of the admin API: the key, pages, repetition where it is safe, and refusals.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::SystemRandom;
use outbound::operator::{Operator, OperatorAnswer, OperatorCall, OperatorError};
use protocol::Random as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::failure::Failure;
use crate::cli::CliError;

const JSON: &str = "application/json";
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

/// One call, in words as well.
#[derive(Debug, Clone)]
struct Asked<'a> {
    method: &'static str,
    path: &'a str,
    body: Option<(&'static str, &'a Value)>,
    if_match: Option<&'a str>,
    is_dry_run: bool,
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
                return Err(Failure::Unavailable(format!("{path} is no list")).into());
            };
            if let Some(Value::Array(data)) = page.remove("data") {
                things.extend(data);
            }
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
        let answered = streamed
            .await
            .map_err(|error| self.no_answer(&asked, &error))?;
        if answered.is_success() {
            return Ok(());
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

    fn no_answer(&self, asked: &Asked<'_>, error: &OperatorError) -> CliError {
        let doubt = match (asked.method, error.leaves_doubt()) {
            ("GET", _) | (_, false) => "",
            (_, true) => "; it may have been done or not: look, and run the command again",
        };
        let base = self.operator.base();
        Failure::Unavailable(format!(
            "{} at {base} has no answer: {error}{doubt}",
            asked.words()
        ))
        .into()
    }
}

impl<'a> Asked<'a> {
    fn reading(path: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            body: None,
            if_match: None,
            is_dry_run: false,
        }
    }

    fn words(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    fn call(&self, body: Option<Vec<u8>>, idempotency_key: Option<String>) -> OperatorCall {
        let mut headers = vec![("accept", JSON.to_owned())];
        if let Some(etag) = self.if_match {
            headers.push(("if-match", etag.to_owned()));
        }
        if let Some(key) = idempotency_key {
            headers.push(("idempotency-key", key));
        }
        let path = match (self.is_dry_run, self.path.contains('?')) {
            (false, _) => self.path.to_owned(),
            (true, false) => format!("{}?dry_run=true", self.path),
            (true, true) => format!("{}&dry_run=true", self.path),
        };
        let media_type = self.body.map_or(JSON, |(media_type, _)| media_type);
        OperatorCall {
            method: self.method,
            path,
            headers,
            body: body.map(|body| (media_type, body)),
        }
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

fn new_idempotency_key() -> String {
    let mut bytes = [0_u8; 18];
    SystemRandom.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A part of a path, percent-encoded: a client's id may be a URL.
pub(in crate::cli) fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

pub(in crate::cli) fn tenant_path(slug: &str) -> String {
    format!("/admin/v1/tenants/{}", segment(slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_holds_whatever_an_id_is() {
        assert_eq!(segment("notes-web_1.~"), "notes-web_1.~");
        assert_eq!(segment("https://a/b?c d"), "https%3A%2F%2Fa%2Fb%3Fc%20d");
    }

    #[test]
    fn a_dry_run_says_so_in_the_query() {
        let mut asked = Asked::reading("/a?b=c");
        assert_eq!(asked.call(None, None).path, "/a?b=c");
        asked.is_dry_run = true;
        assert_eq!(asked.call(None, None).path, "/a?b=c&dry_run=true");
        asked.path = "/a";
        assert_eq!(asked.call(None, None).path, "/a?dry_run=true");
    }

    #[test]
    fn no_two_calls_have_one_idempotency_key() {
        assert_ne!(new_idempotency_key(), new_idempotency_key());
        assert_eq!(new_idempotency_key().len(), 24);
    }
}
