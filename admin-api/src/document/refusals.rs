//! How operations refuse, as the document says it: each kind of problem is described once, and named by operations.

use actix_web::http::Method;
use serde_json::{Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::conventions;
use crate::operation::Registered;
use crate::problem::ProblemKind;

/// Each with what it says of a call that there could be.
const KINDS: [(ProblemKind, &str); 13] = [
    (
        ProblemKind::MalformedRequest,
        "There is no member `slugg`; did you mean `slug`?",
    ),
    (
        ProblemKind::Unauthorized,
        "Send Authorization: Bearer with an admin key that is neither expired nor revoked, or with an access token.",
    ),
    (
        ProblemKind::Forbidden,
        "This needs the scope `clients:write`.",
    ),
    (
        ProblemKind::NotFound,
        "There is nothing with this id in the tenant.",
    ),
    (
        ProblemKind::Conflict,
        "There is one of this name already; choose another.",
    ),
    (
        ProblemKind::PreconditionFailed,
        "It was changed since: its ETag is \"sGdPmMYcNWs_E6R2MAhdLQ\". Look at it again, and send If-Match with that.",
    ),
    (ProblemKind::BodyTooLarge, "Send at most 65536 bytes."),
    (
        ProblemKind::UnsupportedMediaType,
        "Send the body as application/json.",
    ),
    (
        ProblemKind::IdempotencyMismatch,
        "This key came with another request within 24 hours; choose a new one for a new request.",
    ),
    (
        ProblemKind::FetchFailed,
        "No tools were listed, and nothing was changed: the server wants a credential (status 401); send one as `credential`.",
    ),
    (
        ProblemKind::TooManyRequests,
        "Try again after as many seconds as Retry-After says.",
    ),
    (
        ProblemKind::Internal,
        "The log of the server has more under this error_id.",
    ),
    (
        ProblemKind::Unavailable,
        "Try again soon; nothing is known to have changed.",
    ),
];

/// All of them, as components.
pub fn define(components: &mut Components) {
    for (kind, detail) in KINDS {
        let response = RefOr::T(response(kind, detail));
        components.responses.insert(component(kind), response);
    }
}

/// What one operation may refuse with, besides what it says itself.
pub fn describe(operation: &mut Operation, registered: &Registered, path: &str, method: &Method) {
    let is_write = registered.rule.access.is_write();
    let has_body = crate::request::has_body(method);
    for (kind, _) in KINDS {
        let can_be = match kind {
            ProblemKind::NotFound => path.contains('{'),
            ProblemKind::BodyTooLarge | ProblemKind::UnsupportedMediaType => has_body,
            ProblemKind::Conflict | ProblemKind::PreconditionFailed => is_write,
            // Whoever asks another's host within the call.
            ProblemKind::FetchFailed => {
                is_write
                    && (path.contains("/tools/") || path.ends_with("/issuer-hosts/{id}/verify"))
            }
            ProblemKind::IdempotencyMismatch => is_write && method == Method::POST,
            _ => true,
        };
        if can_be {
            let status = kind.status().as_u16().to_string();
            let all = &mut operation.responses.responses;
            let reference = Ref::from_response_name(component(kind));
            all.entry(status).or_insert(RefOr::Ref(reference));
        }
    }
}

/// `not-found` is `NotFound`.
fn component(kind: ProblemKind) -> String {
    let words = kind.name().split('-');
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    };
    words.map(capital).collect()
}

fn response(kind: ProblemKind, detail: &str) -> Response {
    // One status, several kinds.
    let description = match kind {
        ProblemKind::MalformedRequest => "The request cannot be read, or a value is not acceptable",
        _ => kind.title(),
    };
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .example(Some(example(kind, detail)))
        .build();
    let mut response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build();
    let status = kind.status().as_u16().to_string();
    conventions::add_headers_of_all(&mut response, &status);
    response
}

fn example(kind: ProblemKind, detail: &str) -> Value {
    json!({
        "type": format!("urn:writ:problem:{}", kind.name()),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "detail": detail,
        "error_id": "0f8b2c6d1a7e",
    })
}
