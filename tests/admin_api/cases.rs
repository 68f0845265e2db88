//! One line per operation: a body with which it does what it is for. `Null` where it takes none.
//!
//! An operation without a line fails `every_operation_has_a_case`; a body that is refused fails `answers`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document::{Document, Operation};
use crate::harness::TestApp;

/// Stands for the id of a resource of the caller's own tenant; `Things::body_of` puts it in.
pub const OWN_RESOURCE: &str = "{resource}";

/// Makes the names in a body different each time.
type Body = fn(u32) -> Value;

const CASES: &[(&str, Body)] = &[
    ("list_tenants", |_| Value::Null),
    (
        "create_tenant",
        |n| json!({ "slug": format!("made-{n}"), "display_name": "Made" }),
    ),
    ("find_tenant", |_| Value::Null),
    (
        "update_tenant",
        |n| json!({ "display_name": format!("Renamed {n}") }),
    ),
    ("delete_tenant", |_| Value::Null),
    ("list_resources", |_| Value::Null),
    (
        "create_resource",
        |n| json!({ "identifier": format!("https://made-{n}.test/mcp"), "name": "Made" }),
    ),
    ("find_resource", |_| Value::Null),
    (
        "update_resource",
        |n| json!({ "name": format!("Renamed {n}") }),
    ),
    ("delete_resource", |_| Value::Null),
    ("list_resource_credentials", |_| Value::Null),
    ("create_resource_credential", |_| json!({})),
    ("delete_resource_credential", |_| Value::Null),
    ("list_refused_resources", |_| Value::Null),
    (
        "accept_refused_resource",
        |_| json!({ "resource_id": OWN_RESOURCE }),
    ),
    ("dismiss_refused_resource", |_| Value::Null),
    ("list_clients", |_| Value::Null),
    (
        "create_client",
        |_| json!({ "redirect_uris": ["https://made.example/callback"] }),
    ),
    ("find_client", |_| Value::Null),
    (
        "update_client",
        |n| json!({ "client_name": format!("Renamed {n}") }),
    ),
    ("delete_client", |_| Value::Null),
    ("list_client_secrets", |_| Value::Null),
    ("create_client_secret", |_| json!({})),
    ("delete_client_secret", |_| Value::Null),
    ("list_initial_access_tokens", |_| Value::Null),
    (
        "create_initial_access_token",
        |n| json!({ "name": format!("made {n}"), "max_uses": 1 }),
    ),
    ("revoke_initial_access_token", |_| Value::Null),
    ("list_known_clients", |_| Value::Null),
    ("list_users", |_| Value::Null),
    (
        "create_user",
        |n| json!({ "username": format!("made-{n}"), "password": "a password that is made" }),
    ),
    ("find_user", |_| Value::Null),
    ("update_user", |n| json!({ "name": format!("Renamed {n}") })),
    ("delete_user", |_| Value::Null),
    ("list_consents", |_| Value::Null),
    ("withdraw_consent", |_| Value::Null),
    ("list_grants", |_| Value::Null),
    ("find_grant", |_| Value::Null),
    ("revoke_grant", |_| Value::Null),
    ("find_grant_timeline", |_| Value::Null),
    ("list_token_reuses", |_| Value::Null),
    (
        "void_refresh_tokens",
        |_| json!({ "reason": "a back-up was restored" }),
    ),
    ("list_signing_keys", |_| Value::Null),
    ("rotate_signing_key", |_| json!({})),
    ("remove_signing_key", |_| Value::Null),
    ("reseal_signing_keys", |_| json!({})),
    ("list_audit_events", |_| Value::Null),
    ("list_platform_audit_events", |_| Value::Null),
    (
        "create_admin_key",
        |n| json!({ "name": format!("made {n}") }),
    ),
    ("list_admin_keys", |_| Value::Null),
    ("revoke_admin_key", |_| Value::Null),
];

/// A body that the operation accepts; none where it takes none.
#[track_caller]
pub fn body_of(operation: &Operation, number: u32) -> Option<Value> {
    let case = CASES.iter().find(|(id, _)| *id == operation.id);
    let (_, body) =
        case.unwrap_or_else(|| panic!("add a line to admin_api/cases.rs for {}", operation.id));
    Some(body(number)).filter(|body| !body.is_null())
}

/// N1, N2: a new operation cannot be forgotten, and one that is gone leaves no line behind.
#[tokio::test]
async fn every_operation_has_a_case() {
    let app = TestApp::start().await;
    let operations = Document::of(&app).await.operations();
    let documented: BTreeSet<&str> = operations
        .iter()
        .map(|operation| operation.id.as_str())
        .collect();
    let covered: BTreeSet<&str> = CASES.iter().map(|(id, _)| *id).collect();
    assert_eq!(covered, documented);
    for operation in &operations {
        assert_eq!(
            body_of(operation, 1).is_some(),
            operation.has_body(),
            "{}",
            operation.id
        );
        assert_ne!(operation.access, "undocumented", "{}", operation.id);
    }
}
