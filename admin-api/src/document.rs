//! The OpenAPI document, made from the same list as the routes.
//!
//! What every operation has in common is added here and not in thirty attributes: the security it
//! needs (from its principal), and the problems it can answer with.

mod conventions;
mod refusals;

use std::sync::LazyLock;

use actix_web::http::Method;
use utoipa::OpenApi;
use utoipa::openapi::Components;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};

use crate::operation::Registered;
use crate::routes::{self, Collected};

const SECURITY: &str = "admin_key";

/// The document of this API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Collected::openapi();
    let components = document.components.get_or_insert_with(Components::new);
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An admin key (`writ_ak_…`), the bootstrap key of the configuration, or an access token of the system \
             tenant for this API (`WRIT_ADMIN_URL`).",
        ))
        .build();
    components.add_security_scheme(SECURITY, SecurityScheme::Http(scheme));
    conventions::define(components);
    refusals::define(components);
    for registered in routes::registered() {
        if let Some((path, method, operation)) =
            find_operation(&mut document.paths.paths, registered.operation_id)
        {
            complete(operation, &registered, &path, &method);
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

fn complete(operation: &mut Operation, registered: &Registered, path: &str, method: &Method) {
    let rule = registered.rule;
    let scope = rule.scope().to_string();
    operation.security = Some(vec![SecurityRequirement::new(SECURITY, [scope])]);
    // One extension: of several the order would be another every time.
    let access = ExtensionsBuilder::new().add("x-writ-access", rule.access.as_str());
    operation.extensions = Some(access.build());
    let access_note = rule.description();
    operation.description = Some(match operation.description.take() {
        Some(description) if !description.is_empty() => format!("{description}\n\n{access_note}"),
        _ => access_note,
    });
    conventions::describe(operation, registered, method);
    refusals::describe(operation, registered, path, method);
}
