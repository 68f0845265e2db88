//! What the rules of OAuth refuse before any policy is asked has a trace as well.

use serde_json::Value;

use super::{decisions_of, reference_in};
use crate::harness::{TestApp, TestTenant, with_the_next_batch};

/// The one trace of this reference.
async fn trace_of(tenant: &TestTenant, reference: &str) -> Value {
    let decisions = decisions_of(tenant, reference).await;
    let [decision] = decisions.as_slice() else {
        panic!("{decisions:#?}")
    };
    assert_eq!(decision["outcome"], "refused");
    decision.clone()
}

#[tokio::test]
async fn a_refusal_of_a_client_says_which_rule_it_was() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let refused = client.client_credentials(Some("no:such")).await;
    refused.is_refused(400, "invalid_scope");
    let trace = trace_of(&acme, &refused.text("error_id")).await;
    assert_eq!(trace["action"], "issue");
    assert_eq!(trace["client_id"], client.client_id);
    assert_eq!(trace["user_id"], Value::Null);
    assert_eq!(trace["inputs"]["client"]["origin"], "static");
    assert_eq!(
        trace["inputs"]["context"]["grant_type"],
        "client_credentials"
    );
    let check = &trace["checks"][0];
    assert_eq!(
        (&check["check"], &check["verdict"]),
        (&"invalid_scope".into(), &"denied".into())
    );
    assert_eq!(check["reason"], refused.json()["error_description"]);

    let refused = client.refresh("writ_rt_garbage").await;
    let trace = trace_of(&acme, &refused.text("error_id")).await;
    assert_eq!(trace["checks"][0]["check"], "invalid_grant");
    assert!(!trace.to_string().contains("garbage"), "{trace:#}");
}

#[tokio::test]
async fn a_refusal_of_somebody_signed_in_leads_from_the_redirect_to_the_rule() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.signed_in_browser_of("alice").await;
    let elsewhere = client.authorization_request();
    let elsewhere = elsewhere.with("resource", "https://elsewhere.test/mcp");
    let refused = elsewhere.walk(&alice).await;
    assert_eq!(refused.error(), "invalid_target");
    let reference = reference_in(&refused.parameter("error_description").unwrap());
    let trace = trace_of(&acme, &reference).await;
    assert_eq!(trace["action"], "authorize");
    assert_eq!(trace["user_id"], acme.user("alice").await.id.as_str());
    assert_eq!(trace["checks"][0]["check"], "invalid_target");
}

/// Who says no has not been refused, and a step that is still to come is none either.
#[tokio::test]
async fn what_nobody_refused_leaves_no_trace() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let browser = acme.browser_of("alice").await;
    let silent = client.authorization_request().with("prompt", "none");
    assert_eq!(silent.walk(&browser).await.error(), "login_required");
    let denied = client.authorization_request().walk_and_deny(&browser).await;
    assert_eq!(denied.error(), "access_denied");

    // A public client proves nothing, and nothing is written for it.
    client
        .refresh("writ_rt_garbage")
        .await
        .is_refused(400, "invalid_grant");

    // Whatever was written before this one is there with it.
    let robot = acme.confidential_client().await;
    let refused = robot.client_credentials(Some("no:such")).await;
    decisions_of(&acme, &refused.text("error_id")).await;
    let list = async || {
        let path = acme.path("/decisions?outcome=refused");
        acme.admin().get(&path).await.json()["data"].clone()
    };
    with_the_next_batch("the one refusal", async || {
        list().await.as_array().map(Vec::len) == Some(1)
    })
    .await;
}
