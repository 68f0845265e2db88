//! A client that changes while its consent page is open: the answer is to what the page showed, and to
//! nothing else.
//!
//! Not here: documents that change (`client_documents::changes`).

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Answer, AuthorizationRequest, Browser, Decision, OAuthClient, Page, TestApp, TestTenant,
};

const SHOWN: &str = "https://shown.example/callback";
const ELSEWHERE: &str = "https://elsewhere.example/callback";

fn metadata(name: &str, redirect_uri: &str) -> Value {
    json!({
        "client_name": name,
        "redirect_uris": [redirect_uri],
        "token_endpoint_auth_method": "none",
    })
}

/// A client that registered itself, and changes itself (RFC 7592).
struct Changeling {
    made: Value,
    client: OAuthClient,
}

impl Changeling {
    async fn of(tenant: &TestTenant) -> Self {
        let made = tenant.register(&metadata("Notes", SHOWN)).await;
        let made = made.expect_status(201).json();
        let client = tenant.client_of(&made);
        Self { made, client }
    }

    async fn becomes(&self, name: &str, redirect_uri: &str) {
        let mut body = metadata(name, redirect_uri);
        body["client_id"] = self.made["client_id"].clone();
        let member = |name: &str| self.made[name].as_str().unwrap();
        let uri = member("registration_client_uri");
        let request = self
            .client
            .wire
            .request(Method::PUT, uri)
            .bearer_auth(member("registration_access_token"))
            .json(&body);
        Answer::of(request).await.expect_status(200);
    }
}

/// A request that leaves out where the answer goes, since one place is registered.
fn without_redirect_uri(client: &OAuthClient) -> AuthorizationRequest {
    client.authorization_request().without("redirect_uri")
}

/// The page is shown again, with what there is now, and can be answered.
async fn is_asked_again(alice: &Browser, again: &Page, redirect_uri: &str) {
    assert!(again.is_consent(), "{again:?}");
    assert_eq!(again.answer().status, 409, "{again:?}");
    assert!(again.html().contains("has just changed"), "{again:?}");
    let host = url::Url::parse(redirect_uri).unwrap();
    let host = host.host_str().unwrap();
    assert!(again.html().contains(host), "{again:?}");
    let page = alice.decide(again, Decision::Allow).await;
    let location = page.location().as_str();
    assert!(location.starts_with(redirect_uri), "{location}");
    assert!(location.contains("code="), "{location}");
}

async fn sign_in_again(tenant: &TestTenant, browser: &Browser, login: &Page) -> Page {
    let alice = tenant.user("alice").await;
    browser
        .log_in(login, &alice.username, &alice.password)
        .await
}

/// L4: no code goes to a place that the person was not shown, and nothing is remembered for it.
#[tokio::test]
async fn a_registration_that_changes_under_the_persons_eyes_is_shown_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    for (name, redirect_uri) in [("Notes", ELSEWHERE), ("Your bank", SHOWN)] {
        let changeling = Changeling::of(&acme).await;
        let request = without_redirect_uri(&changeling.client);
        let page = request.open(&alice).await;
        assert!(page.html().contains("shown.example"), "{page:?}");
        changeling.becomes(name, redirect_uri).await;
        let again = alice.decide(&page, Decision::Allow).await;
        assert!(request.open(&alice).await.is_consent(), "not remembered");
        is_asked_again(&alice, &again, redirect_uri).await;
    }
}

#[tokio::test]
async fn a_client_that_an_administrator_changes_meanwhile_is_shown_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.client(&metadata("Notes", SHOWN)).await;
    let request = without_redirect_uri(&client);
    let page = request.open(&alice).await;
    let path = format!("/clients/{}", client.client_id);
    acme.change(&path, &json!({ "redirect_uris": [ELSEWHERE] }))
        .await;
    let again = alice.decide(&page, Decision::Allow).await;
    is_asked_again(&alice, &again, ELSEWHERE).await;
}

/// Between the answer and the code the person signs in again: the answer is as old as its page.
#[tokio::test]
async fn a_client_that_changes_while_the_person_signs_in_again_is_shown_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let changeling = Changeling::of(&acme).await;
    app.clock().advance(Duration::from_secs(10));
    let request = without_redirect_uri(&changeling.client).with("max_age", "60");
    let page = request.open(&alice).await;
    assert!(page.is_consent(), "{page:?}");
    app.clock().advance(Duration::from_mins(1));
    let sign_in = alice.decide(&page, Decision::Allow).await;
    assert!(sign_in.is_login(), "{sign_in:?}");
    changeling.becomes("Notes", ELSEWHERE).await;
    let again = sign_in_again(&acme, &alice, &sign_in).await;
    // The new page does not carry the old answer: to leave it and sign in once more is no consent.
    let leave = again.consent_form().press("decision", "switch_account");
    let sign_in = alice.submit(&leave).await;
    let unanswered = sign_in_again(&acme, &alice, &sign_in).await;
    assert!(unanswered.is_consent(), "{unanswered:?}");
    is_asked_again(&alice, &again, ELSEWHERE).await;
}

/// What did not change is not asked twice, though the person signed in in between.
#[tokio::test]
async fn an_answer_outlasts_a_sign_in() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = Changeling::of(&acme).await.client;
    app.clock().advance(Duration::from_secs(10));
    let request = without_redirect_uri(&client).with("max_age", "60");
    let page = request.open(&alice).await;
    app.clock().advance(Duration::from_mins(1));
    let sign_in = alice.decide(&page, Decision::Allow).await;
    let page = sign_in_again(&acme, &alice, &sign_in).await;
    let location = page.location().as_str();
    assert!(location.starts_with(SHOWN), "{location}");
}
