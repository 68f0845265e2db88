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
    let body =
        json!({ "name": "deploy", "tenant": "acme", "scopes": ["*:read"], "lifetime": 3_600 });
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
        (&listed["tenant"], &listed["scopes"]),
        (&json!("acme"), &json!(["*:read"]))
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

/// The new key works from now on; the old one until the overlap is over, and not a second longer.
#[tokio::test]
async fn a_key_is_replaced_with_an_overlap() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let body = json!({ "name": "deploy", "tenant": "acme", "scopes": ["clients:write"], "lifetime": 86_400 });
    let old = app.admin().create(KEYS, &body).await;
    app.clock().advance(Duration::from_hours(12));
    let rotation = json!({ "overlap": 600 });
    let path = format!("{KEYS}/{}/rotate", id_of(&old));
    let new = app.admin().create(&path, &rotation).await;
    assert_ne!(new["admin_key"], old["admin_key"]);
    for member in ["name", "tenant", "scopes"] {
        assert_eq!(new[member], old[member], "{member}");
    }
    assert_eq!(new["rotated_from"], old["id"]);
    // The two of one moment have no order.
    let events = app.admin().get("/admin/v1/audit-events?limit=2").await;
    let events = events.json();
    let action = |at: usize| events["data"][at]["action"].as_str().unwrap().to_owned();
    let mut actions = [action(0), action(1)];
    actions.sort_unstable();
    assert_eq!(actions, ["admin_key.created", "admin_key.rotated"]);
    let api = |key: &Value| app.admin().with_key(key["admin_key"].as_str().unwrap());
    let clients = "/admin/v1/tenants/acme/clients";
    app.clock().advance(Duration::from_secs(599));
    for key in [&old, &new] {
        api(key).get(clients).await.expect_status(200);
    }
    app.clock().advance(Duration::from_secs(1));
    is_problem(&api(&old).get(clients).await, 401, "unauthorized");
    api(&new).get(clients).await.expect_status(200);
    // As long a life as the first one had, from the rotation on.
    app.clock().advance(Duration::from_secs(86_400 - 600 - 1));
    api(&new).get(clients).await.expect_status(200);
    app.clock().advance(Duration::from_secs(1));
    is_problem(&api(&new).get(clients).await, 401, "unauthorized");
    // What has ended has no successor.
    is_problem(&app.admin().post(&path, &rotation).await, 409, "conflict");
}

/// Without an overlap, the old key is over when the answer is there.
#[tokio::test]
async fn a_leaked_key_is_replaced_at_once() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let (key, id) = key_for(&app, None, "write").await;
    let rotation = json!({ "overlap": 0 });
    let new = key.create(&format!("{KEYS}/{id}/rotate"), &rotation).await;
    is_problem(&key.get(KEYS).await, 401, "unauthorized");
    let elsewhere = replica.admin().with_key(key.key());
    is_problem(&elsewhere.get(KEYS).await, 401, "unauthorized");
    let successor = key.with_key(new["admin_key"].as_str().unwrap());
    successor.get(KEYS).await.expect_status(200);
    for overlap in [json!(-1), json!(2_592_001), json!("1h")] {
        let path = format!("{KEYS}/{}/rotate", id_of(&new));
        let answer = successor.post(&path, &json!({ "overlap": overlap })).await;
        assert_eq!(answer.status.as_u16(), 400, "{overlap}: {answer:?}");
    }
}

/// A key has another name and nothing else: what it may do was decided when it was made.
#[tokio::test]
async fn a_key_is_renamed_and_never_widened() {
    let app = TestApp::start().await;
    let (_, id) = key_for(&app, None, "read").await;
    let path = format!("{KEYS}/{id}");
    let renamed = app
        .admin()
        .patch(&path, &json!({ "name": "nightly report" }))
        .await;
    assert_eq!(renamed.expect_status(200).json()["name"], "nightly report");
    for (member, value) in [
        ("scopes", json!(["*:write"])),
        ("tenant", json!("acme")),
        ("expires_at", json!(null)),
    ] {
        let answer = app.admin().patch(&path, &json!({ member: value })).await;
        is_problem_of(&answer, 400, "malformed-request", member);
    }
    let found = app.admin().get(&path).await.expect_status(200).json();
    assert_eq!(
        (&found["name"], &found["scopes"]),
        (&json!("nightly report"), &json!(["*:read"]))
    );
}

/// A tenant's administrators see and end the tenant's keys, and know of no others.
#[tokio::test]
async fn a_tenants_keys_are_its_own() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let (owner, owner_id) = key_for(&app, Some("acme"), "write").await;
    let (_, platform_id) = key_for(&app, None, "write").await;
    let (_, foreign_id) = key_for(&app, Some("globex"), "write").await;
    let keys = acme.path("/admin-keys");
    let body =
        json!({ "name": "pipeline", "scopes": ["clients:write", "clients:read", "users:read"] });
    let made = owner.post(&keys, &body).await.expect_status(201);
    let location = made.header("location").to_owned();
    let made = made.json();
    assert_eq!(made["tenant"], "acme");
    assert_eq!(
        made["scopes"],
        json!(["clients:write", "users:read"]),
        "the least words"
    );
    assert_eq!(location, format!("{keys}/{}", id_of(&made)));
    let found = owner.get(&location).await.expect_status(200).json();
    assert_eq!(found["name"], "pipeline");
    assert!(found.get("admin_key").is_none(), "{found}");
    let listed = owner.get(&keys).await.expect_status(200).json();
    let mut ids: Vec<String> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(id_of)
        .collect();
    // Of one second: in the order of chance.
    ids.sort();
    let mut expected = [owner_id, id_of(&made)];
    expected.sort();
    assert_eq!(ids, expected);
    for id in [&platform_id, &foreign_id] {
        let path = format!("{keys}/{id}");
        is_problem(&owner.get(&path).await, 404, "not-found");
        is_problem(&owner.delete(&path).await, 404, "not-found");
        is_problem(
            &owner.patch(&path, &json!({ "name": "mine" })).await,
            404,
            "not-found",
        );
        is_problem(
            &owner.post(&format!("{path}/rotate"), &json!({})).await,
            404,
            "not-found",
        );
    }
    let pipeline = owner.with_key(made["admin_key"].as_str().unwrap());
    pipeline
        .get(&acme.path("/clients"))
        .await
        .expect_status(200);
    is_problem(
        &pipeline.get(&globex.path("/clients")).await,
        404,
        "not-found",
    );
    owner.delete(&location).await.expect_status(204);
    is_problem(
        &pipeline.get(&acme.path("/clients")).await,
        401,
        "unauthorized",
    );
    // The platform sees all, and one tenant's when it asks for them.
    let of_acme = app.admin().get(&format!("{KEYS}?tenant=acme")).await;
    assert_eq!(
        of_acme.expect_status(200).json()["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let of_nobody = app.admin().get(&format!("{KEYS}?tenant=nobody")).await;
    is_problem_of(&of_nobody, 400, "invalid-value", "tenant");
}

/// A key of the version before, which knew only reading and writing, does what it did.
#[tokio::test]
async fn a_key_of_the_version_before_goes_on_working() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let (writer, _) = key_for(&app, Some("acme"), "write").await;
    let (reader, _) = key_for(&app, Some("acme"), "read").await;
    app.database()
        .db_execute("update admin_keys set scopes = null")
        .await;
    let change = json!({ "display_name": "Acme Inc" });
    writer
        .patch("/admin/v1/tenants/acme", &change)
        .await
        .expect_status(200);
    is_problem(
        &reader.patch("/admin/v1/tenants/acme", &change).await,
        403,
        "forbidden",
    );
    reader
        .get("/admin/v1/tenants/acme")
        .await
        .expect_status(200);
    // What that version would take for more than it is, it cannot read at all.
    let body = json!({ "name": "narrow", "scopes": ["clients:read"] });
    app.admin().create(KEYS, &body).await;
    let rows = app.database().db_dump().await;
    assert!(rows.contains("scoped"), "{rows}");
}

/// N9: lifetime, scopes and tenant of a key have their bounds.
#[tokio::test]
async fn an_unfit_key_is_refused() {
    let app = TestApp::start().await;
    for (name, value, kind) in [
        ("name", json!(""), "invalid-value"),
        ("tenant", json!("nobody"), "invalid-value"),
        ("tenant", json!("Not A Slug"), "invalid-value"),
        ("lifetime", json!(59), "invalid-value"),
        ("lifetime", json!(315_360_001), "invalid-value"),
        ("scopes", json!([]), "invalid-value"),
        ("scopes", json!("*:read"), "malformed-request"),
        ("access", json!("write"), "malformed-request"),
    ] {
        let mut body = json!({ "name": "deploy", "scopes": ["*:read"] });
        body[name] = value;
        is_problem_of(&app.admin().post(KEYS, &body).await, 400, kind, name);
    }
    for scope in [
        "",
        "clients",
        "clients:",
        "client:read",
        "clients:admin",
        "Clients:read",
        "*",
    ] {
        let body = json!({ "name": "deploy", "scopes": ["users:read", scope] });
        let answer = app.admin().post(KEYS, &body).await;
        is_problem_of(&answer, 400, "invalid-value", "scopes[1]");
    }
    let without_scopes = app.admin().post(KEYS, &json!({ "name": "deploy" })).await;
    is_problem_of(&without_scopes, 400, "malformed-request", "scopes");
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
