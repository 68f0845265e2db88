//! Whether a tenant takes registrations, and how long one stays that nobody uses.

use std::time::Duration;

use serde_json::json;

use crate::harness::{TestApp, TestAppOptions};

/// J1: switched off: a reason that a person can act on, and no endpoint in the metadata.
#[tokio::test]
async fn registration_can_be_switched_off() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({ "redirect_uris": ["http://127.0.0.1/callback"] });
    assert_eq!(
        acme.metadata().await.json()["registration_endpoint"],
        acme.url("register")
    );
    acme.register(&body).await.expect_status(201);

    acme.change("", &json!({ "registration_policy": "off" }))
        .await;
    assert_eq!(
        acme.metadata().await.json().get("registration_endpoint"),
        None
    );
    let refused = acme.register(&body).await;
    refused.is_refused(403, "access_denied");
    assert!(
        refused.text("error_description").contains("administrator"),
        "{refused:?}"
    );
    // A fault in the body is nobody's business then.
    acme.register(&json!([]))
        .await
        .is_refused(403, "access_denied");

    acme.change("", &json!({ "registration_policy": "open" }))
        .await;
    acme.register(&body).await.expect_status(201);
}

/// J2: a registration that led to nothing is removed after a while; one with a live grant never.
#[tokio::test]
async fn a_registration_that_nobody_used_is_removed() {
    let interval = Some(Duration::from_millis(20));
    let app = TestApp::start_with(TestAppOptions {
        job_interval: interval,
        ..TestAppOptions::default()
    })
    .await;
    let acme = app.tenant("acme").await;
    let used = acme.registered_client("http://127.0.0.1/callback").await;
    let unused = acme.registered_client("http://127.0.0.1/callback").await;
    let tokens = used.tokens_of(&acme.browser_of("alice").await).await;

    app.clock().advance(Duration::from_hours(6 * 24));
    unused.cannot_refresh("writ_rt_garbage").await;
    app.clock().advance(Duration::from_hours(2 * 24));
    let is_removed = async { while unused.refresh("writ_rt_garbage").await.status != 401 {} };
    let patience = Duration::from_secs(30);
    let removed = tokio::time::timeout(patience, is_removed).await;
    assert!(removed.is_ok(), "the sweep did not come");
    used.refresh(tokens.refresh_token()).await.tokens();
}
