//! Every operation of the document and everybody whom it is not for: each is refused with the status that the
//! document lists for it, and no row of the tenant that was asked for is another afterwards.
//!
//! What scopes and roles let in is `privileges`; what ids of another tenant reach is `isolation`.
//!
//! To add somebody: a line in [`Column::all`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::document::{Document, Operation};
use super::things::Things;
use super::{id_of, is_problem, key_for};
use crate::harness::{AdminApi, Answer, TestApp};

/// Somebody who calls, and what they are told.
struct Column {
    name: &'static str,
    /// None: they send nothing.
    key: Option<String>,
    status: fn(&Operation) -> u16,
}

impl Column {
    async fn all(app: &TestApp, acme: &Things) -> Vec<Self> {
        let unknown: fn(&Operation) -> u16 = |_| 401;
        let column = |name, key: &str, status| Self {
            name,
            key: Some(key.to_owned()),
            status,
        };
        let client = acme.tenant.confidential_client().await;
        let tokens = client
            .tokens_of(&acme.tenant.browser_of("alice").await)
            .await;
        // Recorded a moment later, and rows are compared here.
        let tenant = &acme.tenant;
        tenant.next_audit_event("code.redeemed", |_| true).await;
        let keys = "/admin/v1/admin-keys";
        let short = json!({ "name": "short", "scopes": ["*:write"], "lifetime": 60 });
        let expired = app.admin().create(keys, &short).await;
        let long = json!({ "name": "long", "scopes": ["*:write"] });
        let revoked = app.admin().create(keys, &long).await;
        let gone = format!("{keys}/{}", id_of(&revoked));
        app.admin().delete(&gone).await.expect_status(204);
        app.clock().advance(Duration::from_mins(1));
        let (stranger, _) = key_for(app, Some("globex"), "write").await;
        let elsewhere = |operation: &Operation| if operation.is_in_tenant() { 404 } else { 403 };
        vec![
            Self {
                name: "no key",
                key: None,
                status: unknown,
            },
            column("garbage", "writ_ak_garbage", unknown),
            column("expired", secret_of(&expired), unknown),
            column("revoked", secret_of(&revoked), unknown),
            column("a user's access token", &tokens.access_token, unknown),
            column("another tenant", stranger.key(), elsewhere),
        ]
    }
}

fn secret_of(made: &serde_json::Value) -> &str {
    made["admin_key"].as_str().unwrap()
}

async fn call(app: &TestApp, acme: &Things, operation: &Operation, key: Option<&str>) -> Answer {
    let url = app.admin().url(&acme.path_of(operation));
    let mut request = app.admin().wire().request(operation.method.clone(), &url);
    if let Some(body) = acme.body_of(operation, 1) {
        request = request.json(&body);
    }
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    Answer::of(request).await
}

/// N1, N2: operation × everybody whom it is not for.
#[tokio::test]
async fn everybody_else_is_refused_as_documented_and_changes_nothing() {
    let app = TestApp::start_with_administrators().await;
    app.tenant("globex").await;
    let acme = Things::in_tenant(&app, "acme").await;
    let columns = Column::all(&app, &acme).await;
    let document = Document::of(&app).await;
    let before = app.database().db_rows().await.without("admin_keys");
    for operation in document.operations() {
        for column in &columns {
            let answer = call(&app, &acme, &operation, column.key.as_deref()).await;
            let expected = (column.status)(&operation);
            let (id, who) = (&operation.id, column.name);
            assert_eq!(answer.status.as_u16(), expected, "{id}, {who}: {answer:?}");
            document.check(&operation, &answer);
        }
        // Thirty calls a minute without a good key are answered with 401.
        app.clock().advance(Duration::from_secs(10));
    }
    let after = app.database().db_rows().await.without("admin_keys");
    assert_eq!(after, before);
}

/// N1: a key with every scope but the one that an operation asks for is told which that is.
#[tokio::test]
async fn every_scope_but_the_right_one_is_not_enough() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let document = Document::of(&app).await;
    let operations = document.operations();
    let mut keys: BTreeMap<&str, Vec<AdminApi>> = BTreeMap::new();
    for operation in &operations {
        if !keys.contains_key(operation.scope.as_str()) {
            let platform = key_without(&app, None, &operation.scope).await;
            let owner = key_without(&app, Some("acme"), &operation.scope).await;
            keys.insert(&operation.scope, vec![platform, owner]);
        }
    }
    let before = app.database().db_rows().await.without("admin_keys");
    for operation in &operations {
        for key in &keys[operation.scope.as_str()] {
            let answer = acme.call(key, operation, 1).await;
            is_problem(&answer, 403, "forbidden");
            document.check(operation, &answer);
            let is_named = answer.body.contains(&operation.scope);
            assert!(
                is_named || answer.body.contains("platform"),
                "{}: {answer:?}",
                operation.id
            );
        }
    }
    let after = app.database().db_rows().await.without("admin_keys");
    assert_eq!(after, before);
}

/// Everything may be read and written with it, but for what this scope opens. Who may not write may read.
async fn key_without(app: &TestApp, tenant: Option<&str>, scope: &str) -> AdminApi {
    let (missing, verb) = scope.split_once(':').unwrap();
    let mut scopes: Vec<String> = protocol::AdminObject::ALL
        .iter()
        .map(std::string::ToString::to_string)
        .filter(|kind| kind != missing)
        .map(|kind| format!("{kind}:write"))
        .collect();
    if verb == "write" {
        scopes.push(format!("{missing}:read"));
    }
    let body = json!({ "name": "almost everything", "tenant": tenant, "scopes": scopes });
    let made = app.admin().create("/admin/v1/admin-keys", &body).await;
    app.admin().with_key(secret_of(&made))
}
