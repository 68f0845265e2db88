//! Traces: what is kept of a decision, for whom, and for how long.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CONTRACTORS_STAY_OUT, decisions_of, put_into, write, write_none};
use crate::harness::{TestApp, TestTenant, with_the_next_batch};

/// Which check, which policy, which input.
#[tokio::test]
async fn a_trace_says_what_was_decided_from_and_nothing_secret() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    let client = acme.confidential_client().await;
    let carol = acme.browser_of("carol").await;
    let tokens = client.tokens_of(&carol).await;
    write(&acme, CONTRACTORS_STAY_OUT).await;

    let refused = client.refresh(tokens.refresh_token()).await;
    let decisions = decisions_of(&acme, &refused.text("error_id")).await;
    let [decision] = decisions.as_slice() else {
        panic!("{decisions:#?}")
    };
    let inputs = &decision["inputs"];
    assert_eq!(inputs["principal"]["username"], "carol");
    assert_eq!(inputs["principal"]["groups"], json!(["contractors"]));
    assert_eq!(inputs["client"]["origin"], "static");
    assert_eq!(inputs["context"]["grant_type"], "refresh_token");
    assert!(inputs["context"]["address"].is_string(), "{inputs:#}");
    assert_eq!(decision["policy_version"], 1);
    let policy = &decision["checks"][0]["policies"][0];
    assert_eq!(policy["id"], "contractors-stay-out");
    assert_eq!(policy["layer"], "tenant");
    assert_eq!(
        policy["description"],
        "Contractors get nothing at the notes server."
    );
    let text = decision.to_string();
    let carol = acme.user("carol").await;
    for secret in [
        tokens.refresh_token(),
        &tokens.access_token,
        client.secret().unwrap(),
        &carol.password,
    ] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Another tenant's trace is not found, never forbidden.
#[tokio::test]
async fn a_trace_is_found_in_its_own_tenant_alone() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let reference = refused_once(&acme).await;
    decisions_of(&acme, &reference).await;

    let elsewhere = umbrella.path(&format!("/decisions/{reference}"));
    umbrella.admin().get(&elsewhere).await.expect_status(404);
    let listed = umbrella.admin().get(&umbrella.path("/decisions")).await;
    assert_eq!(listed.expect_status(200).json()["data"], json!([]));
    for unknown in ["000000000000", "no-such-reference", "%20", "%00"] {
        let path = acme.path(&format!("/decisions/{unknown}"));
        acme.admin().get(&path).await.expect_status(404);
    }
}

/// A workload that may have nothing asks once; the reference it is told.
async fn refused_once(tenant: &TestTenant) -> String {
    let client = tenant.confidential_client().await;
    write(tenant, NO_WORKLOADS).await;
    let refused = client.client_credentials(None).await;
    refused.is_refused(400, "access_denied");
    refused.text("error_id")
}

const NO_WORKLOADS: &str = r#"
@id("no-workloads")
@description("Nothing runs by itself here.")
forbid (principal is Writ::Workload, action, resource);
"#;

#[tokio::test]
async fn traces_are_listed_from_the_newest_by_what_they_are_about() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let reference = refused_once(&acme).await;
    write_none(&acme).await;
    let client = acme.confidential_client().await;
    let alice = acme.user("alice").await;
    client.tokens_of(&acme.browser_of("alice").await).await;

    let list = async |query: &str| -> Vec<Value> {
        let path = acme.path(&format!("/decisions?{query}"));
        let listed = acme.admin().get(&path).await.expect_status(200).json();
        listed["data"].as_array().unwrap().clone()
    };
    // Consent, code and token of Alice: a sample is kept of what is allowed too.
    with_the_next_batch("what was allowed is in the sample", async || {
        list(&format!("user={}&outcome=allowed&action=issue", alice.id))
            .await
            .len()
            == 1
    })
    .await;
    let denied = list("outcome=denied").await;
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0]["error_id"], reference.as_str());
    let of_client = list(&format!("client={}", client.client_id)).await;
    assert!(of_client.iter().all(|it| it["outcome"] == "allowed"));
    assert_eq!(list("action=register").await, Vec::<Value>::new());
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = acme.path(&format!("/decisions?limit=1{cursor}"));
        let page = acme.admin().get(&path).await.expect_status(200).json();
        paged.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, list("limit=200").await);
    for bad in ["outcome=maybe", "action=exchange", "user=alice", "client="] {
        let path = acme.path(&format!("/decisions?{bad}"));
        acme.admin().get(&path).await.expect_status(400);
    }
}

/// A runaway client fills neither the table nor the queue, and what is left out is counted.
#[tokio::test]
async fn traces_of_a_runaway_client_are_bounded_and_the_rest_is_counted() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    refused_once(&acme).await;
    let client = acme.confidential_client().await;
    for _ in 0..110 {
        client
            .client_credentials(None)
            .await
            .is_refused(400, "access_denied");
    }
    let lost = app
        .metric("writ_decision_traces_dropped_total{why=\"bound\"}")
        .await;
    assert!(lost >= Some(11), "{lost:?}");
    let decided = "writ_decisions_total{action=\"issue\",outcome=\"denied\"}";
    assert_eq!(app.metric(decided).await, Some(111));
    // Next minute it is kept again.
    app.clock().advance(Duration::from_mins(1));
    let refused = client.client_credentials(None).await;
    decisions_of(&acme, &refused.text("error_id")).await;
}

/// Z17: they go by themselves; and those about a person go with the person.
#[tokio::test]
async fn traces_go_after_a_while_and_with_their_person() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("carol").await).await;
    write(&acme, &format!("{CONTRACTORS_STAY_OUT}{NO_WORKLOADS}")).await;
    let refused = client.refresh(tokens.refresh_token()).await;
    let about_carol = refused.text("error_id");
    decisions_of(&acme, &about_carol).await;
    let carol = acme.user("carol").await;
    let path = acme.path(&format!("/users/{}", carol.id));
    acme.admin().delete(&path).await.expect_status(204);
    let path = acme.path(&format!("/decisions/{about_carol}"));
    acme.admin().get(&path).await.expect_status(404);

    let reference = refused_once(&acme).await;
    decisions_of(&acme, &reference).await;
    let path = acme.path(&format!("/decisions/{reference}"));
    app.clock().advance(Duration::from_hours(29 * 24));
    app.run_due_jobs().await;
    acme.admin().get(&path).await.expect_status(200);
    app.clock().advance(Duration::from_hours(2 * 24));
    app.run_due_jobs().await;
    acme.admin().get(&path).await.expect_status(404);
}
