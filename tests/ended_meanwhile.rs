//! A session, a user or a client that ends, or a consent that is withdrawn, while an answer is being written: no
//! grant is left over, and the person is led on by what is so now (row F8).
//!
//! Mostly the end is a transaction of the test's own, which commits once the answer waits for it. That an end which
//! comes after the grant finds it, is tested in `store`; here, where an operator's call ends more than a session.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Browser, Decision, DeviceCodes, OAuthClient, Page, TestApp, TestTenant};

async fn db_grants(app: &TestApp) -> i64 {
    app.database().db_sizes().await["grants"]
}

/// Somebody is asked whether a television may have what it asks for.
struct DeviceConsent {
    television: OAuthClient,
    codes: DeviceCodes,
    browser: Browser,
    page: Page,
}

impl DeviceConsent {
    async fn open(acme: &TestTenant) -> Self {
        let television = acme.device_client().await;
        let browser = acme.signed_in_browser_of("alice").await;
        let codes = television.device_codes().await;
        let page = acme.type_code(&browser, &codes.user_code).await;
        assert!(page.is_consent(), "{page:?}");
        Self {
            television,
            codes,
            browser,
            page,
        }
    }
}

#[tokio::test]
async fn whoever_is_signed_out_while_a_code_is_issued_signs_in_and_is_asked_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let request = client.authorization_request();
    let consent = request.open(&browser).await;
    let ending = app.database().db_hold("delete from browser_sessions").await;
    let (page, ()) = tokio::join!(
        browser.decide(&consent, Decision::Allow),
        ending.commit_once_awaited_by(1)
    );
    assert!(page.is_login(), "{page:?}");
    assert_eq!(db_grants(&app).await, 0);

    let again = browser.sign_in(&page).await;
    assert!(again.is_consent(), "what was allowed before: {again:?}");
    let left = browser.decide(&again, Decision::Allow).await;
    client.redeem(&request.ended_at(left).code()).await.tokens();
}

/// Nobody sees a page: the client hears that somebody has to sign in.
#[tokio::test]
async fn a_silent_request_that_a_sign_out_overtakes_asks_for_a_login() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.browser_of("alice").await;
    client.code_from(&browser).await;
    let silent = client.authorization_request().with("prompt", "none");
    let ending = app.database().db_hold("delete from browser_sessions").await;
    let (ended, ()) = tokio::join!(silent.walk(&browser), ending.commit_once_awaited_by(1));
    assert_eq!(ended.error(), "login_required");
    assert_eq!(db_grants(&app).await, 1);
}

#[tokio::test]
async fn whoever_is_signed_out_while_a_device_is_approved_signs_in_and_is_asked_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let asked = DeviceConsent::open(&acme).await;
    let ending = app.database().db_hold("delete from browser_sessions").await;
    let (page, ()) = tokio::join!(
        asked.browser.decide(&asked.page, Decision::Allow),
        ending.commit_once_awaited_by(1)
    );
    assert!(page.is_login(), "{page:?}");
    let polled = asked.television.poll(&asked.codes).await;
    polled.is_refused(400, "authorization_pending");

    app.clock().advance(Duration::from_secs(5));
    let again = asked.browser.sign_in(&page).await;
    assert!(again.is_consent(), "{again:?}");
    asked.browser.decide(&again, Decision::Allow).await;
    asked.television.poll(&asked.codes).await.tokens();
}

/// Row F8.
#[tokio::test]
async fn a_consent_that_is_withdrawn_while_a_code_is_issued_is_asked_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.browser_of("alice").await;
    client.code_from(&browser).await;
    let request = client.authorization_request();
    let ending = app.database().db_hold("delete from consents").await;
    let (page, ()) = tokio::join!(request.open(&browser), ending.commit_once_awaited_by(1));
    assert!(page.is_consent(), "{page:?}");
    assert_eq!(db_grants(&app).await, 1);
}

/// Row F8: who disables a user waits for the code, and finds its grant. Nobody waits in a circle, though another
/// name takes the user's row from the grant that refers to it.
#[tokio::test]
async fn a_user_who_is_renamed_and_disabled_while_a_code_is_issued_keeps_no_grant() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let request = client.authorization_request();
    let consent = request.open(&browser).await;
    let path = acme.path(&format!("/users/{}", acme.user("alice").await.id));
    let changes = json!({ "username": "alice-who-left", "is_enabled": false });
    // The code has its session by then, and not yet its grant.
    let grants = app.database().db_hold("lock table grants in share mode");
    let grants = grants.await;
    let disable = async {
        app.database().db_until_waiting(1).await;
        acme.admin().patch(&path, &changes).await
    };
    let (left, disabled, ()) = tokio::join!(
        browser.decide(&consent, Decision::Allow),
        disable,
        grants.commit_once_awaited_by(2)
    );
    let user = disabled.expect_status(200).json();
    assert_eq!(user["username"], "alice-who-left", "{user}");
    let code = request.ended_at(left).code();
    assert_eq!(db_grants(&app).await, 1);
    let live = "select count(*) from grants where revoked_at is null";
    let mut database = app.database().db_connect_as_superuser().await;
    let live = sqlx::query_scalar::<_, i64>(live).fetch_one(&mut database);
    assert_eq!(live.await.unwrap(), 0);
    client.cannot_redeem(&code).await;
}

/// Row F8: whoever signs in while they are deleted waits, and is nobody any more; nobody waits in a circle.
#[tokio::test]
async fn a_user_who_signs_in_again_while_they_are_deleted_is_gone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    client.code_from(&browser).await;
    app.clock().advance(Duration::from_secs(5));
    let request = client.authorization_request().with("prompt", "login");
    let login = request.open(&browser).await;
    assert!(login.is_login(), "{login:?}");
    let path = acme.path(&format!("/users/{}", acme.user("alice").await.id));
    // Her sessions have ended by then, and not yet her grants.
    let grants = app.database().db_hold("select from grants for update");
    let grants = grants.await;
    let sign_in = async {
        app.database().db_until_waiting(1).await;
        browser.sign_in(&login).await
    };
    let (deleted, page, ()) = tokio::join!(
        acme.admin().delete(&path),
        sign_in,
        grants.commit_once_awaited_by(2)
    );
    deleted.expect_status(204);
    assert!(page.is_login(), "{page:?}");
    assert_eq!(db_grants(&app).await, 0);
}

/// Row F8: deleting a client waits for the device that is being approved for it, or the reverse, never both.
#[tokio::test]
async fn a_client_that_is_deleted_while_its_device_is_approved_takes_the_grant_along() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let asked = DeviceConsent::open(&acme).await;
    let path = acme.path(&format!("/clients/{}", asked.television.client_id));
    let devices = app
        .database()
        .db_hold("select from device_authorizations for update");
    let devices = devices.await;
    let delete = async {
        app.database().db_until_waiting(1).await;
        acme.admin().delete(&path).await
    };
    let (page, deleted, ()) = tokio::join!(
        asked.browser.decide(&asked.page, Decision::Allow),
        delete,
        devices.commit_once_awaited_by(2)
    );
    deleted.expect_status(204);
    assert_eq!(page.answer().status, 200, "{page:?}");
    assert_eq!(db_grants(&app).await, 0);
}

/// Row F8: not that they had answered before.
#[tokio::test]
async fn whoever_allows_a_client_that_is_being_deleted_hears_that_it_is_gone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let consent = client.authorization_request().open(&browser).await;
    hears_that_the_client_is_gone(&app, &browser, &consent).await;

    let waiting = DeviceConsent::open(&acme).await;
    hears_that_the_client_is_gone(&app, &waiting.browser, &waiting.page).await;
}

async fn hears_that_the_client_is_gone(app: &TestApp, browser: &Browser, consent: &Page) {
    let ending = app.database().db_hold("delete from clients").await;
    let (page, ()) = tokio::join!(
        browser.decide(consent, Decision::Allow),
        ending.commit_once_awaited_by(1)
    );
    page.answer().is_shown(400);
    let gone = "This application is not known here";
    assert!(page.html().contains(gone), "{page:?}");
    assert_eq!(db_grants(app).await, 0);
}

/// The answer was to be remembered for a resource that is not there any more.
#[tokio::test]
async fn whoever_allows_what_is_being_deleted_hears_that_it_is_gone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let consent = client.authorization_request().open(&browser).await;
    let ending = app.database().db_hold("delete from resources").await;
    let (page, ()) = tokio::join!(
        browser.decide(&consent, Decision::Allow),
        ending.commit_once_awaited_by(1)
    );
    page.answer().is_shown(403);
    assert!(
        page.html().contains("What was asked for is gone"),
        "{page:?}"
    );
    assert_eq!(db_grants(&app).await, 0);
}

#[tokio::test]
async fn a_device_whose_client_is_being_deleted_is_no_client() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let ending = app.database().db_hold("delete from clients").await;
    let (asked, ()) = tokio::join!(
        television.ask_for_device(&[]),
        ending.commit_once_awaited_by(1)
    );
    asked.is_refused(401, "invalid_client");
}

/// Signed out in another tab before pressing Allow.
#[tokio::test]
async fn an_answer_without_a_session_says_so() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let consent = client.authorization_request().open(&browser).await;
    browser.sign_out(&acme).await;
    let late = browser.decide(&consent, Decision::Allow).await;
    late.answer().is_shown(403);
    assert!(late.html().contains("You are signed out"), "{late:?}");
    assert_eq!(db_grants(&app).await, 0);
}
