//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a call that may be repeated is made once.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::super::document::Document;
use super::super::things::Things;
use super::super::{is_problem, is_problem_of, key_for};
use super::{call_with, with_query};
use crate::harness::{AdminApi, Answer, TestApp};

const HEADER: &str = "idempotency-key";

async fn post(api: &AdminApi, path: &str, body: &Value, key: &str) -> Answer {
    call_with(api, &Method::POST, path, Some(body), (HEADER, key)).await
}

/// What was so already has an answer too, and it is kept.
#[tokio::test]
async fn a_post_that_changes_nothing_is_replayed_as_well() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let groups = acme.path("/groups");
    app.admin()
        .create(&groups, &json!({ "name": "editors" }))
        .await;
    let (alice, bob) = (acme.user("alice").await.id, acme.user("bob").await.id);
    let members = format!("{groups}/editors/members");
    let member = json!({ "user_id": alice });
    app.admin().create(&members, &member).await;

    let tried = format!("{members}?dry_run=true");
    for (path, replayed) in [(&tried, ""), (&members, ""), (&members, "true")] {
        let said = post(app.admin(), path, &member, "once").await;
        let said = said.expect_status(201);
        assert_eq!(said.header("idempotency-replayed"), replayed, "{path}");
    }
    let other = post(app.admin(), &members, &json!({ "user_id": bob }), "once").await;
    is_problem(&other, 422, "idempotency-mismatch");
}

/// Every POST that changes something: the same call again is the same answer, and nothing happens twice.
#[tokio::test]
async fn every_post_replays_its_answer() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    for (number, operation) in (1..).zip(document.operations()) {
        if operation.method != Method::POST || !operation.access.ends_with("-write") {
            continue;
        }
        let (path, body) = (acme.path_of(&operation), acme.body_of(&operation, number));
        let header = (HEADER, operation.id.as_str());
        let call = || call_with(app.admin(), &Method::POST, &path, body.as_ref(), header);
        let done = call().await;
        assert!(done.status.is_success(), "{}: {done:?}", operation.id);
        assert_eq!(done.header("idempotency-replayed"), "", "{}", operation.id);
        let before = app.database().db_rows().await;
        // No secret that it shows can be read in the database: the harness looks for all of them.
        let again = call().await;
        assert_eq!(
            again.header("idempotency-replayed"),
            "true",
            "{}",
            operation.id
        );
        assert_eq!(again.status, done.status, "{}", operation.id);
        assert_eq!(again.body, done.body, "{}", operation.id);
        for name in ["location", "etag", "content-type", "cache-control"] {
            assert_eq!(
                again.header(name),
                done.header(name),
                "{} {name}",
                operation.id
            );
        }
        document.check(&operation, &again);
        let other = with_query(&path, "dry_run=false&dry_run=false");
        let call = call_with(app.admin(), &Method::POST, &other, body.as_ref(), header);
        is_problem_of(&call.await, 400, "malformed-request", "dry_run");
        if body.is_some() {
            let url = app.admin().url(&path);
            let request = app.admin().wire().request(Method::POST, &url);
            let request = request
                .bearer_auth(app.admin().key())
                .header(HEADER, &operation.id)
                .header("content-type", "application/json")
                .body("{\"name\": \"another\"}");
            let other = Answer::of(request).await;
            is_problem(&other, 422, "idempotency-mismatch");
            document.check(&operation, &other);
        }
        assert_eq!(app.database().db_rows().await, before, "{}", operation.id);
    }
}

fn user(name: &str) -> Value {
    json!({ "username": name, "password": "a password of theirs" })
}

/// One caller's key means nothing to another, nor in another tenant; and a day later it is free again.
#[tokio::test]
async fn a_key_is_its_callers_in_its_tenant_for_a_day() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let (other, _) = key_for(&app, None, "write").await;
    let path = acme.path("/users");
    let first = post(app.admin(), &path, &user("alice"), "k").await;
    first.expect_status(201);
    // Another caller makes the call, and is told that the name is taken.
    is_problem_of(
        &post(&other, &path, &user("alice"), "k").await,
        409,
        "conflict",
        "username",
    );
    let elsewhere = post(app.admin(), &globex.path("/users"), &user("alice"), "k").await;
    assert_eq!(
        elsewhere.expect_status(201).header("idempotency-replayed"),
        ""
    );
    app.clock()
        .advance(Duration::from_hours(24) - Duration::from_secs(1));
    let again = post(app.admin(), &path, &user("alice"), "k").await;
    assert_eq!(
        again.expect_status(201).header("idempotency-replayed"),
        "true"
    );
    app.clock().advance(Duration::from_secs(1));
    let later = post(app.admin(), &path, &user("bob"), "k").await;
    assert_eq!(later.expect_status(201).header("idempotency-replayed"), "");
}

/// What failed has changed nothing, and is tried anew.
#[tokio::test]
async fn a_refusal_is_not_kept() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let path = acme.path("/users");
    is_problem_of(
        &post(app.admin(), &path, &user("alice"), "k").await,
        409,
        "conflict",
        "username",
    );
    let gone = acme.path(&format!("/users/{}", alice.id));
    app.admin().delete(&gone).await.expect_status(204);
    let made = post(app.admin(), &path, &user("alice"), "k").await;
    assert_eq!(made.expect_status(201).header("idempotency-replayed"), "");
}

/// A dry run leaves nothing behind, so the call itself may have the same key.
#[tokio::test]
async fn a_dry_run_keeps_no_answer() {
    let app = TestApp::start().await;
    let path = app.tenant("acme").await.path("/users");
    let tried = with_query(&path, "dry_run=true");
    post(app.admin(), &tried, &user("alice"), "k")
        .await
        .expect_status(201);
    let made = post(app.admin(), &path, &user("alice"), "k").await;
    assert_eq!(made.expect_status(201).header("idempotency-replayed"), "");
}

/// Many at once: one does it, and all of them are told the same.
#[tokio::test]
async fn the_same_call_many_times_at_once_is_made_once() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let path = app.tenant("acme").await.path("/clients");
    let body = json!({ "redirect_uris": ["https://a.example/callback"], "token_endpoint_auth_method": "client_secret_basic" });
    let calls = (0..8).map(|n| {
        let api = if n % 2 == 0 {
            app.admin()
        } else {
            replica.admin()
        };
        post(api, &path, &body, "k")
    });
    let answers = futures_util::future::join_all(calls).await;
    for answer in &answers {
        assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
        assert_eq!(answer.body, answers[0].body);
    }
    let listed = app.admin().get(&path).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let made = answers
        .iter()
        .filter(|answer| answer.header("idempotency-replayed").is_empty());
    assert_eq!(made.count(), 1);
}

/// Above tenants the same: a tenant is made once.
#[tokio::test]
async fn a_tenant_is_made_once() {
    let app = TestApp::start().await;
    let body = json!({ "slug": "made", "display_name": "Made" });
    let first = post(app.admin(), "/admin/v1/tenants", &body, "k").await;
    let again = post(app.admin(), "/admin/v1/tenants", &body, "k").await;
    assert_eq!(again.expect_status(201).body, first.expect_status(201).body);
}

/// A key is visible ASCII, once, and not long.
#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let app = TestApp::start().await;
    let path = app.tenant("acme").await.path("/users");
    for key in ["", "a b", "\u{e4}", &"k".repeat(256)] {
        let answer = post(app.admin(), &path, &user("alice"), key).await;
        is_problem_of(&answer, 400, "malformed-request", "idempotency-key");
    }
    post(app.admin(), &path, &user("alice"), &"k".repeat(255))
        .await
        .expect_status(201);
}
