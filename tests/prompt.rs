//! `prompt` and `max_age`: what a client may ask about the sign-in itself (OpenID Connect Core
//! §3.1.2.1).

use std::time::Duration;

use serde_json::json;

use crate::harness::{Browser, Decision, OAuthClient, Page, TestApp, TestTenant};

/// A client whose consent may be remembered, and has been, by Alice, in this browser.
async fn remembered(tenant: &TestTenant) -> (OAuthClient, Browser) {
    let client = tenant.confidential_client().await;
    let browser = tenant.browser_of("alice").await;
    client.code_from(&browser).await;
    (client, browser)
}

/// A12: nobody is signed in, and nobody may be asked.
#[tokio::test]
async fn prompt_none_without_a_session_is_login_required() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;

    for client in [
        acme.confidential_client().await,
        acme.public_client().await,
        acme.registered_client("https://stranger.example/callback")
            .await,
    ] {
        let request = client.authorization_request().with("prompt", "none");
        let refused = request.walk(&browser).await;
        assert_eq!(refused.error(), "login_required");
        assert_eq!(
            refused.parameter("state").as_deref(),
            Some("state of the tests")
        );
    }
}

/// A12: consent is missing, and nobody may be asked; where it is asked every time, no earlier answer
/// helps.
#[tokio::test]
async fn prompt_none_without_consent_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;
    let web = acme.confidential_client().await;
    let desktop = acme.public_client().await;

    let silent = web.authorization_request().with("prompt", "none");
    assert_eq!(silent.walk(&browser).await.error(), "consent_required");
    web.code_from(&browser).await;
    silent.walk(&browser).await.code();

    let silent = desktop.authorization_request().with("prompt", "none");
    assert_eq!(silent.walk(&browser).await.error(), "interaction_required");
    desktop.code_from(&browser).await;
    assert_eq!(silent.walk(&browser).await.error(), "interaction_required");
}

/// A12: a remembered consent answers without a page, unless another site sends the browser and
/// nobody vouches for the client.
#[tokio::test]
async fn prompt_none_of_a_stranger_from_another_site_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (web, browser) = remembered(&acme).await;
    let stranger = acme
        .registered_client("https://stranger.example/callback")
        .await;
    stranger.code_from(&browser).await;
    let silent = |client: &OAuthClient| client.authorization_request().with("prompt", "none");

    silent(&stranger).walk(&browser).await.code();
    let refused = browser
        .open_from_another_site(&silent(&stranger).url())
        .await;
    assert_eq!(
        parameter(&refused, "error").as_deref(),
        Some("interaction_required")
    );
    let answered = browser.open_from_another_site(&silent(&web).url()).await;
    assert!(parameter(&answered, "code").is_some());
}

/// A12: `none` stands alone.
#[tokio::test]
async fn prompt_none_beside_another_value_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, browser) = remembered(&acme).await;

    for prompt in ["none login", "consent none", "none select_account"] {
        let refused = client
            .authorization_request()
            .with("prompt", prompt)
            .walk(&browser)
            .await;
        assert_eq!(refused.error(), "invalid_request", "{prompt}");
    }
}

/// `prompt=login`: whoever is signed in shows again who they are, once.
#[tokio::test]
async fn prompt_login_asks_for_the_password_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, browser) = remembered(&acme).await;
    app.clock().advance(Duration::from_secs(1));

    for prompt in ["login", "select_account", "unheard_of login"] {
        let page = client
            .authorization_request()
            .with("prompt", prompt)
            .open(&browser)
            .await;
        assert!(page.is_login(), "{prompt}: {page:?}");
        app.clock().advance(Duration::from_secs(1));
        let alice = acme.user("alice").await;
        let after = browser
            .log_in(&page, &alice.username, &alice.password)
            .await;
        assert!(parameter(&after, "code").is_some(), "{after:?}");
        app.clock().advance(Duration::from_secs(1));
    }
}

/// `prompt=select_account`: another person may sign in, and what the first one allowed is not theirs.
#[tokio::test]
async fn another_account_does_not_inherit_consent() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, browser) = remembered(&acme).await;
    let bob = acme.user("bob").await;
    app.clock().advance(Duration::from_secs(1));

    let request = client
        .authorization_request()
        .with("prompt", "select_account");
    let login = request.open(&browser).await;
    let consent = browser.log_in(&login, &bob.username, &bob.password).await;
    assert!(consent.is_consent(), "{consent:?}");
    let left = browser.decide(&consent, Decision::Allow).await;
    assert!(parameter(&left, "code").is_some());
}

/// `prompt=consent`: asked although the answer is known.
#[tokio::test]
async fn prompt_consent_asks_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, browser) = remembered(&acme).await;

    let page = client
        .authorization_request()
        .with("prompt", "consent")
        .open(&browser)
        .await;
    assert!(page.is_consent(), "{page:?}");
    let left = browser.decide(&page, Decision::Allow).await;
    assert!(parameter(&left, "code").is_some());
    app.clock().advance(Duration::from_secs(1));
    let both = client
        .authorization_request()
        .with("prompt", "login consent")
        .open(&browser)
        .await;
    assert!(both.is_login(), "{both:?}");
    let alice = acme.user("alice").await;
    let consent = browser
        .log_in(&both, &alice.username, &alice.password)
        .await;
    assert!(consent.is_consent(), "{consent:?}");
}

/// `max_age`: a sign-in that is older than the client wants is done again.
#[tokio::test]
async fn max_age_asks_for_a_fresh_sign_in() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, browser) = remembered(&acme).await;
    let within = |seconds: &str| client.authorization_request().with("max_age", seconds);

    app.clock().advance(Duration::from_mins(1));
    within("60").walk(&browser).await.code();
    let silent = within("59").with("prompt", "none");
    assert_eq!(silent.walk(&browser).await.error(), "login_required");
    assert!(within("59").open(&browser).await.is_login());
    assert!(within("0").open(&browser).await.is_login());
    within("59").walk(&browser).await.code();
    within("99999999999").walk(&browser).await.code();
}

/// `login_hint` is written into the form, and is the person's to change.
#[tokio::test]
async fn a_login_hint_fills_the_name_in() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let client = acme.confidential_client().await;

    let page = client
        .authorization_request()
        .with("login_hint", "b\"o<b>")
        .open(&browser)
        .await;
    assert_eq!(page.login_form().value("username"), "b\"o<b>");
    let alice = acme.user("alice").await;
    assert!(
        browser
            .log_in(&page, &alice.username, &alice.password)
            .await
            .is_consent()
    );
}

/// OpenID Connect Core §3.1.2.1: `nonce` and `ui_locales` are taken, and change nothing here.
#[tokio::test]
async fn nonce_and_ui_locales_do_no_harm() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let client = acme.confidential_client().await;
    let request = client
        .authorization_request()
        .with("nonce", "n-0S6")
        .with("ui_locales", "fr-CA en");

    let code = request.walk(&browser).await.code();
    let tokens = client.redeem(&code).await.tokens();
    assert_eq!(tokens.body["id_token"], json!(null));
}

fn parameter(page: &Page, name: &str) -> Option<String> {
    let pairs = page.location().query_pairs();
    pairs
        .into_owned()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}
