//! Pushed authorization requests (RFC 9126): checked when they are pushed, sealed into their `request_uri`, checked
//! again when the browser brings them.

use std::time::Duration;

use serde_json::json;

use crate::client_documents::{CALLBACK, Documents, URL, client_at};
use crate::harness::{Answer, ClientAuthentication, OAuthClient, TestApp, TestTenant};

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// The page that says which error it is, for whoever builds the client.
#[track_caller]
fn is_shown_with(answer: &Answer, code: &str) {
    answer.is_shown(400);
    assert!(
        answer.body.contains(&format!("<code>{code}</code>")),
        "{answer:?}"
    );
}

/// Row U1: every kind of client gets a code by two parameters, and the code is worth what any code is.
#[tokio::test]
async fn a_pushed_request_leads_to_a_code() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for client in [acme.public_client().await, acme.confidential_client().await] {
        let browser = acme.browser_of("alice").await;
        let request = client.authorization_request().with("scope", "notes:write");
        let answer = request.push().await.expect_status(201);
        assert_eq!(answer.json()["expires_in"], 300);
        assert!(answer.header("cache-control").contains("no-store"));
        let request_uri = answer.text("request_uri");
        assert!(request_uri.starts_with(PREFIX), "{request_uri}");

        let code = request
            .referring_to(&request_uri)
            .walk(&browser)
            .await
            .code();
        let tokens = client.redeem(&code).await.tokens();
        assert_eq!(tokens.claims()["scope"], "notes:write");
    }
    let refused = acme.confidential_client().await.authorization_request();
    let refused = refused.with("response_type", "token").push().await;
    refused.is_refused(400, "unsupported_response_type");
    for (outcome, count) in [("pushed", 2), ("refused", 1)] {
        let counted = format!("writ_pushed_requests_total{{outcome=\"{outcome}\"}}");
        assert_eq!(app.metric(&counted).await, Some(count), "{outcome}");
    }
}

/// Row U1: nothing is written for a request that is pushed.
#[tokio::test]
async fn pushing_writes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    client.authorization_request().pushed().await;
    let before = app.database().db_rows().await;
    client.authorization_request().pushed().await;
    let refused = client.authorization_request().with("response_type", "x");
    refused
        .push()
        .await
        .is_refused(400, "unsupported_response_type");
    assert_eq!(app.database().db_rows().await, before);
}

/// RFC 9126 §2: the client authenticates as at the token endpoint.
#[tokio::test]
async fn the_client_authenticates_first() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let wrong = client
        .clone()
        .with_authentication(ClientAuthentication::Basic("writ_cs_wrong".to_owned()));
    let without = client
        .clone()
        .with_authentication(ClientAuthentication::None);
    let mut unknown = client.clone();
    "nobody".clone_into(&mut unknown.client_id);
    for nobody in [&wrong, &without, &unknown] {
        let pushed = nobody.authorization_request().push().await;
        pushed.is_refused(401, "invalid_client");
    }
    let other = acme.public_client().await;
    let named = client.post("par", &[("client_id", &other.client_id)]).await;
    named.is_refused(400, "invalid_request");
}

/// RFC 9126 §2.1, §2.3: what the authorization endpoint would refuse is refused when it is pushed.
#[tokio::test]
async fn what_authorize_would_refuse_is_refused_at_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    for (name, value, error) in [
        (
            "redirect_uri",
            "https://evil.example/callback",
            "invalid_request",
        ),
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("resource", "https://unknown.example/mcp", "invalid_target"),
        ("scope", "nothing:here", "invalid_scope"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("request", "eyJ", "request_not_supported"),
        (
            "request_uri",
            "https://client.example/request.jwt",
            "invalid_request",
        ),
        (
            "request_uri",
            "urn:ietf:params:oauth:request_uri:abc",
            "invalid_request",
        ),
    ] {
        let pushed = client
            .authorization_request()
            .with(name, value)
            .push()
            .await;
        pushed.is_refused(400, error);
    }
    let twice = client.authorization_request().and("state", "another");
    twice.push().await.is_refused(400, "invalid_request");

    let path = format!("/clients/{}", client.client_id);
    acme.change(&path, &json!({ "is_enabled": false })).await;
    let disabled = client.authorization_request().push().await;
    disabled.is_refused(400, "unauthorized_client");
}

/// RFC 9126 §4: beside the reference only `client_id` counts.
#[tokio::test]
async fn outer_parameters_are_ignored() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let browser = acme.browser_of("alice").await;
    let mut request = client.authorization_request().pushed().await;
    for (name, value) in [
        ("redirect_uri", "https://evil.example/callback"),
        ("state", "another"),
        ("scope", "notes:write"),
        ("response_type", "token"),
        ("resource", "https://unknown.example/mcp"),
        ("code_challenge", "x"),
    ] {
        request = request.and(name, value);
    }
    let code = request.walk(&browser).await.code();
    let tokens = client.redeem(&code).await.tokens();
    assert_eq!(tokens.claims()["scope"], "notes:read");
}

/// Row U1: whose it is counts: another client, another tenant, an altered one.
#[tokio::test]
async fn a_request_uri_is_good_for_its_client_and_tenant_alone() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let browser = acme.browser_of("alice").await;
    let client = named_client(&acme).await;
    let request = client.authorization_request().pushed().await;
    let value = |request: &crate::harness::AuthorizationRequest| {
        let mut pairs = request.parameters().iter();
        pairs
            .find(|(name, _)| name == "request_uri")
            .unwrap()
            .1
            .clone()
    };
    let request_uri = value(&request);

    let other = acme.public_client().await.authorization_request();
    let there = named_client(&umbrella).await.authorization_request();
    let altered = format!("{}{}", &request_uri[..request_uri.len() - 2], "AA");
    for foreign in [
        other.referring_to(&request_uri),
        there.referring_to(&request_uri),
        request.referring_to(&altered),
        request.referring_to(PREFIX),
        request.referring_to(&format!("{PREFIX}garbage")),
    ] {
        let page = foreign.open(&browser).await;
        is_shown_with(page.answer(), "invalid_request_uri");
    }
    request.walk(&browser).await.code();
}

/// The same name in every tenant: it is not the name that keeps them apart.
async fn named_client(tenant: &TestTenant) -> OAuthClient {
    tenant
        .client(&json!({
            "client_id": "notes",
            "redirect_uris": ["https://notes.example/callback"],
            "token_endpoint_auth_method": "none",
        }))
        .await
}

/// RFC 9126 §2.2: five minutes from the client's server to the browser; the sign-in itself has its own time.
#[tokio::test]
async fn a_request_uri_expires() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let browser = acme.browser_of("alice").await;
    let request = client.authorization_request().pushed().await;
    app.clock().advance(Duration::from_secs(299));
    let login = request.open(&browser).await;
    assert!(login.is_login(), "{login:?}");
    app.clock().advance(Duration::from_secs(1));
    let late = request.open(&browser).await;
    is_shown_with(late.answer(), "invalid_request_uri");
    app.clock().advance(Duration::from_mins(20));
    let consent = browser.sign_in(&login).await;
    assert!(consent.is_consent(), "{consent:?}");
}

/// A13: a `request_uri` that is not ours is refused like before, and nobody is asked for it.
#[tokio::test]
async fn a_foreign_request_uri_is_never_fetched() {
    let documents = Documents::start().await;
    let acme = documents.app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    for foreign in [
        URL,
        "urn:example:request:1",
        "https://client.test/request.jwt",
    ] {
        let request = client.authorization_request().with("request_uri", foreign);
        let told = request.walk(&browser).await;
        assert_eq!(told.error(), "request_uri_not_supported");
        request.push().await.is_refused(400, "invalid_request");
    }
    let sealed = client.authorization_request().pushed().await;
    let twice = sealed.and("request_uri", "urn:x");
    assert_eq!(twice.walk(&browser).await.error(), "invalid_request");
    assert_eq!(documents.asked(), 0);
}

/// mcp-remote asks for the URL before the browser does: that uses nothing up. A code does.
#[tokio::test]
async fn preflight_then_browser() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let request = client.authorization_request().pushed().await;
    let preflight = acme.wire().get(&request.url()).await;
    assert_eq!(preflight.status, 200);

    let browser = acme.browser_of("alice").await;
    let (left, right) = (request.open(&browser).await, request.open(&browser).await);
    let consent = browser.sign_in(&left).await;
    browser.sign_in(&right).await;
    let allowed = browser
        .submit(&consent.consent_form().press("decision", "allow"))
        .await;
    request.ended_at(allowed).code();
    let again = browser.walk(&request.url()).await;
    again.answer().is_shown(403);
}

/// RFC 9126 §5, §6: by the tenant's setting or the client's own, nothing but a pushed request is taken.
#[tokio::test]
async fn a_tenant_or_a_client_may_require_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let path = format!("/clients/{}", client.client_id);
    let own = "require_pushed_authorization_requests";
    for (below, setting) in [("", "is_par_required"), (path.as_str(), own)] {
        acme.change(below, &json!({ setting: true })).await;
        let request = client.authorization_request();
        assert_eq!(request.walk(&browser).await.error(), "invalid_request");
        let with_prompt = request.clone().with("prompt", "none");
        assert_eq!(with_prompt.walk(&browser).await.error(), "invalid_request");
        request.pushed().await.walk(&browser).await.code();
        acme.change(below, &json!({ setting: false })).await;
        request.walk(&browser).await.code();
    }
}

/// What the tenant took when the request was pushed, it may not take any more when the browser comes.
#[tokio::test]
async fn what_changed_since_it_was_pushed_counts() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let request = client.authorization_request().pushed().await;
    let path = format!("/clients/{}", client.client_id);
    let uris = json!({ "redirect_uris": ["https://elsewhere.example/callback"] });
    acme.change(&path, &uris).await;
    request.open(&browser).await.answer().is_shown(400);
    acme.change(
        &path,
        &json!({ "redirect_uris": [client.redirect_uri], "is_enabled": false }),
    )
    .await;
    request.open(&browser).await.answer().is_shown(400);
}

/// A state of 4 KB and a client_id of 2 KB fit; what would make a URL that no proxy takes is refused when pushed.
#[tokio::test]
async fn oversize_handles() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let client = acme.public_client().await;
    for state in [
        "s".repeat(4096),
        "\u{fc}\"".repeat(1365),
        "\r\n;&=%+ ?".repeat(455),
    ] {
        let request = client.authorization_request().with("state", &state);
        let pushed = request.pushed().await;
        assert!(pushed.url().len() < 7 * 1024, "{}", pushed.url().len());
        let page = browser.walk(&pushed.url()).await;
        let pairs: Vec<_> = page.location().query_pairs().into_owned().collect();
        assert!(pairs.contains(&("state".to_owned(), state)));
    }
    let mut request = client.authorization_request();
    for name in ["state", "login_hint", "nonce"] {
        request = request.with(name, &"x".repeat(4096));
    }
    request.push().await.is_refused(413, "invalid_request");
}

/// Row T2: the key of `dpop_jkt` is the code's, however the request came.
#[tokio::test]
async fn a_pushed_key_is_the_codes() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let browser = acme.browser_of("alice").await;
    let thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    let request = client.authorization_request().with("dpop_jkt", thumbprint);
    let code = request.pushed().await.walk(&browser).await.code();
    client.cannot_redeem(&code).await;
    let no_key = request.with("dpop_jkt", "no thumbprint");
    no_key.push().await.is_refused(400, "invalid_request");
}

/// A client that is known by its document alone may push its first request.
#[tokio::test]
async fn a_client_with_a_document_may_push_its_first_request() {
    let documents = Documents::start().await;
    let acme = documents.app.tenant("acme").await;
    let client = client_at(&acme, URL);
    assert_eq!(client.redirect_uri, CALLBACK);
    let request = client.authorization_request().pushed().await;
    assert_eq!(documents.asked(), 1);
    let code = request.walk(&acme.browser_of("alice").await).await.code();
    client.redeem(&code).await.tokens();

    let unreachable = client_at(&acme, "https://unknown.test/client.json");
    let pushed = unreachable.authorization_request().push().await;
    pushed.is_refused(503, "temporarily_unavailable");
}
