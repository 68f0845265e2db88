//! What is answered is what the document says: status, media type, members.

use std::time::Duration;

use serde_json::json;

use super::document::Document;
use super::things::Things;
use crate::harness::TestApp;

/// They take 4 MB; all others 64 KB.
const LARGE: [&str; 7] = [
    "import_tenant",
    "import_users",
    "import_resource_tools",
    "check_resource_tools",
    "simulate_policies",
    "create_policy_version",
    "create_guard_rail_version",
];

/// N1, Q2: every operation works with the key that the document asks for, and answers as documented.
#[tokio::test]
async fn every_operation_answers_as_the_document_says() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    for (number, operation) in (1..).zip(document.operations()) {
        let api = if operation.access.starts_with("platform") {
            app.admin()
        } else {
            &acme.owner
        };
        let answer = acme.call(api, &operation, number).await;
        assert!(answer.status.is_success(), "{}: {answer:?}", operation.id);
        document.check(&operation, &answer);
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{}",
            operation.id
        );
        assert!(
            answer.header("cache-control").contains("no-store"),
            "{}: {answer:?}",
            operation.id
        );
        // What was made is somewhere; what was merely done is not.
        if answer.status == reqwest::StatusCode::CREATED {
            let location = answer.header("location").to_owned();
            assert!(
                location.starts_with("/admin/v1/"),
                "{}: {answer:?}",
                operation.id
            );
        }
    }
}

/// Q2, Q5: refusals are documented too: no body, not JSON, too much, another media type, unknown ids.
#[tokio::test]
async fn every_refusal_is_documented() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    for operation in document.operations() {
        let path = acme.path_of(&operation);
        let url = app.admin().url(&path);
        let request = || app.admin().wire().request(operation.method.clone(), &url);
        let mut refusals = vec![(request(), 401)];
        if operation.has_body() {
            let request = || request().bearer_auth(app.admin().key());
            let json = |body: String| {
                request()
                    .header("content-type", "application/json")
                    .body(body)
            };
            refusals.push((request(), 415));
            refusals.push((request().form(&[("a", "b")]), 415));
            refusals.push((json(String::new()), 400));
            refusals.push((json("{".to_owned()), 400));
            refusals.push((json("[]".to_owned()), 400));
            refusals.push((json("{} {}".to_owned()), 400));
            refusals.push((json("\u{feff}{}".to_owned()), 400));
            refusals.push((json("[".repeat(40)), 400));
            let is_large = LARGE.contains(&operation.id.as_str());
            let much = "x".repeat(if is_large { 5_000_000 } else { 70_000 });
            refusals.push((json(format!("{{\"name\":\"{much}\"}}")), 413));
        }
        // Thirty calls a minute without a key are answered with 401.
        app.clock().advance(Duration::from_secs(2));
        for (request, status) in refusals {
            let answer = crate::harness::Answer::of(request).await;
            assert_eq!(
                answer.status.as_u16(),
                status,
                "{}: {answer:?}",
                operation.id
            );
            document.check(&operation, &answer);
        }
        if operation.kind().is_some() {
            let path = acme.path_with(
                &operation,
                "00000000-0000-7000-8000-000000000000",
                acme.second_id_for(&operation),
            );
            let body = acme.body_of(&operation, 1);
            let answer = app
                .admin()
                .call(operation.method.clone(), &path, body.as_ref())
                .await;
            assert_eq!(answer.status.as_u16(), 404, "{}: {answer:?}", operation.id);
            document.check(&operation, &answer);
        }
    }
}

/// The validator itself: what is missing, undocumented or of another type is told.
#[tokio::test]
async fn an_answer_that_differs_from_the_document_is_noticed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let document = Document::of(&app).await;
    let operation = document.operation("list_users");
    acme.user("alice").await;
    let sound = app.admin().get(&acme.path("/users")).await;
    let faults = |change: fn(&mut serde_json::Value)| {
        let mut body = sound.json();
        change(&mut body);
        let mut answer = sound.clone();
        answer.body = body.to_string();
        document.faults_of_answer(&operation, &answer)
    };
    assert_eq!(faults(|_| ()), Vec::<String>::new());
    assert_eq!(
        faults(|body| body["data"][0]["password_hash"] = json!("x")).len(),
        1
    );
    assert_eq!(
        faults(|body| body["data"][0]["is_enabled"] = json!("yes")).len(),
        1
    );
    assert_eq!(
        faults(|body| drop(body["data"][0].as_object_mut().unwrap().remove("id"))).len(),
        1
    );
    let mut answer = sound.clone();
    answer.status = reqwest::StatusCode::IM_A_TEAPOT;
    assert_eq!(document.faults_of_answer(&operation, &answer).len(), 1);
}
