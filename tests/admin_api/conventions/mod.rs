//! What all operations have in common (docs/api-design.md), each rule tried on every operation that it is for.

mod bodies;
mod conditions;
mod dry_runs;
mod examples;
mod filters;
mod rate_limits;
mod repetitions;

use reqwest::Method;
use serde_json::Value;

use crate::harness::{AdminApi, Answer};

/// A call with a header more.
pub(super) async fn call_with(
    api: &AdminApi,
    method: &Method,
    path: &str,
    body: Option<&Value>,
    header: (&str, &str),
) -> Answer {
    let request = api.wire().request(method.clone(), &api.url(path));
    let request = request.bearer_auth(api.key()).header(header.0, header.1);
    Answer::of(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

/// A path with a parameter more.
fn with_query(path: &str, query: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{query}")
}
