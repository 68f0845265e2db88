//! What `GET` and `POST {issuer}/authorize` make of a request, before anybody is asked anything.
//!
//! Not here: redirect URIs (`redirect_uri`), PKCE (`pkce`), resources and scopes (`requested_rights`),
//! prompt and max_age (`prompt`), and where an error is shown (`error_placement`).

use std::net::TcpListener;

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, OAuthClient, TestApp, TestTenant};

/// A1: an application that is not known is shown as such, and nothing of it gets into the page.
#[tokio::test]
async fn an_unknown_client_is_shown_and_never_followed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let request = acme.confidential_client().await.authorization_request();
    let too_long = "c".repeat(2049);
    let unknown = [
        "",
        "nobody",
        "<script>alert(1)</script>",
        "a\"b'c",
        "a\r\nb",
        "ü",
        too_long.as_str(),
    ];

    request
        .clone()
        .without("client_id")
        .send()
        .await
        .is_shown(400);
    for client_id in unknown {
        let answer = request.clone().with("client_id", client_id).send().await;
        answer.is_shown(400);
        assert!(!answer.body.contains("<script"), "{answer:?}");
        assert!(!answer.body.contains("a\"b'c"), "{answer:?}");
    }
}

/// A1: a client of one tenant is unknown at another.
#[tokio::test]
async fn a_client_of_another_tenant_is_unknown() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let mut client = umbrella.confidential_client().await;

    client.issuer.clone_from(&acme.issuer);
    client.authorization_request().send().await.is_shown(400);
}

/// A1: who preflights with JSON learns that its registration is gone; who reads
/// HTML gets the page, and for every other error so does everybody.
#[tokio::test]
async fn only_an_unknown_client_is_told_in_json_and_only_who_asks_for_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let unknown = client
        .authorization_request()
        .with("client_id", "gone")
        .url();
    let mismatch = client
        .authorization_request()
        .with("redirect_uri", "https://evil.example/")
        .url();
    let accept = async |url: &str, accept: &str| {
        Answer::of(
            acme.wire()
                .request(Method::GET, url)
                .header("accept", accept),
        )
        .await
    };

    let told = accept(&unknown, "application/json").await;
    told.is_refused(400, "invalid_client");
    assert!(!told.headers.contains_key("location"));
    for reader_of_html in ["application/json, text/html", "text/html", "*/*"] {
        accept(&unknown, reader_of_html).await.is_shown(400);
    }
    accept(&mismatch, "application/json").await.is_shown(400);
}

/// A3: another response type, or another mode, is refused where the client can read it.
#[tokio::test]
async fn a_bad_parameter_goes_back_to_a_verified_redirect_uri() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let request = client
        .authorization_request()
        .with("state", "a b&c=d+e%20\"ü");

    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "id_token", "unsupported_response_type"),
        ("response_type", "code token", "unsupported_response_type"),
        ("response_type", "CODE", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("response_mode", "form_post", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("scope", "notes:read \u{7}", "invalid_scope"),
    ] {
        let refused = request.clone().with(name, value).walk(&alice).await;
        assert_eq!(refused.error(), error, "{name}={value}");
        assert_eq!(refused.page.answer().status, 303);
        assert_eq!(
            refused.parameter("state").as_deref(),
            Some("a b&c=d+e%20\"ü")
        );
        assert!(
            refused
                .page
                .location()
                .as_str()
                .starts_with(&client.redirect_uri)
        );
    }
}

/// A3: a client that may not use codes is told so.
#[tokio::test]
async fn a_client_without_the_code_grant_gets_no_code() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let robot = acme
        .client(&json!({
            "client_name": "A robot",
            "redirect_uris": ["https://robot.example/callback"],
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic",
        }))
        .await;

    assert_eq!(robot.authorize(&alice).await.error(), "unauthorized_client");
}

/// A4: a parameter that comes twice is refused; where it says whom to answer, nobody is answered.
#[tokio::test]
async fn a_repeated_parameter_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let request = client.authorization_request().with("scope", "notes:read");

    for name in ["client_id", "redirect_uri"] {
        let value = value_of(&request, name);
        request
            .clone()
            .and(name, &value)
            .open(&alice)
            .await
            .answer()
            .is_shown(400);
        request
            .clone()
            .and(name, "other")
            .open(&alice)
            .await
            .answer()
            .is_shown(400);
    }
    for name in [
        "response_type",
        "scope",
        "code_challenge",
        "code_challenge_method",
    ] {
        let value = value_of(&request, name);
        assert_eq!(
            request.clone().and(name, &value).walk(&alice).await.error(),
            "invalid_request"
        );
    }
    for name in [
        "prompt",
        "max_age",
        "nonce",
        "login_hint",
        "ui_locales",
        "response_mode",
    ] {
        let repeated = request.clone().and(name, "1").and(name, "2");
        assert_eq!(
            repeated.walk(&alice).await.error(),
            "invalid_request",
            "{name}"
        );
    }
    let two_states = request.and("state", "another").walk(&alice).await;
    assert_eq!(two_states.error(), "invalid_request");
    assert_eq!(
        two_states.parameter("state"),
        None,
        "which of the two, nobody knows"
    );
}

/// A4: RFC 8707 §2: `resource` is the one parameter that may repeat.
#[tokio::test]
async fn a_repeated_resource_asks_for_both() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let client = acme.confidential_client().await;

    let both = client
        .authorization_request()
        .and("resource", &mail.identifier);
    let code = both.walk(&alice).await.code();
    let tokens = client
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code.code),
            ("code_verifier", &code.verifier),
            ("resource", &mail.identifier),
        ])
        .await
        .tokens();
    assert_eq!(tokens.claims()["aud"], mail.audience.as_str());
}

/// A5: what is empty was not sent, and what nobody knows does not matter.
#[tokio::test]
async fn empty_parameters_are_absent_and_unknown_ones_ignored() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.confidential_client().await;
    let mut request = client
        .authorization_request()
        .with("state", "")
        .with("resource", "");
    for name in [
        "scope",
        "prompt",
        "max_age",
        "nonce",
        "login_hint",
        "response_mode",
        "request",
    ] {
        request = request.with(name, "");
    }
    let request = request
        .and("unheard_of", "1")
        .and("unheard_of", "2")
        .and("code", "mine");

    let authorized = request.walk(&alice).await;
    assert_eq!(authorized.parameter("state"), None);
    assert!(
        authorized
            .parameter("code")
            .is_some_and(|code| code != "mine")
    );
    assert_eq!(count(&authorized.page.location().clone(), "code"), 1);
}

/// A6: RFC 9207 §2: one `iss` in every answer, byte for byte what the metadata says.
#[tokio::test]
async fn every_answer_names_the_issuer_exactly_once() {
    let app = TestApp::start().await;
    for (slug, issuer) in [
        ("acme", "https://writ.test/t/acme"),
        ("slashed", "https://writ.test/realms/slashed/"),
        ("rooted", "https://login.rooted.test"),
        ("ported", "https://ported.test:8443/a"),
    ] {
        let tenant = app.tenant_at(slug, issuer).await;
        let metadata = tenant.metadata().await.expect_status(200).json();
        assert_eq!(metadata["issuer"], issuer);
        assert_eq!(
            metadata["authorization_response_iss_parameter_supported"],
            true
        );
        let alice = tenant.browser_of("alice").await;
        let request = tenant.confidential_client().await.authorization_request();

        let allowed = request.walk(&alice).await;
        let denied = request
            .clone()
            .with("prompt", "consent")
            .walk_and_deny(&alice)
            .await;
        let refused = request
            .clone()
            .with("response_type", "token")
            .walk(&alice)
            .await;
        assert!(allowed.parameter("code").is_some());
        assert_eq!(denied.error(), "access_denied");
        assert_eq!(refused.error(), "unsupported_response_type");
        for answered in [allowed, denied, refused] {
            assert_eq!(answered.parameter("iss").as_deref(), Some(issuer));
            assert_eq!(count(answered.page.location(), "iss"), 1);
            assert_eq!(count(answered.page.location(), "state"), 1);
        }
    }
}

/// A13: request objects are refused by their name, and nobody goes and fetches one.
#[tokio::test]
async fn request_objects_are_refused_and_never_fetched() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let request = acme.confidential_client().await.authorization_request();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let object_url = format!("http://{}/object.jwt", listener.local_addr().unwrap());

    let by_value = request.clone().with("request", "eyJhbGciOiJub25lIn0.e30.");
    assert_eq!(by_value.walk(&alice).await.error(), "request_not_supported");
    let by_reference = request.clone().with("request_uri", &object_url);
    assert_eq!(
        by_reference.walk(&alice).await.error(),
        "request_uri_not_supported"
    );
    // Of our own form, and not of our making: what it stands for nobody knows (RFC 9126).
    let made_up = request.with("request_uri", "urn:ietf:params:oauth:request_uri:abc");
    made_up.open(&alice).await.answer().is_shown(400);
    let fetched = listener.accept().map(|(_, address)| address);
    assert_eq!(fetched.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let metadata = acme.metadata().await.json();
    assert_eq!(metadata["request_parameter_supported"], false);
    assert_eq!(metadata["request_uri_parameter_supported"], false);
}

/// mcp-remote: the URL is fetched before the browser opens it, and is none the
/// worse for it.
#[tokio::test]
async fn preflight_then_browser() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme
        .registered_client("http://127.0.0.1/oauth/callback")
        .await;
    let client = client.with_redirect_uri("http://127.0.0.1:3334/oauth/callback");
    let request = client.authorization_request();

    for accept in ["application/json", "*/*", "text/html"] {
        let preflight = acme
            .wire()
            .request(Method::GET, &request.url())
            .header("accept", accept);
        Answer::of(preflight).await.expect_status(200);
    }
    let code = request.walk(&acme.browser_of("alice").await).await.code();
    client.redeem(&code).await.tokens();
}

/// A disabled client is a page: an administrator has spoken, and the client is not asked.
#[tokio::test]
async fn a_disabled_client_is_shown() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;

    let consent = client.authorization_request().open(&alice).await;
    disable(&acme, &client).await;
    client
        .authorization_request()
        .open(&alice)
        .await
        .answer()
        .is_shown(400);
    let late = consent.consent_form().press("decision", "allow");
    alice.submit(&late).await.answer().is_shown(400);
}

async fn disable(tenant: &TestTenant, client: &OAuthClient) {
    tenant
        .change(
            &format!("/clients/{}", client.client_id),
            &json!({ "is_enabled": false }),
        )
        .await;
}

fn value_of(request: &crate::harness::AuthorizationRequest, name: &str) -> String {
    let found = request
        .parameters()
        .iter()
        .find(|(parameter, _)| parameter == name);
    found.unwrap().1.clone()
}

fn count(url: &url::Url, name: &str) -> usize {
    url.query_pairs()
        .filter(|(parameter, _)| parameter == name)
        .count()
}
