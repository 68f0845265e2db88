//! What is recorded and counted of signing out: once for a session, with who asked.

use super::*;
use crate::harness::TestApp;

async fn events(tenant: &TestTenant) -> Vec<Value> {
    tenant.audit_events("browser_session.ended").await
}

async fn count(app: &TestApp, by: &str) -> i64 {
    let name = format!("writ_logouts_total{{by=\"{by}\"}}");
    app.metric(&name).await.unwrap_or_default()
}

/// The newest, which says where it came from, and how.
async fn newest(tenant: &TestTenant, by: &str) -> Value {
    let newest = events(tenant).await.swap_remove(0);
    assert_eq!(newest["request_id"].as_str().map(str::len), Some(12));
    assert_eq!(newest["address"], "127.0.0.1", "{newest}");
    assert_eq!(newest["target_kind"], "browser_session", "{newest}");
    assert_eq!(newest["details"]["by"], by, "{newest}");
    newest
}

/// Row S3.
#[tokio::test]
async fn a_client_that_signs_a_person_out_is_named_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    let hint = id_token_of(&client.tokens_for(&browser, "openid notes:read").await);
    let secret = browser.cookie(SESSION).unwrap().value;
    let url = format!("{}?id_token_hint={hint}", acme.url("logout"));
    for _ in 0..2 {
        let gone = browser.open(&url).await;
        assert!(gone.html().contains("You are signed out"), "{gone:?}");
        // The dead cookie again, as from a tab that was asleep.
        browser.plant_cookie(&acme.issuer, SESSION, &secret);
    }

    assert_eq!(events(&acme).await.len(), 1);
    let event = newest(&acme, "client").await;
    assert_eq!(event["details"]["client_id"], client.client_id.as_str());
    let alice = acme.user("alice").await;
    assert_eq!(event["actor_id"], alice.id.as_str(), "{event}");
    assert_eq!(count(&app, "client").await, 1);
    assert_eq!(count(&app, "page").await, 0);
}

/// Both ask for the session before either has ended it.
#[tokio::test]
async fn a_person_who_signs_out_in_two_tabs_at_once_does_so_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;
    let one = browser.open(&acme.url("logout")).await;
    let other = browser.open(&acme.url("logout")).await;
    let hold = "select from browser_sessions for update";
    let session = app.database().db_hold(hold).await;
    let (one, other, ()) = tokio::join!(
        browser.press_sign_out(&one),
        browser.press_sign_out(&other),
        session.commit_once_awaited_by(2)
    );
    for gone in [one, other] {
        assert!(gone.html().contains("You are signed out"), "{gone:?}");
    }

    assert_eq!(events(&acme).await.len(), 1);
    let event = newest(&acme, "page").await;
    assert_eq!(event["details"].get("client_id"), None, "{event}");
    assert_eq!(count(&app, "page").await, 1);
}

#[tokio::test]
async fn a_client_that_only_asks_is_named_beside_the_person_who_agrees() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let browser = acme.signed_in_browser_of("alice").await;
    let url = format!("{}?client_id={}", acme.url("logout"), client.client_id);
    let page = browser.open(&url).await;
    browser.press_sign_out(&page).await;
    let event = newest(&acme, "page").await;
    assert_eq!(event["details"]["client_id"], client.client_id.as_str());
}

/// Somebody else at the same browser: by saying so on the consent page, or by signing in.
#[tokio::test]
async fn whoever_makes_room_for_somebody_else_has_signed_out() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let browser = acme.signed_in_browser_of("alice").await;
    let consent = client.authorization_request().open(&browser).await;
    let form = consent.consent_form().press("decision", "switch_account");
    let login = browser.submit(&form).await;
    let event = newest(&acme, "account_switch").await;
    assert_eq!(event["details"]["client_id"], client.client_id.as_str());

    browser.sign_in(&login).await;
    let bob = browser.clone().for_user(acme.user("bob").await);
    app.clock().advance(std::time::Duration::from_secs(1));
    let anew = client.authorization_request().with("prompt", "login");
    anew.walk(&bob).await.code();
    newest(&acme, "other_login").await;
    assert_eq!(events(&acme).await.len(), 2);
    for by in ["account_switch", "other_login"] {
        assert_eq!(count(&app, by).await, 1, "{by}");
    }
}
