//! `ETag`, `If-Match`, `If-None-Match` (RFC 9110 §8.8.3, §13.1).

use reqwest::Method;
use serde_json::json;

use super::super::document::{Document, Operation};
use super::super::is_problem;
use super::super::things::Things;
use super::call_with;
use crate::harness::TestApp;

fn shows_one_thing(operation: &Operation) -> bool {
    operation.method == Method::GET && !operation.takes_query("cursor") && operation.sends("ETag")
}

/// RFC 9110 §13.1.2: whoever has the current version is told so, and nothing more.
#[tokio::test]
async fn a_thing_is_sent_again_only_when_it_has_changed() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let operations = Document::of(&app).await.operations();
    let shown: Vec<&Operation> = operations
        .iter()
        .filter(|one| shows_one_thing(one))
        .collect();
    assert!(shown.len() > 5);
    for operation in shown {
        let path = acme.path_of(operation);
        let found = app.admin().get(&path).await.expect_status(200);
        let etag = found.header("etag");
        assert!(etag.starts_with('"') && etag.len() > 10, "{found:?}");
        for (known, status) in [(etag, 304), ("*", 304), ("\"another\"", 200)] {
            let header = ("if-none-match", known);
            let answer = call_with(app.admin(), &Method::GET, &path, None, header).await;
            assert_eq!(
                answer.status.as_u16(),
                status,
                "{}: {answer:?}",
                operation.id
            );
            assert_eq!(answer.header("etag"), etag, "{}", operation.id);
        }
    }
}

/// RFC 9110 §13.1.1: a change of another version than there is changes nothing, and says which there is.
#[tokio::test]
async fn a_change_of_another_version_is_refused() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    let before = app.database().db_rows().await;
    for operation in document.operations() {
        if ![Method::PATCH, Method::PUT, Method::DELETE].contains(&operation.method) {
            continue;
        }
        let (path, body) = (acme.path_of(&operation), acme.body_of(&operation, 1));
        for stale in ["\"another\"", "W/\"another\"", "\"a\", \"b\""] {
            let header = ("if-match", stale);
            let call = call_with(app.admin(), &operation.method, &path, body.as_ref(), header);
            let answer = call.await;
            is_problem(&answer, 412, "precondition-failed");
            document.check(&operation, &answer);
        }
        let header = ("if-match", "no-quotes");
        let call = call_with(app.admin(), &operation.method, &path, body.as_ref(), header);
        is_problem(&call.await, 400, "malformed-request");
    }
    assert_eq!(app.database().db_rows().await, before);
}

/// What one call shows is what the next can name: the tag of a GET is good for a change, and a change says the next.
#[tokio::test]
async fn the_tag_that_was_shown_is_the_one_that_is_compared() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let operations = Document::of(&app).await.operations();
    for (number, operation) in (1..).zip(&operations) {
        if ![Method::PATCH, Method::DELETE].contains(&operation.method) {
            continue;
        }
        let is_shown = |other: &&Operation| other.path == operation.path && shows_one_thing(other);
        if !operations.iter().any(|other| is_shown(&other)) {
            continue;
        }
        let path = acme.path_of(operation);
        let bare = path.split('?').next().unwrap();
        let found = app.admin().get(bare).await.expect_status(200);
        let body = acme.body_of(operation, number);
        app.clock().advance(std::time::Duration::from_secs(1));
        let header = ("if-match", found.header("etag"));
        let call = call_with(app.admin(), &operation.method, &path, body.as_ref(), header);
        let changed = call.await;
        assert!(changed.status.is_success(), "{}: {changed:?}", operation.id);
        if operation.method == Method::PATCH {
            let again = app.admin().get(bare).await.expect_status(200);
            assert_eq!(
                again.header("etag"),
                changed.header("etag"),
                "{}",
                operation.id
            );
            assert_ne!(
                again.header("etag"),
                found.header("etag"),
                "{}",
                operation.id
            );
        }
    }
}

/// What was made has the tag that it will be shown with, secret or not.
#[tokio::test]
async fn what_was_made_has_the_tag_that_it_is_shown_with() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for (below, body) in [
        (
            "/users",
            json!({ "username": "carol", "password": "a password of hers" }),
        ),
        (
            "/resources",
            json!({ "identifier": "https://made.test/mcp", "name": "Made" }),
        ),
        (
            "/clients",
            json!({ "redirect_uris": ["https://a.example/callback"], "token_endpoint_auth_method": "client_secret_basic" }),
        ),
    ] {
        let made = app
            .admin()
            .post(&acme.path(below), &body)
            .await
            .expect_status(201);
        let found = app
            .admin()
            .get(made.header("location"))
            .await
            .expect_status(200);
        assert_eq!(made.header("etag"), found.header("etag"), "{below}");
    }
}

/// Of two who change the same version, one is told.
#[tokio::test]
async fn of_two_changes_of_one_version_one_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = acme.path("");
    let etag = app.admin().get(&path).await.header("etag").to_owned();
    let change = |name: &'static str| {
        let (app, path, etag) = (&app, path.as_str(), etag.as_str());
        async move {
            let body = json!({ "display_name": name });
            let header = ("if-match", etag);
            call_with(app.admin(), &Method::PATCH, path, Some(&body), header).await
        }
    };
    let (one, other) = tokio::join!(change("One"), change("Other"));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}
