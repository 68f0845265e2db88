//! Sessions of a user: seen and ended by an operator as by the person.

use serde_json::{Value, json};

use super::{id_of, is_problem};
use crate::harness::{
    Browser, OAuthClient, Served, TestApp, TestAppOptions, TestInternet, TestTenant,
};

const TOLD: &str = "https://notes.example/told";

async fn sessions(tenant: &TestTenant, user_id: &str) -> Vec<Value> {
    let path = tenant.path(&format!("/users/{user_id}/sessions"));
    let page = tenant.admin().get(&path).await.expect_status(200).json();
    page["data"].as_array().unwrap().clone()
}

async fn is_signed_in(client: &OAuthClient, browser: &Browser) -> bool {
    !client
        .authorization_request()
        .open(browser)
        .await
        .is_login()
}

/// OpenID Connect Back-Channel Logout §2.5: an operator ends a session as its person does.
#[tokio::test]
async fn one_session_ends_and_its_clients_are_told() {
    let internet = TestInternet::of(&["notes.example"]).await;
    internet.serve(TOLD, Served::new(200, "text/plain", ""));
    let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await.id;
    let client = json!({
        "redirect_uris": ["https://notes.example/callback"],
        "backchannel_logout_uri": TOLD,
    });
    let client = acme.client(&client).await;
    let here = acme.browser_of("alice").await;
    let tokens = client.tokens_for(&here, "openid notes:read").await;
    // Two of one second come in no order.
    let session = id_of(&sessions(&acme, &alice).await[0]);
    let session = acme.path(&format!("/users/{alice}/sessions/{session}"));
    let elsewhere = acme.signed_in_browser_of("alice").await;
    assert_eq!(sessions(&acme, &alice).await.len(), 2);
    app.admin().delete(&session).await.expect_status(204);
    is_problem(&app.admin().delete(&session).await, 404, "not-found");

    assert!(!is_signed_in(&client, &here).await);
    assert!(is_signed_in(&client, &elsewhere).await);
    assert_eq!(sessions(&acme, &alice).await.len(), 1);
    app.run_due_jobs().await;
    assert_eq!(internet.posted_to(TOLD).len(), 1);
    // A session is no grant.
    client.refresh(tokens.refresh_token()).await.tokens();
    let event = &acme.audit_events("browser_session.ended").await[0];
    assert_eq!(event["details"]["by"], "operator");
    assert_eq!(event["details"]["user_id"], alice);
    let counted = app.metric("writ_logouts_total{by=\"operator\"}").await;
    assert_eq!(counted, Some(1));
}

#[tokio::test]
async fn all_sessions_end_at_once_and_of_this_user_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let (alice, bob) = (acme.user("alice").await.id, acme.user("bob").await.id);
    let browsers = [
        acme.signed_in_browser_of("alice").await,
        acme.signed_in_browser_of("alice").await,
    ];
    let other = acme.signed_in_browser_of("bob").await;
    let foreign = id_of(&sessions(&acme, &bob).await[0]);
    let foreign = acme.path(&format!("/users/{alice}/sessions/{foreign}"));
    is_problem(&app.admin().delete(&foreign).await, 404, "not-found");

    let path = acme.path(&format!("/users/{alice}/sessions"));
    let tried = app.admin().delete(&format!("{path}?dry_run=true")).await;
    tried.expect_status(204);
    assert_eq!(sessions(&acme, &alice).await.len(), 2);
    for _ in 0..2 {
        app.admin().delete(&path).await.expect_status(204);
    }
    for browser in &browsers {
        assert!(!is_signed_in(&client, browser).await);
    }
    assert!(is_signed_in(&client, &other).await);
    assert_eq!(acme.audit_events("browser_session.ended").await.len(), 1);
    let counted = app.metric("writ_logouts_total{by=\"operator\"}").await;
    assert_eq!(counted, Some(2));
}
