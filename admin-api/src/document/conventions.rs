//! What operations have in common, as the document says it: docs/api-design.md has the whole list.

use actix_web::http::Method;
use serde_json::json;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Components, Ref, RefOr, Required, Response, ResponseBuilder};

use crate::operation::Registered;
use crate::request::MERGE_PATCH;

const IF_MATCH: &str = "If-Match";
const IF_NONE_MATCH: &str = "If-None-Match";
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const DRY_RUN: &str = "dry_run";
const DRY_RUN_IMPOSSIBLE: &str = "dry_run_impossible";

const HEADERS: [(&str, &str); 6] = [
    ("ETag", "This version of the thing, for If-Match."),
    ("Location", "Where the thing is."),
    ("Writ-Dry-Run", "`true`: nothing was changed."),
    (
        "Idempotency-Replayed",
        "`true`: this is the answer to an earlier call with the same Idempotency-Key.",
    ),
    (
        "RateLimit",
        "Your calls that are left, and the seconds until all are there again.",
    ),
    ("RateLimit-Policy", "Your calls, and in how many seconds."),
];

/// Each is described once, and named by operations.
pub fn define(components: &mut Components) {
    let tag = "\"sGdPmMYcNWs_E6R2MAhdLQ\"";
    let parameters = [
        (DRY_RUN, dry_run(true)),
        (DRY_RUN_IMPOSSIBLE, dry_run(false)),
        (
            IF_MATCH,
            header(
                IF_MATCH,
                "The ETag that the thing must have for the change to be made; `*`: any. Another one is answered with 412.",
                tag,
            ),
        ),
        (
            IDEMPOTENCY_KEY,
            header(
                IDEMPOTENCY_KEY,
                "Chosen by you, 1 to 255 visible ASCII characters. Repeated with the same request within 24 hours, the \
                 call is not made again and gets the same answer; with another request it is refused with 422.",
                "5f0c1a86-5b0e-4f0a-9f6d-2b1c7d4e8a90",
            ),
        ),
        (
            IF_NONE_MATCH,
            header(
                IF_NONE_MATCH,
                "The ETag that you have; while it is current, the answer is 304.",
                tag,
            ),
        ),
    ];
    for (name, parameter) in parameters {
        let parameter = RefOr::T(parameter);
        components.parameters.insert(name.to_owned(), parameter);
    }
    for (name, description) in HEADERS {
        let header = RefOr::T(response_header(description));
        components.headers.insert(name.to_owned(), header);
    }
}

/// Adds them to one operation.
pub fn describe(operation: &mut Operation, registered: &Registered, method: &Method) {
    let parameters = parameters_of(registered, method);
    if !parameters.is_empty() {
        let all = operation.parameters.get_or_insert_with(Vec::new);
        let named = |name: &str| RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")));
        all.extend(parameters.into_iter().map(named));
    }
    if method == Method::PATCH
        && let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(content) = body.content.get("application/json").cloned()
    {
        body.content.insert(MERGE_PATCH.to_owned(), content);
    }
    let is_conditional = method == Method::GET && registered.has_etag;
    if is_conditional {
        let unchanged = ResponseBuilder::new()
            .description("It is as If-None-Match says.")
            .build();
        operation
            .responses
            .responses
            .insert("304".to_owned(), RefOr::T(unchanged));
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        add_headers(response, status, registered, method);
    }
}

fn parameters_of(registered: &Registered, method: &Method) -> Vec<&'static str> {
    if registered.rule.access.is_write() {
        let dry_run = if registered.can_be_tried {
            DRY_RUN
        } else {
            DRY_RUN_IMPOSSIBLE
        };
        let repeated = (method == Method::POST).then_some(IDEMPOTENCY_KEY);
        [dry_run, IF_MATCH].into_iter().chain(repeated).collect()
    } else if method == Method::GET && registered.has_etag {
        vec![IF_NONE_MATCH]
    } else {
        Vec::new()
    }
}

fn dry_run(can_be_tried: bool) -> Parameter {
    let description = if can_be_tried {
        "`true`: everything is done and undone again. The answer is the one that there would be, with \
         `Writ-Dry-Run: true`; ids and secrets in it are good for nothing."
    } else {
        "`true` is refused with 400 (`dry-run-impossible`): what this does cannot be undone."
    };
    let schema = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .default(Some(json!(false)))
        .build();
    ParameterBuilder::new()
        .name("dry_run")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn header(name: &str, description: &str, example: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .example(Some(json!(example)))
        .build()
}

fn add_headers(response: &mut Response, status: &str, registered: &Registered, method: &Method) {
    let is_good = status.starts_with('2') || status == "304";
    if is_good && registered.has_etag {
        add_header(response, "ETag");
    }
    if status == "201" {
        add_header(response, "Location");
    }
    if status.starts_with('2') && registered.rule.access.is_write() {
        add_header(response, "Writ-Dry-Run");
        if method == Method::POST {
            add_header(response, "Idempotency-Replayed");
        }
    }
    add_headers_of_all(response, status);
}

/// Those of every answer to somebody. Whoever is nobody yet is counted by address, and told nothing.
pub fn add_headers_of_all(response: &mut Response, status: &str) {
    if status != "401" {
        add_header(response, "RateLimit");
        add_header(response, "RateLimit-Policy");
    }
}

fn add_header(response: &mut Response, name: &str) {
    let reference = RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
    let header = response.headers.entry(name.to_owned());
    header.or_insert(reference);
}

fn response_header(description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(Type::String).build();
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}
