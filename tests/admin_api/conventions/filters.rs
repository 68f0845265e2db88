//! Lists and their filters: each finds what it names, and nothing where nobody has it.

use serde_json::Value;

use super::super::document::{Document, Operation};
use super::super::things::Things;
use super::super::{is_problem_of, key_for};
use super::with_query;
use crate::harness::TestApp;

/// Operation, parameter, a value that something has, and what that something is told by.
type Case = (
    &'static str,
    &'static str,
    fn(&Things) -> String,
    &'static str,
);

const FILTERS: &[Case] = &[
    (
        "list_tenants",
        "issuer",
        |acme| acme.tenant.issuer.clone(),
        "issuer",
    ),
    (
        "list_resources",
        "identifier",
        |acme| acme.tenant.resource.identifier.clone(),
        "identifier",
    ),
    (
        "list_issuer_hosts",
        "host",
        |acme| format!("auth.{}.test", acme.tenant.slug),
        "host",
    ),
    ("list_clients", "origin", |_| "static".to_owned(), "origin"),
    (
        "list_clients",
        "name",
        |_| "Named".to_owned(),
        "client_name",
    ),
    ("list_users", "username", |_| "alice".to_owned(), "username"),
    (
        "list_users",
        "email",
        |_| "alice@example.com".to_owned(),
        "email",
    ),
    (
        "list_grants",
        "user_id",
        |acme| acme.user.clone(),
        "user_id",
    ),
    (
        "list_grants",
        "client_id",
        |acme| acme.client.clone(),
        "client_id",
    ),
];

/// Their filters have tests of their own.
const ELSEWHERE: &[&str] = &[
    "list_memberships",
    "list_admin_keys",
    "list_audit_events",
    "list_platform_audit_events",
    "export_audit_events",
    "list_decisions",
    "list_token_reuses",
    "list_webhook_deliveries",
];

fn filters_of(operation: &Operation) -> Vec<String> {
    let mut names = operation.query_parameters();
    names.retain(|name| !["limit", "cursor", "reason", "dry_run"].contains(&name.as_str()));
    names
}

async fn named(app: &TestApp, acme: &Things) {
    let named = serde_json::json!({ "redirect_uris": ["https://a.example/callback"], "client_name": "Named" });
    app.admin()
        .create(&acme.tenant.path("/clients"), &named)
        .await;
    let alice = acme.tenant.user("alice").await;
    let path = acme.tenant.path(&format!("/users/{}", alice.id));
    let email = serde_json::json!({ "email": "alice@example.com" });
    app.admin().patch(&path, &email).await.expect_status(200);
}

#[tokio::test]
async fn every_filter_finds_what_it_names_and_nothing_else() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    Things::in_tenant(&app, "globex").await;
    named(&app, &acme).await;
    for (id, parameter, value, member) in FILTERS {
        let operation = document.operation(id);
        let value = value(&acme);
        let encoded = urlencoding_of(&value);
        let path = with_query(&acme.path_of(&operation), &format!("{parameter}={encoded}"));
        let found = app.admin().get(&path).await.expect_status(200).json();
        let found = found["data"].as_array().unwrap().clone();
        assert!(!found.is_empty(), "{id} {parameter}");
        for one in &found {
            assert_eq!(
                one[*member],
                Value::String(value.clone()),
                "{id} {parameter}"
            );
        }
        // All of them were entered by an operator.
        if *parameter == "origin" {
            continue;
        }
        let all = app.admin().get(&acme.path_of(&operation)).await.json();
        assert!(
            found.len() < all["data"].as_array().unwrap().len(),
            "{id} {parameter}"
        );
        let path = with_query(&acme.path_of(&operation), &format!("{parameter}=nobody"));
        let none = app.admin().get(&path).await.expect_status(200).json();
        assert_eq!(none["data"], Value::Array(Vec::new()), "{id} {parameter}");
    }
}

/// A filter that is new is tried here, or has its own test.
#[tokio::test]
async fn every_filter_is_tried() {
    let app = TestApp::start().await;
    for operation in Document::of(&app).await.operations() {
        let is_list = operation.takes_query("cursor");
        if ELSEWHERE.contains(&operation.id.as_str()) || !is_list {
            continue;
        }
        for name in filters_of(&operation) {
            let is_tried = FILTERS
                .iter()
                .any(|(id, parameter, ..)| *id == operation.id && *parameter == name);
            assert!(is_tried, "add {name} of {} to FILTERS", operation.id);
        }
    }
}

/// N5: a cursor is good for the filter that it was made with.
#[tokio::test]
async fn a_cursor_goes_with_its_filter() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (api, _) = key_for(&app, Some("acme"), "read").await;
    for n in 0..3 {
        let client = serde_json::json!({ "redirect_uris": ["https://a.example/callback"], "client_name": "Named", "client_id": format!("c-{n}") });
        app.admin().create(&acme.path("/clients"), &client).await;
    }
    let first = api
        .get(&acme.path("/clients?name=Named&limit=2"))
        .await
        .json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let same = api
        .get(&acme.path(&format!("/clients?name=Named&cursor={cursor}")))
        .await;
    assert_eq!(
        same.expect_status(200).json()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for other in ["", "name=Other&", "origin=static&"] {
        let answer = api
            .get(&acme.path(&format!("/clients?{other}cursor={cursor}")))
            .await;
        is_problem_of(&answer, 400, "malformed-request", "cursor");
    }
    let both = api
        .get(&acme.path("/clients?name=Named&origin=static"))
        .await;
    is_problem_of(&both, 400, "malformed-request", "name");
}

fn urlencoding_of(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
