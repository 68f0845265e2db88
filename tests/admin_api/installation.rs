//! What is done to every tenant at once.

use serde_json::json;

use super::{is_problem, is_problem_of, key_for};
use crate::harness::TestApp;

const VOID: &str = "/admin/v1/installation/void-refresh-tokens";

/// Z4: after a back-up was restored: refresh tokens of every tenant end at every replica, sign-ins from then on work.
#[tokio::test]
async fn voided_refresh_tokens_are_dead_in_every_tenant_and_at_every_replica() {
    let app = TestApp::start().await;
    let there = app.start_replica().await;
    let mut held = Vec::new();
    for slug in ["acme", "globex"] {
        let tenant = app.tenant(slug).await;
        let client = tenant.public_client().await;
        let tokens = client.tokens_of(&tenant.browser_of("alice").await).await;
        held.push((tenant, client, tokens));
    }
    let body = json!({ "reason": "restored the back-up of 3 May" });

    let answer = app.admin().post(VOID, &body).await.expect_status(200);

    assert_eq!(answer.json(), json!({ "security_epoch": 2 }));
    for (tenant, client, tokens) in held {
        let elsewhere = client.clone().through(there.wire());
        elsewhere.cannot_refresh(tokens.refresh_token()).await;
        client.cannot_refresh(tokens.refresh_token()).await;
        let anew = client.tokens_of(&tenant.browser_of("alice").await).await;
        elsewhere.refresh(anew.refresh_token()).await.tokens();
    }
    let events = app.admin().get("/admin/v1/audit-events").await.json();
    let event = &events["data"][0];
    assert_eq!(event["action"], "refresh_tokens.voided");
    assert_eq!(event["details"]["reason"], "restored the back-up of 3 May");
    let voided = "writ_revocations_total{kind=\"all_refresh_tokens\"}";
    assert_eq!(app.metric(voided).await, Some(1));
}

/// Only for whoever runs the installation, and never by accident.
#[tokio::test]
async fn a_reason_and_a_platform_key_are_needed() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let body = json!({ "reason": "why not" });
    let (owner, _) = key_for(&app, Some("acme"), "write").await;
    is_problem(&owner.post(VOID, &body).await, 403, "forbidden");
    let (reader, _) = key_for(&app, None, "read").await;
    is_problem(&reader.post(VOID, &body).await, 403, "forbidden");
    for bad in [json!({}), json!({ "reason": " " })] {
        let answer = app.admin().post(VOID, &bad).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    let answer = app.admin().post(VOID, &json!({ "reason": "" })).await;
    is_problem_of(&answer, 400, "invalid-value", "reason");
}
