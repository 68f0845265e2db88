//! The OpenAPI document, made from the same list as the routes.
//!
//! What every operation has in common is added here and not in thirty attributes: the security it
//! needs (from its principal), and the problems it can answer with.

use std::sync::LazyLock;

use actix_web::http::Method;
use utoipa::OpenApi;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr, ResponseBuilder};

use crate::principal::Access;
use crate::problem::ProblemKind;
use crate::routes::{self, Collected};

const SECURITY: &str = "admin_key";

/// The document of this API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Collected::openapi();
    let components = document.components.get_or_insert_with(Components::new);
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An admin key (`writ_ak_…`), or the bootstrap key of the configuration.",
        ))
        .build();
    components.add_security_scheme(SECURITY, SecurityScheme::Http(scheme));
    for registered in routes::registered() {
        if let Some((path, method, operation)) =
            find_operation(&mut document.paths.paths, registered.operation_id)
        {
            complete(operation, registered.access, &path, &method);
        }
    }
    document
}

/// The document as it is served and checked in: stable and readable, with a newline at the end.
pub fn openapi_json() -> String {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = serde_json::to_string_pretty(&openapi()).unwrap_or_default();
        text.push('\n');
        text
    });
    TEXT.clone()
}

/// Where the document says that an operation lives.
pub fn place_of(
    document: &mut utoipa::openapi::OpenApi,
    operation_id: &str,
) -> Option<(String, Method)> {
    find_operation(&mut document.paths.paths, operation_id).map(|(path, method, _)| (path, method))
}

fn find_operation<'a>(
    paths: &'a mut utoipa::openapi::path::PathsMap<String, PathItem>,
    operation_id: &str,
) -> Option<(String, Method, &'a mut Operation)> {
    for (path, item) in paths {
        let methods = [
            (Method::GET, &mut item.get),
            (Method::POST, &mut item.post),
            (Method::PATCH, &mut item.patch),
            (Method::PUT, &mut item.put),
            (Method::DELETE, &mut item.delete),
        ];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            if operation.operation_id.as_deref() == Some(operation_id) {
                return Some((path.clone(), method, operation));
            }
        }
    }
    None
}

fn complete(operation: &mut Operation, access: Access, path: &str, method: &Method) {
    operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(
        SECURITY,
        [],
    )]);
    operation.extensions = Some(
        ExtensionsBuilder::new()
            .add("x-writ-access", access.as_str())
            .build(),
    );
    let access_note = format!("Needs {}.", access.description());
    operation.description = Some(match operation.description.take() {
        Some(description) if !description.is_empty() => format!("{description}\n\n{access_note}"),
        _ => access_note,
    });
    let mut problems = vec![
        ProblemKind::MalformedRequest,
        ProblemKind::Unauthorized,
        ProblemKind::Forbidden,
        ProblemKind::TooManyRequests,
        ProblemKind::Internal,
        ProblemKind::Unavailable,
    ];
    if path.contains('{') {
        problems.push(ProblemKind::NotFound);
    }
    if crate::request::has_body(method) {
        problems.extend([
            ProblemKind::Conflict,
            ProblemKind::BodyTooLarge,
            ProblemKind::UnsupportedMediaType,
        ]);
    }
    problems.sort_by_key(|kind| kind.status());
    for kind in problems {
        let status = kind.status().as_u16().to_string();
        operation
            .responses
            .responses
            .entry(status)
            .or_insert_with(|| RefOr::T(problem_response(kind)));
    }
}

fn problem_response(kind: ProblemKind) -> utoipa::openapi::Response {
    let example = serde_json::json!({
        "type": format!("urn:writ:problem:{}", kind.name()),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "detail": "What to do about it.",
        "error_id": "0f8b2c6d1a7e",
    });
    // One status, two kinds.
    let description = match kind {
        ProblemKind::MalformedRequest => "The request cannot be read, or a value is not acceptable",
        _ => kind.title(),
    };
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .example(Some(example))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}
