//! The documents under `openapi/` say what this version answers.

use serde_json::Value;

use crate::harness::{TestApp, TestTenant};

const ADMIN: &str = include_str!("../openapi/admin-api.json");
const PUBLIC: &str = include_str!("../openapi/authorization-server.json");

#[track_caller]
fn is_current(file: &str, checked_in: &str, now: &str) {
    let first = checked_in
        .lines()
        .zip(now.lines())
        .position(|(before, after)| before != after);
    let place = first.map_or_else(
        || "at its end".to_owned(),
        |line| format!("from line {}", line + 1),
    );
    assert!(
        checked_in == now,
        "openapi/{file} is out of date {place}; run `make openapi`"
    );
}

/// The documents that are checked in are the ones that the code makes, byte for byte.
#[tokio::test]
async fn openapi_files_are_current() {
    is_current(
        "authorization-server.json",
        PUBLIC,
        &server::openapi::public_document_json(),
    );
    let app = TestApp::start().await;
    let served = app
        .admin()
        .get("/admin/v1/openapi.json")
        .await
        .expect_status(200);
    is_current("admin-api.json", ADMIN, &served.body);
}

/// Every operation of the public document is there, under the method that it names.
#[tokio::test]
async fn the_public_document_describes_what_answers() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let document: Value = serde_json::from_str(PUBLIC).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let allowed = allow_of(&acme, path).await;
            assert!(
                allowed.contains(&method.to_uppercase()),
                "{method} {path}: {allowed:?}"
            );
        }
    }
}

/// A last segment that names one thing of many: any of them.
fn with_any_segment(path: &str) -> String {
    path.find('{')
        .map_or_else(|| path.to_owned(), |start| format!("{}any", &path[..start]))
}

async fn allow_of(tenant: &TestTenant, path: &str) -> Vec<String> {
    let request = tenant.wire().request(
        reqwest::Method::OPTIONS,
        &format!("{}{}", tenant.issuer, with_any_segment(path)),
    );
    let answer = crate::harness::Answer::of(request).await.expect_status(204);
    answer
        .header("allow")
        .split(", ")
        .map(str::to_owned)
        .collect()
}
