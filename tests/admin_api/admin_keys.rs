//! Admin keys: scoped, expiring, revoked at once everywhere, and used without a write per call.

use std::time::Duration;

use serde_json::{Value, json};

use super::{id_of, is_problem, is_problem_of, key_for};
use crate::harness::TestApp;

const KEYS: &str = "/admin/v1/admin-keys";

/// N9: a key ends when its lifetime does, to the second.
#[tokio::test]
async fn a_key_expires() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let body = json!({ "name": "deploy", "tenant": "acme", "access": "read", "lifetime": 3_600 });
    let made = app.admin().create(KEYS, &body).await;
    let key = app.admin().with_key(made["admin_key"].as_str().unwrap());
    app.clock().advance(Duration::from_secs(3_599));
    key.get("/admin/v1/tenants/acme").await.expect_status(200);
    app.clock().advance(Duration::from_secs(1));
    is_problem(
        &key.get("/admin/v1/tenants/acme").await,
        401,
        "unauthorized",
    );
    let listed = app.admin().get(KEYS).await.json()["data"][0].clone();
    assert_eq!(listed["expires_at"], made["expires_at"]);
    assert_eq!(
        (&listed["tenant"], &listed["access"]),
        (&json!("acme"), &json!("read"))
    );
}

/// N9: a revoked key is refused by the next call, on every replica; it stays in the list.
#[tokio::test]
async fn a_revoked_key_is_refused_by_every_replica_at_once() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let (key, id) = key_for(&app, None, "write").await;
    let elsewhere = replica.admin().with_key(key.key());
    key.get(KEYS).await.expect_status(200);
    elsewhere.get(KEYS).await.expect_status(200);
    let path = format!("{KEYS}/{id}");
    // A key may end itself: whoever holds a leaked one can make it useless.
    key.delete(&path).await.expect_status(204);
    is_problem(&key.get(KEYS).await, 401, "unauthorized");
    is_problem(&elsewhere.get(KEYS).await, 401, "unauthorized");
    is_problem(&app.admin().delete(&path).await, 404, "not-found");
    let listed = app.admin().get(KEYS).await.json()["data"][0].clone();
    assert_eq!(id_of(&listed), id);
    assert!(listed["revoked_at"].is_string(), "{listed}");
}

/// N9: when it was used last is known to within minutes, and costs no write per call.
#[tokio::test]
async fn a_keys_last_use_is_not_written_with_every_call() {
    let app = TestApp::start().await;
    let (key, id) = key_for(&app, None, "read").await;
    let last_used = async || {
        let keys = app.admin().get(KEYS).await.json();
        let keys = keys["data"].as_array().unwrap().clone();
        keys.into_iter()
            .find(|key| key["id"] == id.as_str())
            .unwrap()["last_used_at"]
            .clone()
    };
    assert_eq!(last_used().await, Value::Null);
    key.get(KEYS).await.expect_status(200);
    let first = last_used().await;
    assert!(first.is_string(), "{first}");
    let rows = app.database().db_rows().await;
    for _ in 0..10 {
        app.clock().advance(Duration::from_secs(10));
        key.get(KEYS).await.expect_status(200);
    }
    assert_eq!(app.database().db_rows().await, rows);
    app.clock().advance(Duration::from_mins(5));
    key.get(KEYS).await.expect_status(200);
    assert_ne!(last_used().await, first);
}

/// N9: lifetime, access and tenant of a key have their bounds.
#[tokio::test]
async fn an_unfit_key_is_refused() {
    let app = TestApp::start().await;
    for (name, value, kind) in [
        ("name", json!(""), "invalid-value"),
        ("tenant", json!("nobody"), "invalid-value"),
        ("tenant", json!("Not A Slug"), "invalid-value"),
        ("lifetime", json!(59), "invalid-value"),
        ("lifetime", json!(315_360_001), "invalid-value"),
        ("access", json!("owner"), "malformed-request"),
    ] {
        let mut body = json!({ "name": "deploy" });
        body[name] = value;
        is_problem_of(&app.admin().post(KEYS, &body).await, 400, kind, name);
    }
    assert_eq!(app.admin().get(KEYS).await.json()["data"], json!([]));
}

/// N1: a key is good at the admin port alone; the public port has never heard of it.
#[tokio::test]
async fn the_admin_api_is_not_on_the_public_port() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    for path in [
        "/admin/v1/tenants",
        "/t/acme/admin/v1/tenants",
        "/admin/docs/",
        "/metrics",
    ] {
        let url = format!("{}{path}", app.public_url());
        let request = app
            .wire()
            .request(reqwest::Method::GET, &url)
            .bearer_auth(app.admin().key());
        crate::harness::Answer::of(request).await.expect_status(404);
    }
}
