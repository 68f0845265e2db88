//! Telling clients that a session has ended (OpenID Connect Back-Channel Logout).

use std::time::Duration;

use super::*;
use crate::harness::{Browser, Served, TestApp, TestAppOptions, TestInternet};

const TOLD: &str = "https://notes.example/told";

struct Told {
    app: TestApp,
    acme: TestTenant,
    internet: TestInternet,
}

impl Told {
    async fn start() -> Self {
        let internet = TestInternet::of(&["notes.example", "mail.example"]).await;
        internet.serve(TOLD, Served::new(200, "text/plain", ""));
        let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
        let acme = app.tenant("acme").await;
        Self {
            app,
            acme,
            internet,
        }
    }

    async fn client(&self) -> OAuthClient {
        client_with(&self.acme, &json!({ "backchannel_logout_uri": TOLD })).await
    }

    async fn sign_in(&self, client: &OAuthClient, browser: &Browser, scope: &str) -> Value {
        client.tokens_for(browser, scope).await.body
    }

    /// The person says so on our own page.
    async fn sign_out(&self, browser: &Browser) {
        browser.sign_out(&self.acme).await;
    }

    async fn count(&self, outcome: &str) -> i64 {
        let name = format!("writ_logout_notices_total{{outcome=\"{outcome}\"}}");
        self.app.metric(&name).await.unwrap_or_default()
    }

    /// How many are still to be told.
    async fn db_waiting(&self) -> i64 {
        self.app.database().db_sizes().await["logout_notices"]
    }
}

/// §2.4, §2.5: a token of its own kind, with person and session, posted as a form.
#[tokio::test]
async fn a_client_of_the_session_is_told() {
    let told = Told::start().await;
    let client = told.client().await;
    let browser = told.acme.browser_of("alice").await;
    let tokens = told.sign_in(&client, &browser, "openid notes:read").await;
    let id_token = tokens["id_token"].as_str().unwrap();
    let signed_in = verified(&told.acme, &client, id_token).await;
    told.sign_out(&browser).await;
    assert_eq!(told.internet.posted_to(TOLD).len(), 0, "by a job");
    told.app.run_due_jobs().await;

    let posted = told.internet.posted_to(TOLD);
    let [body] = posted.as_slice() else {
        panic!("told once: {posted:?}");
    };
    let form: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
    assert_eq!(form.len(), 1);
    assert_eq!(form[0].0, "logout_token");
    let token = form[0].1.as_ref();
    assert_eq!(part(token, 0)["typ"], "logout+jwt");
    let claims = verified(&told.acme, &client, token).await;
    assert_eq!(claims["sub"], signed_in["sub"]);
    assert_eq!(claims["sid"], signed_in["sid"]);
    assert_eq!(claims["iat"], told.app.clock().unix_seconds());
    assert_eq!(claims["exp"], told.app.clock().unix_seconds() + 120);
    assert!(claims["jti"].is_string());
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(claims["events"], json!({ event: {} }));
    assert_eq!(claims.get("nonce"), None, "§2.4 forbids one");
    told.app.run_due_jobs().await;
    assert_eq!(told.internet.posted_to(TOLD).len(), 1);
    assert_eq!(told.count("told").await, 1);
}

/// Whoever wants to know, got an ID token, and in this session: nobody else.
#[tokio::test]
async fn only_the_clients_of_the_session_are_told() {
    let told = Told::start().await;
    let here = told.client().await;
    let browser = told.acme.browser_of("alice").await;
    told.sign_in(&here, &browser, "openid notes:read").await;
    // Twice is one client.
    told.sign_in(&here, &browser, "openid notes:read").await;
    let deaf = web_client(&told.acme).await;
    told.sign_in(&deaf, &browser, "openid notes:read").await;
    let without_openid = told.client().await;
    told.sign_in(&without_openid, &browser, "notes:read").await;
    let elsewhere = told.client().await;
    let other_browser = told.acme.browser_of("alice").await;
    told.sign_in(&elsewhere, &other_browser, "openid notes:read")
        .await;

    told.sign_out(&browser).await;
    told.app.run_due_jobs().await;
    let posted = told.internet.posted_to(TOLD);
    let [body] = posted.as_slice() else {
        panic!("one client: {posted:?}");
    };
    let token = body.strip_prefix("logout_token=").unwrap();
    assert_eq!(part(token, 1)["aud"], here.client_id.as_str());
}

/// Signing in again goes on in the same session, so nobody is told; another person ends it.
#[tokio::test]
async fn a_new_sign_in_of_the_same_person_ends_no_session() {
    let told = Told::start().await;
    let client = told.client().await;
    let browser = told.acme.browser_of("alice").await;
    let first = told.sign_in(&client, &browser, "openid notes:read").await;
    let secret = browser.cookie(SESSION).unwrap().value;
    told.app.clock().advance(Duration::from_mins(5));
    let again = client
        .authorization_request()
        .with("scope", "openid notes:read")
        .with("prompt", "login");
    let code = again.walk(&browser).await.code();
    let second = client.redeem(&code).await.tokens().body;
    told.app.run_due_jobs().await;

    assert_eq!(told.internet.posted_to(TOLD).len(), 0);
    let sid = |tokens: &Value| part(tokens["id_token"].as_str().unwrap(), 1)["sid"].clone();
    assert_eq!(sid(&first), sid(&second));
    assert_ne!(browser.cookie(SESSION).unwrap().value, secret, "row L2");

    told.app.clock().advance(Duration::from_mins(5));
    let bob = browser.clone().for_user(told.acme.user("bob").await);
    let code = again.walk(&bob).await.code();
    let third = client.redeem(&code).await.tokens().body;
    assert_ne!(sid(&first), sid(&third));
    told.app.run_due_jobs().await;
    let posted = told.internet.posted_to(TOLD);
    let token = posted[0].strip_prefix("logout_token=").unwrap();
    assert_eq!(part(token, 1)["sid"], sid(&first));
}

/// A session that an operator ends has ended as well.
#[tokio::test]
async fn a_session_that_an_operator_ends_is_told_of() {
    let told = Told::start().await;
    let client = told.client().await;
    let browser = told.acme.browser_of("alice").await;
    told.sign_in(&client, &browser, "openid notes:read").await;
    told.acme.disable_user("alice").await;
    told.app.run_due_jobs().await;
    assert_eq!(told.internet.posted_to(TOLD).len(), 1);
}

/// A client that does not answer is tried again, slower and slower, with a new token each time, and is given
/// up after some six hours; whoever runs the tenant can see it.
#[tokio::test]
async fn a_client_that_does_not_answer_is_given_up() {
    let told = Told::start().await;
    let client = told.client().await;
    let browser = told.acme.browser_of("alice").await;
    told.sign_in(&client, &browser, "openid notes:read").await;
    told.internet.serve(TOLD, Served::status(500));
    told.sign_out(&browser).await;

    let waits = [10, 60, 300, 900, 2_400, 7_200, 10_800];
    for (attempt, wait) in waits.into_iter().enumerate() {
        told.app.run_due_jobs().await;
        assert_eq!(told.internet.posted_to(TOLD).len(), attempt + 1);
        told.app.clock().advance(Duration::from_secs(wait - 1));
        told.app.run_due_jobs().await;
        assert_eq!(told.internet.posted_to(TOLD).len(), attempt + 1, "not yet");
        told.app.clock().advance(Duration::from_secs(1));
    }
    told.app.run_due_jobs().await;
    let posted = told.internet.posted_to(TOLD);
    assert_eq!(posted.len(), waits.len() + 1);
    told.app.clock().advance(Duration::from_hours(24));
    told.app.run_due_jobs().await;
    assert_eq!(told.internet.posted_to(TOLD).len(), posted.len());
    let jtis: std::collections::HashSet<String> = posted
        .iter()
        .map(|body| part(body.strip_prefix("logout_token=").unwrap(), 1)["jti"].to_string())
        .collect();
    assert_eq!(jtis.len(), posted.len());
    assert_eq!(told.count("failed").await, 7);
    assert_eq!(told.count("given_up").await, 1);
    let event = &told.acme.audit_events("logout_notice.given_up").await[0];
    assert_eq!(event["target_id"], client.client_id.as_str(), "{event}");
    assert_eq!(event["details"]["reason"], "status");
    assert_eq!(told.db_waiting().await, 0);
}

/// It answers in the end: once is enough.
#[tokio::test]
async fn a_client_that_was_away_is_told_later() {
    let told = Told::start().await;
    let client = told.client().await;
    let browser = told.acme.browser_of("alice").await;
    told.sign_in(&client, &browser, "openid notes:read").await;
    told.internet.set_down(true);
    told.sign_out(&browser).await;
    told.app.run_due_jobs().await;
    told.internet.set_down(false);
    told.internet
        .serve(TOLD, Served::new(204, "text/plain", ""));
    told.app.clock().advance(Duration::from_secs(10));
    told.app.run_due_jobs().await;
    told.app.clock().advance(Duration::from_hours(1));
    told.app.run_due_jobs().await;
    assert_eq!(told.internet.posted_to(TOLD).len(), 1);
}

/// A client that is gone, or wants to know no more, is told nothing.
#[tokio::test]
async fn a_client_that_is_gone_is_not_told() {
    let told = Told::start().await;
    let browser = told.acme.browser_of("alice").await;
    let gone = told.client().await;
    let unwilling = told.client().await;
    let disabled = told.client().await;
    for client in [&gone, &unwilling, &disabled] {
        told.sign_in(client, &browser, "openid notes:read").await;
    }
    told.sign_out(&browser).await;
    let path = |client: &OAuthClient| format!("/clients/{}", client.client_id);
    let deleted = told
        .acme
        .admin()
        .delete(&told.acme.path(&path(&gone)))
        .await;
    deleted.expect_status(204);
    let no_more = json!({ "backchannel_logout_uri": null });
    told.acme.change(&path(&unwilling), &no_more).await;
    let off = json!({ "is_enabled": false });
    told.acme.change(&path(&disabled), &off).await;
    told.app.run_due_jobs().await;
    assert_eq!(told.internet.posted_to(TOLD).len(), 0);
    assert_eq!(told.db_waiting().await, 0);
}

/// Row K2: the address is the client's to choose, and leads nowhere inside.
#[tokio::test]
async fn no_notice_goes_to_an_address_of_our_own_network() {
    let told = Told::start().await;
    let client = told.client().await;
    let browser = told.acme.browser_of("alice").await;
    told.sign_in(&client, &browser, "openid notes:read").await;
    let before = told.internet.connections();
    told.internet
        .locate("notes.example", &["93.184.215.14", "10.0.0.7"]);
    told.sign_out(&browser).await;
    told.app.run_due_jobs().await;
    assert_eq!(told.internet.connections(), before);
    assert_eq!(told.count("failed").await, 1);
}

/// Row J6: only https, and nothing is fetched when it is registered.
#[tokio::test]
async fn a_logout_address_is_https() {
    let told = Told::start().await;
    for bad in [
        "http://notes.example/told",
        "javascript:alert(1)",
        "https://notes.example/told#x",
        "notes.example/told",
        "https://user@notes.example/told",
    ] {
        let metadata = json!({
            "redirect_uris": ["https://notes.example/callback"],
            "backchannel_logout_uri": bad,
        });
        let refused = told.acme.register(&metadata).await;
        refused.is_refused(400, "invalid_client_metadata");
    }
    assert_eq!(told.internet.connections(), 0);
}
