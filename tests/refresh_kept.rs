//! Confidential clients that keep their refresh token, where the tenant says so.

use std::time::Duration;

use serde_json::json;

use crate::harness::{TestApp, with_the_next_batch};
use crate::refresh_token::live_generations;

/// Not rotated: no new refresh token is returned, and the one there is goes on working.
#[tokio::test]
async fn a_confidential_client_keeps_its_refresh_token_where_the_tenant_says_so() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "rotates_confidential_refresh_tokens": false }))
        .await;
    let alice = acme.browser_of("alice").await;
    let client = acme.confidential_client().await;
    let first = client.tokens_of(&alice).await;
    for _ in 0..3 {
        app.clock().advance(Duration::from_mins(5));
        let renewed = client.refresh(first.refresh_token()).await.tokens();
        assert_eq!(renewed.refresh_token, None, "{:?}", renewed.body);
        assert_ne!(renewed.claims()["jti"], first.claims()["jti"]);
    }
    assert_eq!(live_generations(&app).await, [0]);
    with_the_next_batch("each use is told", async || {
        acme.audit_events("refresh_token.kept").await.len() == 3
    })
    .await;
    for event in acme.audit_events("refresh_token.kept").await {
        assert_eq!(event["actor_id"], client.client_id.as_str(), "{event}");
        assert_eq!(event["details"].get("class"), None, "{event}");
    }
    let kept = "writ_refreshes_total{outcome=\"kept\"}";
    assert_eq!(app.metric(kept).await, Some(3));

    client
        .revoke(first.refresh_token())
        .await
        .expect_status(200);
    client.cannot_refresh(first.refresh_token()).await;
}

/// F1: a public client rotates whatever the tenant says (OAuth 2.1 §4.3.1).
#[tokio::test]
async fn a_public_client_rotates_whatever_the_tenant_says() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "rotates_confidential_refresh_tokens": false }))
        .await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    assert_ne!(second.refresh_token(), first.refresh_token());
}

/// F7: each use begins the idle lifetime anew; the absolute one ends it all the same.
#[tokio::test]
async fn a_kept_refresh_token_has_its_lifetimes() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change(
        "",
        &json!({
            "rotates_confidential_refresh_tokens": false,
            "refresh_idle_lifetime": 300,
            "refresh_absolute_lifetime": 800,
        }),
    )
    .await;
    let client = acme.confidential_client().await;
    let alice = acme.browser_of("alice").await;
    let kept = client.tokens_of(&alice).await;
    for _ in 0..2 {
        app.clock().advance(Duration::from_secs(299));
        client.refresh(kept.refresh_token()).await.tokens();
    }
    app.clock().advance(Duration::from_secs(202));
    client.cannot_refresh(kept.refresh_token()).await;

    let idle = client.tokens_of(&alice).await;
    app.clock().advance(Duration::from_mins(5));
    client.cannot_refresh(idle.refresh_token()).await;
}

/// F3: a kept token keeps its whole scope, and a refused request changes nothing.
#[tokio::test]
async fn a_narrower_scope_leaves_the_kept_token_whole() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "rotates_confidential_refresh_tokens": false }))
        .await;
    let client = acme.confidential_client().await;
    let request = client
        .authorization_request()
        .with("scope", "notes:read notes:write");
    let code = request.walk(&acme.browser_of("alice").await).await.code();
    let kept = client.redeem(&code).await.tokens();
    let narrower = [
        ("grant_type", "refresh_token"),
        ("refresh_token", kept.refresh_token()),
        ("scope", "notes:read"),
    ];
    assert_eq!(
        client.token(&narrower).await.tokens().body["scope"],
        "notes:read"
    );
    let whole = client.refresh(kept.refresh_token()).await.tokens();
    assert_eq!(whole.body["scope"], "notes:read notes:write");
}

/// A tenant that changes its mind: a token that was kept rotates from then on, and the other way round.
#[tokio::test]
async fn the_setting_may_be_changed_under_a_living_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let rotates = async |yes: bool| {
        let setting = json!({ "rotates_confidential_refresh_tokens": yes });
        acme.change("", &setting).await;
    };
    let client = acme.confidential_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    rotates(false).await;
    client.refresh(first.refresh_token()).await.tokens();
    rotates(true).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    rotates(false).await;
    let kept = client.refresh(second.refresh_token()).await.tokens();
    assert_eq!(kept.refresh_token, None);
    client.refresh(second.refresh_token()).await.tokens();
}
