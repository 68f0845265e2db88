//! One line per operation: a body with which it does what it is for. `Null` where it takes none.
//!
//! An operation without a line fails `every_operation_has_a_case`; a body that is refused fails `answers`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document::{Document, Operation};
use crate::harness::TestApp;

/// Stands for the id of a resource of the caller's own tenant; `Things::body_of` puts it in.
pub const OWN_RESOURCE: &str = "{resource}";
/// Stands for the id of a user of the system tenant who is a member nowhere.
pub const NEWCOMER: &str = "{newcomer}";

/// Stands for the id of a user of the caller's own tenant who is in no group.
pub const OWN_USER: &str = "{user}";

/// A text of policies.
const PERMITS: &str = "@id(\"people\") permit (principal is Writ::User, action, resource);";

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
    ("restore_tenant", |_| Value::Null),
    ("export_tenant", |_| Value::Null),
    ("import_tenant", |n| {
        json!({
            "format_version": 1,
            "tenant": { "slug": format!("imported-{n}"), "display_name": "Imported" },
            "clients": [{ "redirect_uris": ["https://made.example/callback"], "token_endpoint_auth_method": "client_secret_basic" }],
        })
    }),
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
    ("find_resource_metadata", |_| Value::Null),
    ("find_resource_snippets", |_| Value::Null),
    ("find_resource_tools", |_| Value::Null),
    (
        "import_resource_tools",
        |n| json!({ "tools": [{ "name": format!("made_{n}") }], "prefix": format!("made-{n}") }),
    ),
    (
        "check_resource_tools",
        |n| json!({ "tools": [{ "name": format!("found_{n}") }] }),
    ),
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
    (
        "import_users",
        |n| json!({ "users": [{ "username": format!("imported-{n}") }] }),
    ),
    ("export_user", |_| Value::Null),
    ("list_user_sessions", |_| Value::Null),
    ("end_user_session", |_| Value::Null),
    ("end_user_sessions", |_| Value::Null),
    ("create_group", |n| json!({ "name": format!("made-{n}") })),
    ("list_groups", |_| Value::Null),
    ("find_group", |_| Value::Null),
    (
        "update_group",
        |n| json!({ "display_name": format!("Renamed {n}") }),
    ),
    ("delete_group", |_| Value::Null),
    ("list_group_members", |_| Value::Null),
    ("add_group_member", |_| json!({ "user_id": OWN_USER })),
    ("remove_group_member", |_| Value::Null),
    ("find_quotas", |_| Value::Null),
    ("update_quotas", |n| json!({ "users": 1_000 + n })),
    ("find_usage", |_| Value::Null),
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
    ("rotate_signing_key", |_| Value::Null),
    ("remove_signing_key", |_| Value::Null),
    ("reseal_signing_keys", |_| json!({})),
    ("list_audit_events", |_| Value::Null),
    ("list_platform_audit_events", |_| Value::Null),
    ("export_audit_events", |_| Value::Null),
    (
        "erase_person_from_audit",
        |n| json!({ "user": format!("00000000-0000-7000-8000-{n:012}") }),
    ),
    ("find_policies", |_| Value::Null),
    (
        "create_policy_version",
        |n| json!({ "text": null, "note": format!("made {n}") }),
    ),
    ("list_policy_versions", |_| Value::Null),
    ("list_decisions", |_| Value::Null),
    ("find_decisions", |_| Value::Null),
    ("explain_policies", |_| json!({ "client_id": "notes" })),
    ("simulate_policies", |_| json!({ "text": PERMITS })),
    ("find_policy_version", |_| Value::Null),
    ("diff_policies", |_| Value::Null),
    ("revert_policies", |_| json!({ "version": 0 })),
    ("find_policy_schema", |_| Value::Null),
    ("find_guard_rails", |_| Value::Null),
    (
        "create_guard_rail_version",
        |n| json!({ "text": "", "note": format!("made {n}") }),
    ),
    ("list_guard_rail_versions", |_| Value::Null),
    ("find_guard_rail_version", |_| Value::Null),
    ("diff_guard_rails", |_| Value::Null),
    ("revert_guard_rails", |_| json!({ "version": 0 })),
    ("list_webhooks", |_| Value::Null),
    (
        "create_webhook",
        |n| json!({ "name": format!("made {n}"), "url": "https://hooks.example/made", "events": ["user.deleted"] }),
    ),
    ("find_webhook", |_| Value::Null),
    (
        "update_webhook",
        |n| json!({ "name": format!("Renamed {n}") }),
    ),
    ("delete_webhook", |_| Value::Null),
    ("rotate_webhook_secret", |_| json!({ "overlap": 60 })),
    ("test_webhook", |_| Value::Null),
    ("find_webhook_status", |_| Value::Null),
    ("list_webhook_deliveries", |_| Value::Null),
    ("find_webhook_delivery", |_| Value::Null),
    ("replay_webhook_delivery", |_| Value::Null),
    (
        "create_admin_key",
        |n| json!({ "name": format!("made {n}"), "scopes": ["clients:read"] }),
    ),
    ("list_admin_keys", |_| Value::Null),
    ("find_admin_key", |_| Value::Null),
    (
        "update_admin_key",
        |n| json!({ "name": format!("renamed {n}") }),
    ),
    ("rotate_admin_key", |_| json!({ "overlap": 86_400 })),
    (
        "create_tenant_admin_key",
        |n| json!({ "name": format!("made {n}"), "scopes": ["clients:read"] }),
    ),
    ("list_tenant_admin_keys", |_| Value::Null),
    ("find_tenant_admin_key", |_| Value::Null),
    (
        "update_tenant_admin_key",
        |n| json!({ "name": format!("renamed {n}") }),
    ),
    ("rotate_tenant_admin_key", |_| json!({ "overlap": 86_400 })),
    ("revoke_tenant_admin_key", |_| Value::Null),
    (
        "create_membership",
        |_| json!({ "user_id": NEWCOMER, "role": "auditor" }),
    ),
    ("list_memberships", |_| Value::Null),
    ("find_membership", |_| Value::Null),
    ("delete_membership", |_| Value::Null),
    (
        "create_tenant_membership",
        |_| json!({ "user_id": NEWCOMER, "role": "auditor" }),
    ),
    ("list_tenant_memberships", |_| Value::Null),
    ("find_tenant_membership", |_| Value::Null),
    ("delete_tenant_membership", |_| Value::Null),
    ("revoke_admin_key", |_| Value::Null),
    (
        "claim_issuer_host",
        |n| json!({ "host": format!("auth-{n}.made.test"), "tenant": format!("at-host-{n}") }),
    ),
    ("list_issuer_hosts", |_| Value::Null),
    ("find_issuer_host", |_| Value::Null),
    ("verify_issuer_host", |_| Value::Null),
    ("release_issuer_host", |_| Value::Null),
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
