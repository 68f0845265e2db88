//! The admin API over HTTP: one file per thing that it manages, and one per rule that all operations share.
//!
//! The shared rules (`principals`, `isolation`, `problems`, `pages`, `secrets`, `audit_events`, `answers`)
//! go through the operations of the OpenAPI document that the server itself serves. A new operation is
//! therefore tried everywhere at once, and until `cases` knows a body for it the tests fail.
//!
//! To add an operation: its line in `cases`; for a new kind of object, its id in `things`.

mod admin_keys;
mod answers;
mod audit_events;
mod audit_filters;
mod cases;
mod changes_at_once;
mod client_keys;
mod client_lifetimes;
mod client_secrets;
mod clients;
mod consents;
mod conventions;
pub(crate) mod document;
mod further_scopes;
mod grants;
mod groups;
mod initial_access_tokens;
mod installation;
mod isolation;
mod issuer_hosts;
mod known_clients;
mod matrix;
mod memberships;
mod pages;
mod policies;
mod principals;
mod privileges;
mod problems;
mod quotas;
mod resource_credentials;
mod resources;
mod secrets;
mod sign_in;
mod signing_keys;
mod system_tenant;
mod tenant_deletion;
mod tenant_documents;
mod tenant_policies;
mod tenants;
pub(crate) mod things;
mod token_settings;
mod user_export;
mod user_import;
mod user_sessions;
mod users;

use serde_json::{Value, json};

use crate::harness::{AdminApi, Answer, TestApp};

/// RFC 9457: a refusal of this API, with words and an id.
#[track_caller]
fn is_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    let error_id = &answer.json()["error_id"];
    assert_eq!(*error_id, answer.header("x-request-id"), "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{answer:?}"
    );
    assert!(
        answer.header("cache-control").contains("no-store"),
        "{answer:?}"
    );
    let body = answer.json();
    assert_eq!(
        body["type"],
        format!("urn:writ:problem:{kind}"),
        "{answer:?}"
    );
    assert_eq!(body["status"], status, "{answer:?}");
    assert!(
        body["detail"]
            .as_str()
            .is_some_and(|detail| detail.len() > 10),
        "{answer:?}"
    );
    assert_eq!(
        body["error_id"].as_str().map(str::len),
        Some(12),
        "{answer:?}"
    );
}

/// A refusal that names the member it is about.
#[track_caller]
fn is_problem_of(answer: &Answer, status: u16, kind: &str, field: &str) {
    is_problem(answer, status, kind);
    let errors = answer.json()["errors"].clone();
    let named = errors
        .as_array()
        .is_some_and(|errors| errors.iter().any(|error| error["field"] == field));
    assert!(named, "{field} is not named: {answer:?}");
}

/// A key for one tenant or, without one, for the platform: the API with it, and its id.
pub(crate) async fn key_for(
    app: &TestApp,
    tenant: Option<&str>,
    access: &str,
) -> (AdminApi, String) {
    let scopes = [format!("*:{access}")];
    let body = json!({ "name": "a key of the tests", "tenant": tenant, "scopes": scopes });
    let made = app.admin().create("/admin/v1/admin-keys", &body).await;
    (
        app.admin().with_key(made["admin_key"].as_str().unwrap()),
        id_of(&made),
    )
}

#[track_caller]
fn id_of(object: &Value) -> String {
    object["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id in {object}"))
        .to_owned()
}
