//! At the token endpoint: for a code, at every refresh, for a device code and for a client's own credentials.

use std::time::Duration;

use super::{
    CONTRACTORS_STAY_OUT, WRITING_IS_FOR_EDITORS, decisions_of, put_into, reference_in, scope_of,
    verdict_of, write, write_none,
};
use crate::harness::{Answer, TestApp, TestTenant};

const BOTH: &str = "notes:read notes:write";

/// Never `invalid_grant`, after which an SDK throws its refresh token away.
#[track_caller]
fn is_denied(answer: &Answer) -> String {
    answer.is_refused(400, "access_denied");
    let reference = answer.text("error_id");
    assert_eq!(reference_in(&answer.text("error_description")), reference);
    reference
}

/// The scope of the answer shrinks and grows with the policies; the refresh token keeps its own.
#[tokio::test]
async fn every_refresh_is_decided_anew() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_for(&alice, BOTH).await;
    assert_eq!(tokens.body["scope"], BOTH);

    write(&acme, WRITING_IS_FOR_EDITORS).await;
    let narrowed = client.refresh(tokens.refresh_token()).await;
    assert_eq!(scope_of(&narrowed), "notes:read");
    assert_eq!(narrowed.tokens().claims()["scope"], "notes:read");
    let decisions = decisions_of(&acme, narrowed.header("x-request-id")).await;
    assert_eq!(decisions[0]["action"], "issue");
    assert_eq!(decisions[0]["outcome"], "narrowed");
    assert_eq!(
        verdict_of(&decisions[0], "notes:write").1,
        ["writing-is-for-editors"]
    );

    // Groups count at once.
    put_into(&acme, "alice", "editors").await;
    let next = narrowed.tokens();
    let widened = client.refresh(next.refresh_token()).await;
    assert_eq!(scope_of(&widened), BOTH);
    // Of what is asked for nothing may be had: refused, and nothing has changed.
    write(&acme, &WRITING_IS_FOR_EDITORS.replace("editors", "authors")).await;
    let live = widened.tokens().refresh_token().to_owned();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", live.as_str()),
        ("scope", "notes:write"),
    ];
    is_denied(&client.token(&fields).await);
    assert_eq!(scope_of(&client.refresh(&live).await), "notes:read");
}

/// The family stays: what the policies forbid today they may allow tomorrow.
#[tokio::test]
async fn a_refused_refresh_leaves_the_family_as_it_was() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("carol").await).await;

    write(&acme, CONTRACTORS_STAY_OUT).await;
    for _ in 0..3 {
        let refused = client.refresh(tokens.refresh_token()).await;
        let reference = is_denied(&refused);
        let decisions = decisions_of(&acme, &reference).await;
        assert_eq!(decisions[0]["outcome"], "denied");
        app.clock().advance(Duration::from_mins(2));
    }
    write_none(&acme).await;
    let again = client.refresh(tokens.refresh_token()).await.tokens();
    client.refresh(again.refresh_token()).await.tokens();
}

/// Row D8: what fails before the code is spent may be tried again.
#[tokio::test]
async fn a_code_that_is_refused_is_not_spent() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    let client = acme.public_client().await;
    let code = client.code_from(&acme.browser_of("carol").await).await;

    write(&acme, CONTRACTORS_STAY_OUT).await;
    is_denied(&client.redeem(&code).await);
    write_none(&acme).await;
    client.redeem(&code).await.tokens();
}

#[tokio::test]
async fn a_device_code_that_is_refused_is_not_spent() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    let television = acme.device_client().await;
    let codes = television.device_codes().await;
    let browser = acme.browser_of("carol").await;
    let allow = crate::harness::Decision::Allow;
    acme.answer_device(&browser, &codes, allow).await;

    write(&acme, CONTRACTORS_STAY_OUT).await;
    is_denied(&television.poll(&codes).await);
    write_none(&acme).await;
    app.clock().advance(Duration::from_secs(10));
    television.poll(&codes).await.tokens();
}

const WORKLOADS_ONLY_READ: &str = r#"
@id("workloads-only-read")
@description("What runs by itself reads, and changes nothing.")
forbid (
  principal is Writ::Workload,
  action == Writ::Action::"issue",
  resource == Writ::Scope::"notes:write"
);
"#;

#[tokio::test]
async fn a_clients_own_credentials_are_narrowed_and_denied() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    write(&acme, WORKLOADS_ONLY_READ).await;

    let narrowed = client.client_credentials(Some(BOTH)).await;
    assert_eq!(scope_of(&narrowed), "notes:read");
    let decisions = decisions_of(&acme, narrowed.header("x-request-id")).await;
    assert_eq!(decisions[0]["outcome"], "narrowed");
    assert_eq!(decisions[0]["user_id"], serde_json::Value::Null);
    is_denied(&client.client_credentials(Some("notes:write")).await);
    // What the rules take away is in the trace too.
    let unknown = client
        .client_credentials(Some("notes:read not:there"))
        .await;
    assert_eq!(scope_of(&unknown), "notes:read");
    let decisions = decisions_of(&acme, unknown.header("x-request-id")).await;
    assert_eq!(decisions[0]["outcome"], "narrowed");
    let rule = &decisions[0]["checks"][0];
    assert_eq!(rule["check"], "scopes");
    assert_eq!(rule["scope"], "not:there");
}

/// An error of a policy denies, is counted, and is no fault of the grant.
#[tokio::test]
async fn a_policy_that_cannot_be_evaluated_denies() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let overflowing = r#"
@id("counts-too-far")
@description("Adds more than a number can hold.")
forbid (principal is Writ::User, action == Writ::Action::"issue", resource)
when {
  context has authentication &&
  context.authentication.strength + 9223372036854775807 < 0
};
"#;
    write(&acme, overflowing).await;

    let refused = client.refresh(tokens.refresh_token()).await;
    let reference = is_denied(&refused);
    let decisions = decisions_of(&acme, &reference).await;
    let policy = &decisions[0]["checks"][0]["policies"][0];
    assert_eq!(policy["id"], "counts-too-far");
    assert!(policy["failure"].as_str().unwrap().contains("overflow"));
    assert!(app.metric("writ_policy_failures_total").await >= Some(1));
    write_none(&acme).await;
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// Of the grant's own sign-in the first token may come; a refresh is none.
#[tokio::test]
async fn at_a_refresh_nobody_can_sign_in() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.public_client().await;
    let fresh = r#"
@id("writing-needs-a-fresh-sign-in")
@description("Notes are changed by whoever has just signed in, and by nobody else.")
@obligation("fresh-sign-in")
forbid (principal is Writ::User, action == Writ::Action::"issue", resource == Writ::Scope::"notes:write");
"#;
    write(&acme, fresh).await;
    let tokens = client.tokens_for(&alice, BOTH).await;
    assert_eq!(tokens.body["scope"], BOTH);
    let refreshed = client.refresh(tokens.refresh_token()).await;
    assert_eq!(scope_of(&refreshed), "notes:read");
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refreshed.tokens().refresh_token()),
        ("scope", "notes:write"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let refused = client.token(&fields).await;
    refused.is_refused(400, "access_denied");
    assert!(
        refused.text("error_description").contains("sign-in"),
        "{refused:?}"
    );
}

/// Another tenant's policies are another tenant's.
#[tokio::test]
async fn policies_of_one_tenant_decide_nothing_in_another() {
    let app = TestApp::start().await;
    let (acme, umbrella): (TestTenant, TestTenant) =
        (app.tenant("acme").await, app.tenant("umbrella").await);
    write(&acme, WORKLOADS_ONLY_READ).await;
    let client = umbrella.confidential_client().await;
    assert_eq!(scope_of(&client.client_credentials(Some(BOTH)).await), BOTH);
}
