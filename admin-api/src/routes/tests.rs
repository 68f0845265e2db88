use std::collections::BTreeSet;

use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpMessage as _, dev, web};
use crypto::{SecretKind, SecretToken, SystemRandom};
use serde_json::Value;

use super::*;
use crate::audit::RequestId;
use crate::testing;

struct Heard {
    status: StatusCode,
    headers: header::HeaderMap,
    body: Value,
    text: String,
}

/// As the server's middleware says it.
const REQUEST_ID: &str = "9f2c41d07ab3";

async fn ask(request: TestRequest) -> Heard {
    let api = web::Data::new(testing::api());
    let app = init_service(App::new().app_data(api).configure(configure)).await;
    let request = request.to_request();
    request
        .extensions_mut()
        .insert(RequestId(REQUEST_ID.into()));
    let response: dev::ServiceResponse = call_service(&app, request).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let text = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    Heard {
        status,
        headers,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}

fn request(method: &Method, path: &str) -> TestRequest {
    TestRequest::default().method(method.clone()).uri(path)
}

/// Every documented operation: method, and path with something in each segment.
fn documented() -> Vec<(String, Method, String)> {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{tenant}", "acme")
            .replace("{id}", "00000000-0000-7000-8000-000000000001")
            .replace("{credential_id}", "00000000-0000-7000-8000-000000000002")
            .replace("{secret_id}", "00000000-0000-7000-8000-000000000003");
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            operations.push((
                operation["operationId"].as_str().unwrap().to_owned(),
                method,
                path.clone(),
            ));
        }
    }
    operations
}

fn some_bearer(kind: SecretKind) -> String {
    format!(
        "Bearer {}",
        SecretToken::generate(kind, &SystemRandom).expose()
    )
}

#[test]
fn routes_and_document_are_the_same_list() {
    let routed: BTreeSet<String> = registered()
        .iter()
        .map(|one| one.operation_id.to_owned())
        .collect();
    let documented: BTreeSet<String> = documented()
        .into_iter()
        .map(|(operation_id, ..)| operation_id)
        .collect();
    assert_eq!(
        routed.len(),
        registered().len(),
        "an operation is listed once"
    );
    assert_eq!(routed, documented);
}

/// Row N1, as far as no database is needed; the rest of the row is in `tests/`.
#[actix_web::test]
async fn nothing_answers_without_an_admin_key() {
    let refused = [
        None,
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some("Basic YTpi".to_owned()),
        Some("Bearer the-bootstrap-key-of-the-test".to_owned()),
        Some("Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln".to_owned()),
        Some(some_bearer(SecretKind::ClientSecret)),
        Some(some_bearer(SecretKind::BrowserSession)),
    ];
    for (operation_id, method, path) in documented() {
        for credential in &refused {
            let mut request = request(&method, &path);
            if let Some(credential) = credential {
                request = request.insert_header((header::AUTHORIZATION, credential.as_str()));
            }
            let heard = ask(request).await;
            assert_eq!(
                heard.status,
                StatusCode::UNAUTHORIZED,
                "{operation_id} {credential:?}"
            );
            assert_eq!(
                heard.headers.get(header::CONTENT_TYPE).unwrap(),
                "application/problem+json"
            );
            assert!(heard.headers.contains_key(header::WWW_AUTHENTICATE));
            assert_eq!(heard.body["type"], "urn:writ:problem:unauthorized");
            assert_eq!(heard.body["error_id"], REQUEST_ID);
        }
    }
}

/// Row Q3: an outage is 503 with Retry-After, whatever the operation.
#[actix_web::test]
async fn a_database_outage_is_told_as_one() {
    for (operation_id, method, path) in documented() {
        for credential in [
            format!("Bearer {}", testing::BOOTSTRAP_KEY),
            some_bearer(SecretKind::AdminKey),
        ] {
            let heard =
                ask(request(&method, &path).insert_header((header::AUTHORIZATION, credential)))
                    .await;
            assert_eq!(
                heard.status,
                StatusCode::SERVICE_UNAVAILABLE,
                "{operation_id}"
            );
            assert!(heard.headers.contains_key(header::RETRY_AFTER));
            // Row Q2: nothing of what went wrong inside.
            assert!(!heard.text.contains("127.0.0.1") && !heard.text.contains("postgres"));
        }
    }
}

/// Row Q5.
#[actix_web::test]
async fn another_method_is_told_which_there_are() {
    for (_, _, path) in documented() {
        let heard = ask(request(&Method::PUT, &path)).await;
        assert_eq!(heard.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let allow = heard
            .headers
            .get(header::ALLOW)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let methods: BTreeSet<String> = documented()
            .into_iter()
            .filter(|(_, _, one)| *one == path)
            .map(|(_, method, _)| method.to_string())
            .collect();
        for method in methods {
            assert!(allow.contains(&method), "{path}: {allow}");
        }
        assert_eq!(
            ask(request(&Method::OPTIONS, &path)).await.status,
            StatusCode::NO_CONTENT
        );
    }
}

#[actix_web::test]
async fn an_unknown_path_is_a_problem_too() {
    for path in [
        "/admin/v1",
        "/admin/v1/",
        "/admin/v1/planets",
        "/admin/v1/tenants/",
        "/admin/v1/tenants/a/b/c/d/e/f",
    ] {
        let heard = ask(request(&Method::GET, path)).await;
        assert_eq!(heard.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(heard.body["type"], "urn:writ:problem:not-found", "{path}");
    }
}

/// They ask with a body, and change nothing.
const QUESTIONS: [&str; 3] = ["explain_policies", "simulate_policies", "diff_policies"];

#[test]
fn every_operation_says_what_it_needs_and_how_it_refuses() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = &operation["operationId"];
            let scopes = operation["security"][0]["admin_key"].as_array().unwrap();
            assert_eq!(scopes.len(), 1, "{name}");
            let scope = scopes[0].as_str().unwrap();
            let access = operation["x-writ-access"].as_str().unwrap();
            // Whoever changes something must be allowed to write.
            let changes = access.ends_with("-write");
            assert_eq!(scope.ends_with(":write"), changes, "{name}");
            let is_question = QUESTIONS.contains(&name.as_str().unwrap());
            assert_eq!(changes, method != "get" && !is_question, "{name}");
            // Above tenants nobody acts with a tenant's key.
            assert_eq!(
                access.starts_with("platform-") && access.split('-').count() == 2,
                !path.contains("{tenant}"),
                "{name}"
            );
            assert!(
                operation["summary"]
                    .as_str()
                    .is_some_and(|summary| !summary.is_empty()),
                "{name}"
            );
            for status in ["400", "401", "403", "500", "503"] {
                let named = operation["responses"][status]["$ref"].as_str();
                let response = named.map_or(&operation["responses"][status], |named| {
                    document.pointer(&named[1..]).unwrap()
                });
                assert!(
                    response["content"]["application/problem+json"].is_object(),
                    "{name} {status}"
                );
            }
        }
    }
    assert!(document["components"]["schemas"]["Problem"].is_object());
    assert_eq!(
        document["components"]["securitySchemes"]["admin_key"]["scheme"],
        "bearer"
    );
}

#[test]
fn what_the_document_refers_to_is_in_it() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    found.insert(reference.to_owned());
                }
                members
                    .values()
                    .for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[actix_web::test]
async fn the_page_is_served_from_here_and_calls_nobody_else() {
    let page = ask(request(&Method::GET, "/admin/docs/")).await;
    assert_eq!(page.status, StatusCode::OK);
    let policy = page
        .headers
        .get(header::CONTENT_SECURITY_POLICY)
        .unwrap()
        .to_str()
        .unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"));
    assert!(!page.text.contains("//unpkg") && !page.text.contains("https://"));
    let script = ask(request(&Method::GET, "/admin/docs/swagger-initializer.js")).await;
    assert!(script.text.contains("/admin/v1/openapi.json"));
    assert!(script.text.contains("\"validatorUrl\": \"none\""));
    let document = ask(request(&Method::GET, "/admin/v1/openapi.json")).await;
    assert_eq!(document.text, crate::openapi_json());
    assert_eq!(
        ask(request(&Method::GET, "/admin/docs"))
            .await
            .headers
            .get(header::LOCATION)
            .unwrap(),
        "/admin/docs/"
    );
    assert_eq!(
        ask(request(&Method::GET, "/admin/docs/../../etc/passwd"))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn the_checked_in_document_is_current() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/admin-api.json");
    let checked_in = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        checked_in == crate::openapi_json(),
        "openapi/admin-api.json is out of date: make openapi"
    );
}
