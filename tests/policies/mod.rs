//! Policies in the flows: what they deny, what they narrow, what they ask for first, and how an administrator finds
//! out why.
//!
//! Not here: the language and its checks (`authority/src/policy`), and how policies are written by the admin API
//! (`admin_api/policies.rs`).

mod authorization;
mod explain;
mod refusals;
mod registration;
mod simulate;
mod tokens;
mod traces;

use serde_json::{Value, json};

use crate::harness::{Answer, TestTenant, with_the_next_batch};

/// What every tenant begins with.
const DEFAULT: &str = include_str!("../../authority/src/policy/default.cedar");

/// docs/policies.md, the first example.
const CONTRACTORS_STAY_OUT: &str = r#"
@id("contractors-stay-out")
@description("Contractors get nothing at the notes server.")
forbid (
  principal in Writ::Group::"contractors",
  action in [Writ::Action::"authorize", Writ::Action::"issue"],
  resource in Writ::Resource::"https://mcp.acme.test/mcp"
);
"#;

/// docs/policies.md, the second example.
const WRITING_IS_FOR_EDITORS: &str = r#"
@id("writing-is-for-editors")
@description("Only editors may let a client change notes.")
forbid (
  principal is Writ::User,
  action in [Writ::Action::"authorize", Writ::Action::"issue"],
  resource == Writ::Scope::"notes:write"
)
unless { principal in Writ::Group::"editors" };
"#;

/// docs/policies.md, the third example.
const STRANGERS_ONLY_READ: &str = r#"
@id("strangers-only-read")
@description("A client that registered itself may read, and nothing else.")
forbid (
  principal is Writ::User,
  action in [Writ::Action::"authorize", Writ::Action::"issue"],
  resource is Writ::Scope
)
when { context.client.origin == "registered" && !(resource.name like "*:read") };
"#;

/// With these beside what every tenant begins with.
fn text_with(more: &str) -> String {
    format!("{DEFAULT}\n{more}")
}

/// The policies of the tenant from now on.
async fn write(tenant: &TestTenant, more: &str) {
    let body = json!({ "text": text_with(more) });
    let path = tenant.path("/policies/versions");
    let written = tenant.admin().post(&path, &body).await;
    assert!(written.status.is_success(), "{written:?}");
}

/// What every tenant begins with.
async fn write_none(tenant: &TestTenant) {
    write(tenant, "").await;
}

/// The person is in this group, which is made where it is not there.
async fn put_into(tenant: &TestTenant, username: &str, group: &str) {
    let user = tenant.user(username).await;
    let groups = tenant.path("/groups");
    tenant
        .admin()
        .post(&groups, &json!({ "name": group }))
        .await;
    let members = tenant.path(&format!("/groups/{group}/members"));
    let added = tenant
        .admin()
        .post(&members, &json!({ "user_id": user.id }))
        .await;
    assert!(added.status.is_success(), "{added:?}");
}

/// The trace that a reference leads to, once it is written.
async fn decisions_of(tenant: &TestTenant, error_id: &str) -> Vec<Value> {
    let path = tenant.path(&format!("/decisions/{error_id}"));
    with_the_next_batch("a trace of the decision", async || {
        tenant.admin().get(&path).await.status == 200
    })
    .await;
    let found = tenant.admin().get(&path).await.expect_status(200).json();
    assert_eq!(found["error_id"], error_id);
    found["decisions"].as_array().unwrap().clone()
}

/// The reference at the end of an error's description.
#[track_caller]
fn reference_in(description: &str) -> String {
    let mut words = description.trim_end_matches(')').split(' ');
    let reference = words.next_back().unwrap().to_owned();
    let is_hex = |byte: u8| byte.is_ascii_hexdigit();
    assert!(
        reference.len() == 12 && reference.bytes().all(is_hex),
        "{description}"
    );
    reference
}

/// The policies that a trace names for a scope, and what they made of it.
#[track_caller]
fn verdict_of(decision: &Value, scope: &str) -> (String, Vec<String>) {
    let checks = decision["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|check| check["check"] == "policies" && check["scope"] == scope)
        .unwrap_or_else(|| panic!("nothing about {scope} in {decision:#}"));
    let policies = check["policies"].as_array().unwrap();
    let names = policies
        .iter()
        .map(|policy| policy["id"].as_str().unwrap().to_owned());
    (
        check["verdict"].as_str().unwrap().to_owned(),
        names.collect(),
    )
}

/// The scopes of a token answer.
#[track_caller]
fn scope_of(answer: &Answer) -> String {
    answer.tokens().body["scope"].as_str().unwrap().to_owned()
}
