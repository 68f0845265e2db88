//! The methods of the sign-in's endpoints: requests that are posted, redirects after a post, and the
//! answers that no script of another site may read.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, TestApp};

/// A8: a request that is posted goes on as our own GET, by 303, with everything it said; so do the
/// forms of the pages.
#[tokio::test]
async fn every_redirect_after_a_post_is_a_303() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.confidential_client().await;
    let request = client
        .authorization_request()
        .and("resource", &acme.resource.identifier);

    let posted = acme
        .wire()
        .post_form(&acme.url("authorize"), request.parameters())
        .await;
    assert_eq!(posted.status, 303);
    let sent_on = url::Url::parse(&acme.issuer)
        .unwrap()
        .join(posted.header("location"))
        .unwrap();
    assert_eq!(sent_on.path(), "/t/acme/authorize");
    let pairs: Vec<(String, String)> = sent_on.query_pairs().into_owned().collect();
    assert_eq!(pairs, request.parameters());

    let login = request.open(&alice).await;
    let user = acme.user("alice").await;
    let form = login
        .login_form()
        .fill("username", "alice")
        .fill("password", &user.password);
    assert_eq!(alice.submit_once(&form).await.status, 303);
    let consent = request.open(&alice).await;
    let allowed = alice
        .submit_once(&consent.consent_form().press("decision", "allow"))
        .await;
    assert_eq!(allowed.status, 303);
}

/// A form of the client's own site arrives without cookies, and still finds the
/// person signed in.
#[tokio::test]
async fn a_request_posted_by_another_site_finds_the_session() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let request = client
        .authorization_request()
        .with("state", &"s".repeat(4096));

    let page = alice
        .post_from_another_site(&acme.url("authorize"), request.parameters())
        .await;
    assert!(page.is_consent(), "{page:?}");
    let left = alice
        .submit(&page.consent_form().press("decision", "allow"))
        .await;
    let pairs: Vec<_> = left.location().query_pairs().collect();
    assert!(pairs.contains(&("state".into(), "s".repeat(4096).into())));
}

/// A posted request is a form; anything else is shown, not guessed at.
#[tokio::test]
async fn a_posted_request_that_is_no_form_is_shown() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;

    let url = acme.url("authorize");
    acme.wire()
        .post_json(&url, &json!({ "response_type": "code" }))
        .await
        .is_shown(400);
    Answer::of(acme.wire().request(Method::POST, &url))
        .await
        .is_shown(400);
    let long = [("state", "s".repeat(70_000))];
    acme.wire().post_form(&url, &long).await.is_shown(413);
}

/// A9: no script of another site reads anything of the authorization endpoint or its pages.
#[tokio::test]
async fn authorize_speaks_no_cors() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let url = acme
        .confidential_client()
        .await
        .authorization_request()
        .url();

    for endpoint in [
        url,
        acme.url("login"),
        acme.url("consent"),
        acme.url("authorize/continue"),
    ] {
        for method in [Method::OPTIONS, Method::GET, Method::POST] {
            let request = acme
                .wire()
                .request(method, &endpoint)
                .header("origin", "https://evil.example")
                .header("access-control-request-method", "GET");
            let answer = Answer::of(request).await;
            let names = answer
                .headers
                .keys()
                .map(reqwest::header::HeaderName::as_str);
            assert_eq!(
                names
                    .filter(|name| name.starts_with("access-control"))
                    .count(),
                0
            );
        }
    }
}
