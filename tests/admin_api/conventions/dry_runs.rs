//! `?dry_run=true`: everything is done, and undone.

use super::super::document::Document;
use super::super::things::Things;
use super::super::{is_problem, is_problem_of};
use super::with_query;
use crate::harness::TestApp;

/// What cannot be undone cannot be tried.
const IRREVERSIBLE: &[&str] = &["reseal_signing_keys"];

/// Every change can be tried: it is answered as it would be, and no row is another one afterwards.
#[tokio::test]
async fn every_change_can_be_tried_and_changes_nothing() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    for (number, operation) in (1..).zip(document.operations()) {
        if !operation.takes_query("dry_run") {
            continue;
        }
        let before = app.database().db_rows().await;
        let path = with_query(&acme.path_of(&operation), "dry_run=true");
        let body = acme.body_of(&operation, number);
        let call = app
            .admin()
            .call(operation.method.clone(), &path, body.as_ref());
        let tried = call.await;
        assert_eq!(
            app.database().db_rows().await,
            before,
            "{}: {tried:?}",
            operation.id
        );
        document.check(&operation, &tried);
        if IRREVERSIBLE.contains(&operation.id.as_str()) {
            is_problem(&tried, 400, "dry-run-impossible");
            continue;
        }
        assert!(tried.status.is_success(), "{}: {tried:?}", operation.id);
        assert_eq!(tried.header("writ-dry-run"), "true", "{}", operation.id);
        let done = acme.call(app.admin(), &operation, number).await;
        assert_eq!(done.status, tried.status, "{}: {done:?}", operation.id);
        assert_eq!(done.header("writ-dry-run"), "", "{}", operation.id);
    }
}

/// Whoever changes something can try it; whoever looks has nothing to try.
#[tokio::test]
async fn changes_take_the_parameter_and_nothing_else_does() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    for operation in Document::of(&app).await.operations() {
        let is_change = operation.access.ends_with("-write");
        assert_eq!(
            operation.takes_query("dry_run"),
            is_change,
            "{}",
            operation.id
        );
        let wrong = if is_change {
            "dry_run=maybe"
        } else {
            "dry_run=true"
        };
        let path = with_query(&acme.path_of(&operation), wrong);
        let body = acme.body_of(&operation, 1);
        let answer = app
            .admin()
            .call(operation.method.clone(), &path, body.as_ref())
            .await;
        is_problem_of(&answer, 400, "malformed-request", "dry_run");
    }
}

/// What would be refused is refused when it is tried, too.
#[tokio::test]
async fn what_is_tried_is_refused_as_it_would_be() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.user("alice").await;
    let body = serde_json::json!({ "username": "alice", "password": "a password of hers" });
    let path = with_query(&acme.path("/users"), "dry_run=true");
    let answer = app.admin().post(&path, &body).await;
    is_problem_of(&answer, 409, "conflict", "username");
}
