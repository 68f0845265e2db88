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

/// J1: a tenant may keep registrations to hosts that it knows, and away from people's own machines; the
/// reason says whom to ask.
#[tokio::test]
async fn redirects_of_registrations_can_be_limited() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let limits = json!({
        "registration_redirect_hosts": ["client.example"],
        "registration_allows_loopback": false,
        "private_use_redirect_uris": ["cursor://callback"],
    });
    acme.change("", &limits).await;
    for good in [
        "https://client.example/callback",
        "https://client.example:8443/x",
        "cursor://callback",
    ] {
        let body = json!({ "redirect_uris": [good] });
        acme.register(&body).await.expect_status(201);
    }
    for bad in [
        "https://evil.example/callback",
        "https://client.example.evil.example/callback",
        "https://www.client.example/callback",
        "http://127.0.0.1/callback",
        "http://localhost:3001/callback",
        "http://[::1]/callback",
    ] {
        let both = json!({ "redirect_uris": ["https://client.example/callback", bad] });
        let refused = acme.register(&both).await;
        refused.is_refused(403, "access_denied");
        let reason = refused.text("error_description");
        assert!(reason.contains("administrator"), "{bad}: {reason}");
    }
    // What an administrator enters is the administrator's business.
    acme.public_client().await;
}

/// J8: what registrations can have at most, asked for or not.
#[tokio::test]
async fn scopes_of_registrations_can_be_limited() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "registration_scopes": ["notes:read"] }))
        .await;
    let body = |scope: serde_json::Value| {
        json!({
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": "none",
            "scope": scope,
        })
    };
    let alice = acme.browser_of("alice").await;
    for (asked, told) in [
        (json!("notes:read notes:write"), Some(json!("notes:read"))),
        // A limit is no wish of the client's: it is in force, and SDKs are not told of more than they asked.
        (json!("notes:write"), None),
        (json!(null), None),
    ] {
        let made = acme.register(&body(asked.clone())).await.expect_status(201);
        let made = made.json();
        assert_eq!(made.get("scope"), told.as_ref(), "{asked}");
        let request = acme
            .client_of(&made)
            .authorization_request()
            .with("scope", "notes:read notes:write");
        let code = request.walk(&alice).await.code();
        let tokens = acme.client_of(&made).redeem(&code).await.tokens();
        assert_eq!(tokens.body["scope"], "notes:read", "{asked}");
    }
}

/// J2: registrations fill a tenant so far and no further; what an administrator enters does not count.
#[tokio::test]
async fn a_tenant_has_so_many_registrations_and_no_more() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    acme.change("", &json!({ "registration_max_clients": 2 }))
        .await;
    acme.public_client().await;
    let body = json!({ "redirect_uris": ["https://client.example/callback"] });
    let first = acme.register(&body).await.expect_status(201);
    acme.register(&body).await.expect_status(201);
    let full = acme.register(&body).await;
    full.is_refused(429, "temporarily_unavailable");
    assert!(full.header("retry-after").parse::<u64>().unwrap() >= 60);
    assert!(
        full.text("error_description").contains("administrator"),
        "{full:?}"
    );
    globex.register(&body).await.expect_status(201);

    let one = format!("/clients/{}", first.text("client_id"));
    acme.admin()
        .delete(&acme.path(&one))
        .await
        .expect_status(204);
    acme.register(&body).await.expect_status(201);
}

/// J2: how long one stays that nobody uses is the tenant's setting; one that is disabled stays, or its
/// application would come back under another id.
#[tokio::test]
async fn how_long_an_unused_registration_stays_is_a_setting() {
    let app = TestApp::start_with(TestAppOptions {
        job_interval: Some(Duration::from_millis(20)),
        ..TestAppOptions::default()
    })
    .await;
    let acme = app.tenant("acme").await;
    let lifetime = json!({ "registration_unused_lifetime": 86_400 });
    acme.change("", &lifetime).await;
    let used = acme.registered_client("http://127.0.0.1/callback").await;
    let unused = acme.registered_client("http://127.0.0.1/callback").await;
    let disabled = acme.registered_client("http://127.0.0.1/callback").await;
    let path = format!("/clients/{}", disabled.client_id);
    acme.change(&path, &json!({ "is_enabled": false })).await;
    let tokens = used.tokens_of(&acme.browser_of("alice").await).await;

    app.clock().advance(Duration::from_hours(2 * 24));
    let is_removed = async { while unused.refresh("writ_rt_garbage").await.status != 401 {} };
    let removed = tokio::time::timeout(Duration::from_secs(30), is_removed).await;
    assert!(removed.is_ok(), "the sweep did not come");
    used.refresh(tokens.refresh_token()).await.tokens();
    disabled.cannot_refresh("writ_rt_garbage").await;
    let swept = app.metric("writ_swept_total{kind=\"clients\"}").await;
    assert_eq!(swept, Some(1));
}
