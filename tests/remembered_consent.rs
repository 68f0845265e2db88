//! Consent that is remembered: for whom, for what, and where it is asked again all the same.
//!
//! Not here: the question itself and whose answer counts (`consent`).

use serde_json::json;

use crate::harness::{AuthorizationRequest, Browser, OAuthClient, TestApp, TestTenant};

/// L4: an https client is asked once for the same, and again for anything new.
#[tokio::test]
async fn anything_new_is_asked_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let metadata = json!({
        "client_name": "Two addresses",
        "redirect_uris": ["https://two.example/a", "https://two.example/b"],
        "token_endpoint_auth_method": "none",
    });
    let client = acme.client(&metadata).await;
    let twin = acme.client(&metadata).await;
    let request = client.authorization_request().with("scope", "notes:read");

    assert!(is_asked(&request, &alice).await);
    request.walk(&alice).await.code();
    assert!(!is_asked(&request, &alice).await);
    assert!(!is_asked(&request.clone().without("scope"), &alice).await);

    let bob = acme.signed_in_browser_of("bob").await;
    assert!(is_asked(&request, &bob).await, "another person");
    let elsewhere = acme.signed_in_browser_of("alice").await;
    assert!(
        !is_asked(&request, &elsewhere).await,
        "the same person in another browser"
    );
    for (what, new) in [
        (
            "another client",
            request.clone().with("client_id", &twin.client_id),
        ),
        (
            "another redirect URI",
            request
                .clone()
                .with("redirect_uri", "https://two.example/b"),
        ),
        (
            "another resource",
            request.clone().with("resource", &mail.identifier),
        ),
        (
            "one more resource",
            request.clone().and("resource", &mail.identifier),
        ),
        (
            "another scope",
            request.clone().with("scope", "notes:write"),
        ),
        (
            "one more scope",
            request.clone().with("scope", "notes:read notes:write"),
        ),
        (
            "a scope of the tenant",
            request.clone().with("scope", "notes:read email"),
        ),
    ] {
        assert!(is_asked(&new, &alice).await, "{what}");
    }
}

/// L4: what the person took away stays away until they are asked again.
#[tokio::test]
async fn a_narrowed_consent_remembers_what_was_given() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let both = client
        .authorization_request()
        .with("scope", "notes:read notes:write");

    let form = both
        .open(&alice)
        .await
        .consent_form()
        .untick("scope", "notes:write");
    alice
        .submit(&form.press("decision", "allow"))
        .await
        .location();
    assert!(is_asked(&both, &alice).await);
    assert!(is_asked(&both.clone().with("scope", "notes:write"), &alice).await);
    assert!(!is_asked(&both.with("scope", "notes:read"), &alice).await);
}

/// L4: a refusal is not remembered, and neither is it an answer for the next time.
#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let request = acme.confidential_client().await.authorization_request();

    assert_eq!(request.walk_and_deny(&alice).await.error(), "access_denied");
    assert!(is_asked(&request, &alice).await);
    request.walk(&alice).await.code();
}

/// L4: RFC 8252 §8.6: consent is remembered where the answer can reach nobody but the client: by
/// https, or because it authenticates. Loopback and private schemes of public clients ask each time.
#[tokio::test]
async fn consent_is_remembered_only_where_nobody_can_pose_as_the_client() {
    const PRIVATE: &str = "cursor://anysphere.cursor-mcp/oauth/callback";
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "private_use_redirect_uris": [PRIVATE] }))
        .await;
    let alice = acme.signed_in_browser_of("alice").await;

    for (redirect_uri, method, is_remembered) in [
        ("https://web.example/callback", "none", true),
        ("https://web.example/callback", "client_secret_basic", true),
        ("http://127.0.0.1/callback", "client_secret_post", true),
        ("http://127.0.0.1/callback", "none", false),
        ("http://localhost:8000/callback", "none", false),
        ("http://[::1]/callback", "none", false),
        (PRIVATE, "none", false),
    ] {
        let client = client(&acme, redirect_uri, method).await;
        let request = client.authorization_request();
        request.walk(&alice).await.code();
        assert_eq!(
            is_asked(&request, &alice).await,
            !is_remembered,
            "{redirect_uri} {method}"
        );
    }
    let confidential = client(&acme, "http://127.0.0.1/other", "client_secret_basic").await;
    let at_port = |port: u16| {
        let uri = format!("http://127.0.0.1:{port}/other");
        confidential
            .clone()
            .with_redirect_uri(&uri)
            .authorization_request()
    };
    at_port(5001).walk(&alice).await.code();
    assert!(
        !is_asked(&at_port(5002), &alice).await,
        "remembered by the registered address"
    );
}

/// L4: one tenant's consent is nothing to another, not even with the same names.
#[tokio::test]
async fn a_consent_belongs_to_its_tenant() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let metadata = json!({
        "client_id": "the-same",
        "client_name": "The same",
        "redirect_uris": ["https://same.example/callback"],
    });
    let (here, there) = (
        acme.client(&metadata).await,
        umbrella.client(&metadata).await,
    );
    here.code_from(&acme.browser_of("alice").await).await;

    let alice = umbrella.signed_in_browser_of("alice").await;
    assert!(is_asked(&there.authorization_request(), &alice).await);
}

async fn client(tenant: &TestTenant, redirect_uri: &str, method: &str) -> OAuthClient {
    tenant
        .client(&json!({
            "client_name": "A client",
            "redirect_uris": [redirect_uri],
            "token_endpoint_auth_method": method,
        }))
        .await
}

/// Opens a request and looks whether a question comes; without an answer nothing is decided.
async fn is_asked(request: &AuthorizationRequest, browser: &Browser) -> bool {
    let page = request.open(browser).await;
    assert!(!page.is_error() && !page.is_login(), "{page:?}");
    page.is_consent()
}
