//! A draft, tried on what was decided before.

use std::time::Duration;

use serde_json::{Value, json};

use super::{WRITING_IS_FOR_EDITORS, put_into, text_with, write, write_none};
use crate::harness::{TestApp, TestTenant, with_the_next_batch};

const BOTH: &str = "notes:read notes:write";

async fn simulate(tenant: &TestTenant, draft: &str) -> Value {
    let path = tenant.path("/policies/simulate");
    let body = json!({ "text": text_with(draft) });
    let answer = tenant.admin().post(&path, &body).await;
    answer.expect_status(200).json()
}

#[tokio::test]
async fn it_lists_what_would_change_and_changes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "erin", "editors").await;
    let client = acme.public_client().await;
    for username in ["alice", "erin"] {
        let browser = acme.browser_of(username).await;
        client.tokens_for(&browser, BOTH).await;
    }
    let count = async || {
        let path = acme.path("/decisions?action=issue");
        let listed = acme.admin().get(&path).await.json();
        listed["data"].as_array().unwrap().len()
    };
    with_the_next_batch("both tokens are in the sample", async || count().await == 2).await;

    let same = simulate(&acme, "").await;
    assert_eq!(same["changed"], 0, "{same:#}");
    assert!(same["examined"].as_u64().unwrap() >= 4, "{same:#}");
    // Events of issued tokens come in batches.
    let rows = async || app.database().db_rows().await.without("audit_events");
    let before = rows().await;
    let stricter = simulate(&acme, WRITING_IS_FOR_EDITORS).await;
    assert_eq!(rows().await, before);
    let alice = acme.user("alice").await;
    let differences = stricter["differences"].as_array().unwrap();
    assert!(!differences.is_empty());
    assert_eq!(stricter["changed"], differences.len());
    for difference in differences {
        assert_eq!(difference["user_id"], alice.id.as_str());
        assert_eq!(
            difference["scopes"],
            json!([{
                "scope": "notes:write",
                "resource": acme.resource.identifier,
                "before": "allowed",
                "after": "denied",
                "policies": [{
                    "layer": "tenant",
                    "id": "writing-is-for-editors",
                    "description": "Only editors may let a client change notes.",
                    "failure": null,
                }],
            }])
        );
    }
}

/// The other way: what was refused would be allowed.
#[tokio::test]
async fn it_lists_what_would_be_allowed_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    write(&acme, WRITING_IS_FOR_EDITORS).await;
    let browser = acme.browser_of("alice").await;
    let tokens = client.tokens_for(&browser, BOTH).await;
    assert_eq!(tokens.body["scope"], "notes:read");
    with_the_next_batch("what was kept back", async || {
        simulate(&acme, "").await["changed"].as_u64() > Some(0)
    })
    .await;
    let laxer = simulate(&acme, "").await;
    let scope = &laxer["differences"][0]["scopes"][0];
    assert_eq!(
        (&scope["before"], &scope["after"]),
        (&json!("denied"), &json!("allowed"))
    );
    // Older than it looks back.
    app.clock().advance(Duration::from_hours(8 * 24));
    assert_eq!(simulate(&acme, "").await["examined"], 0);
    write_none(&acme).await;
}

#[tokio::test]
async fn a_draft_with_faults_is_refused_with_their_places() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = acme.path("/policies/simulate");
    for bad in [
        json!({ "text": "permit (principal, action, resource" }),
        json!({ "text": text_with(WRITING_IS_FOR_EDITORS).replace("notes:write", "x").replace("Writ::Group", "Writ::Crowd") }),
        json!({ "text": text_with(""), "days": 0 }),
        json!({ "text": text_with(""), "days": 31 }),
        json!({ "texts": text_with("") }),
        json!({}),
    ] {
        let refused = acme.admin().post(&path, &bad).await.expect_status(400);
        assert!(refused.json()["detail"].is_string(), "{refused:?}");
    }
}
