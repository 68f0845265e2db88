//! The browser's side of a sign-in: its cookies, its session, and several tenants in one of it.
//!
//! Not here: what travels through it (`pending_authorization`).

use std::time::Duration;

use crate::harness::{TestApp, TestAppOptions};

pub const SESSION: &str = "__Host-writ_session_acme";
pub const BROWSER: &str = "__Host-writ_browser_acme";

/// L2: on https the cookies are the host's alone, out of reach of scripts and of other sites' posts,
/// and named after the tenant.
#[tokio::test]
async fn cookies_on_https_are_bound_to_the_host() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;

    let mut names: Vec<String> = browser
        .cookies()
        .into_iter()
        .map(|cookie| cookie.name)
        .collect();
    names.sort();
    assert_eq!(names, [BROWSER, SESSION]);
    for cookie in browser.cookies() {
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.has(attribute), "{attribute}: {cookie:?}");
        }
        let has_domain = cookie
            .attributes
            .iter()
            .any(|text| text.to_lowercase().starts_with("domain"));
        assert!(!has_domain, "{cookie:?}");
    }
}

/// L2: browsers take neither Secure nor `__Host-` on plain http, so a development issuer has plain
/// names; the rest holds there too.
#[tokio::test]
async fn cookies_on_http_have_plain_names() {
    let app = TestApp::start_with(TestAppOptions::default().at("http://localhost:9000")).await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;

    for name in ["writ_session_acme", "writ_browser_acme"] {
        let cookie = browser.cookie(name).unwrap();
        assert!(cookie.has("HttpOnly") && cookie.has("SameSite=Lax") && cookie.has("Path=/"));
        assert!(!cookie.has("Secure"), "{cookie:?}");
    }
    acme.public_client().await.code_from(&browser).await;
}

/// L2: each sign-in makes a session of its own, and ends the one before.
#[tokio::test]
async fn the_session_changes_at_every_sign_in() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let first = browser.cookie(SESSION).unwrap().value;
    app.clock().advance(Duration::from_secs(1));

    client
        .authorization_request()
        .with("prompt", "login")
        .walk(&browser)
        .await
        .code();
    let second = browser.cookie(SESSION).unwrap().value;
    assert_ne!(first, second);

    let thief = app.browser();
    thief.plant_cookie(&acme.issuer, SESSION, &first);
    assert!(
        client.authorization_request().open(&thief).await.is_login(),
        "the old one is dead"
    );
}

/// L2: a session that somebody planted before the sign-in is not the session afterwards (fixation).
#[tokio::test]
async fn a_planted_session_is_never_adopted() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let mallory = acme.signed_in_browser_of("mallory").await;
    let planted = mallory.cookie(SESSION).unwrap().value;

    for value in [planted.as_str(), "garbage", ""] {
        let browser = acme.browser_of("alice").await;
        browser.plant_cookie(&acme.issuer, SESSION, value);
        let request = client.authorization_request().with("prompt", "login");
        app.clock().advance(Duration::from_secs(1));
        let code = request.walk(&browser).await.code();
        assert_ne!(browser.cookie(SESSION).unwrap().value, value);
        let tokens = client.redeem(&code).await.tokens();
        assert_eq!(tokens.claims()["sub"], acme.user("alice").await.id.as_str());
    }
}

/// L2: a session ends by itself, and with a disabled account.
#[tokio::test]
async fn a_session_does_not_last_for_ever() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;

    app.clock().advance(Duration::from_secs(43_199));
    assert!(
        client
            .authorization_request()
            .open(&browser)
            .await
            .is_consent()
    );
    app.clock().advance(Duration::from_secs(1));
    assert!(
        client
            .authorization_request()
            .open(&browser)
            .await
            .is_login()
    );
}

/// L7: who has signed out here sees nothing of what was on the page, by Back or by Reload.
#[tokio::test]
async fn after_signing_out_nothing_is_left() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let request = client.authorization_request();
    let consent = request.open(&browser).await;
    assert!(
        consent
            .answer()
            .header("cache-control")
            .contains("no-store")
    );
    let session = browser.cookie(SESSION).unwrap().value;

    let form = consent.consent_form().press("decision", "switch_account");
    let login = browser.submit(&form).await;
    assert!(login.is_login());
    assert!(!login.html().contains("alice"), "{login:?}");
    assert_eq!(browser.cookie(SESSION), None);
    let reloaded = request.open(&browser).await;
    assert!(reloaded.is_login());
    assert!(!reloaded.html().contains("alice"));
    let thief = app.browser();
    thief.plant_cookie(&acme.issuer, SESSION, &session);
    assert!(
        request.open(&thief).await.is_login(),
        "it ended here, not only in the browser"
    );
}

/// Two tenants in one browser: two people, two sessions, and nothing of one at the other.
#[tokio::test]
async fn two_tenants_share_a_browser_and_nothing_else() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let here = acme.confidential_client().await;
    let there = umbrella.confidential_client().await;
    let browser = app.browser();
    let alice = browser.clone().for_user(acme.user("alice").await);
    let bob = browser.clone().for_user(umbrella.user("bob").await);

    here.code_from(&alice).await;
    let login = there.authorization_request().open(&browser).await;
    assert!(
        login.is_login(),
        "a session at one is none at the other: {login:?}"
    );
    assert!(!login.html().contains("alice"));
    let code = there.code_from(&bob).await;
    let tokens = there.redeem(&code).await.tokens();
    assert_eq!(
        tokens.claims()["sub"],
        umbrella.user("bob").await.id.as_str()
    );
    let again = here.code_from(&browser).await;
    let tokens = here.redeem(&again).await.tokens();
    assert_eq!(tokens.claims()["sub"], acme.user("alice").await.id.as_str());
    assert_eq!(browser.cookies().len(), 4);
}
