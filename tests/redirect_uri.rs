//! Redirect URIs over HTTP: what may be registered, and what a request's one must equal.
//!
//! The rules themselves are tested byte by byte in `protocol`; here, that both doors use them.

use serde_json::json;

use crate::harness::{TestApp, TestTenant};

/// Neither a registration nor an administrator gets this URI in.
pub async fn is_refused_at_registration(tenant: &TestTenant, uri: &str) {
    for method in ["none", "client_secret_basic"] {
        let metadata = json!({
            "client_name": "A client",
            "redirect_uris": ["https://fine.example/callback", uri],
            "token_endpoint_auth_method": method,
        });
        let registered = tenant.register(&metadata).await;
        assert_eq!(registered.status, 400, "{uri:?}: {registered:?}");
        assert_eq!(
            registered.json()["error"],
            "invalid_redirect_uri",
            "{uri:?}"
        );
        let entered = tenant
            .admin()
            .post(&tenant.path("/clients"), &metadata)
            .await;
        assert_eq!(entered.status, 400, "{uri:?}: {entered:?}");
        assert_eq!(
            entered.json()["errors"][0]["field"],
            "redirect_uris",
            "{uri:?}"
        );
    }
}

/// A client with this redirect URI is shown an error page for each of those.
pub async fn matches_none_of(tenant: &TestTenant, registered: &str, sent: &[&str]) {
    let client = tenant.registered_client(registered).await;
    for uri in sent {
        let request = client.authorization_request().with("redirect_uri", uri);
        request.send().await.is_shown(400);
        request
            .with("prompt", "none")
            .with("response_type", "token")
            .send()
            .await
            .is_shown(400);
    }
    client
        .authorization_request()
        .send()
        .await
        .expect_status(200);
}

/// A2: a redirect URI that is not registered is shown, whatever else is wrong with the request.
#[tokio::test]
async fn an_unknown_redirect_uri_is_shown_and_not_followed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let evil = client
        .authorization_request()
        .with("redirect_uri", "https://evil.example/callback");

    for request in [
        evil.clone(),
        evil.clone().with("response_type", "token"),
        evil.clone().without("response_type"),
        evil.clone().without("code_challenge"),
        evil.clone().with("scope", "nothing:here"),
        evil.with("prompt", "none"),
    ] {
        request.send().await.is_shown(400);
        request.open(&alice).await.answer().is_shown(400);
    }
}

/// A2: OAuth 2.1 §2.3.1: it may be left out when one is registered, and only then.
#[tokio::test]
async fn a_missing_redirect_uri_is_shown_unless_one_is_registered() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let metadata = json!({
        "client_name": "Two addresses",
        "redirect_uris": ["https://two.example/a", "https://two.example/b"],
    });
    let two = acme.client(&metadata).await;
    two.authorization_request()
        .without("redirect_uri")
        .send()
        .await
        .is_shown(400);
    two.authorization_request()
        .with("redirect_uri", "")
        .send()
        .await
        .is_shown(400);

    let one = acme.confidential_client().await;
    let code = one
        .authorization_request()
        .without("redirect_uri")
        .walk(&alice)
        .await
        .code();
    let redeemed = one
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code.code),
            ("code_verifier", &code.verifier),
        ])
        .await;
    redeemed.tokens();
}

/// B1: RFC 3986 §6.2.1: bytes are compared; what a parser would call equal is not.
#[tokio::test]
async fn a_redirect_uri_matches_byte_by_byte() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let long = format!("https://client.example/callback{}", "x".repeat(3000));
    matches_none_of(
        &acme,
        "https://client.example/callback",
        &[
            "https://client.example/callback/",
            "https://client.example/Callback",
            "https://client.example/%63allback",
            "https://client.example%2Fcallback",
            "https://client.example/callback?a=b",
            "https://client.example/callback?",
            "https://client.example/callback#",
            "https://client.example:443/callback",
            "https://client.example./callback",
            "https://CLIENT.example/callback",
            "HTTPS://client.example/callback",
            "http://client.example/callback",
            "https://client.example/a/../callback",
            "https://client.example/./callback",
            "https://client.example//callback",
            "https://client.example/callback/..;/callback",
            "https://client.example/callback%252f",
            "https://client.example/callback%2f..%2fcallback",
            "https://client.example/callbac",
            "https://client.example/callback.evil",
            " https://client.example/callback",
            "https://client.example/callback ",
            "https://sub.client.example/callback",
            "https://client.example.evil.example/callback",
            &long,
        ],
    )
    .await;
}

/// B2: what two parsers read differently is refused at both doors.
#[tokio::test]
async fn userinfo_backslashes_and_control_characters_are_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let tricky = [
        "https://client.example@evil.example/callback",
        "https://client.example:secret@evil.example/callback",
        "https://a@b@evil.example/callback",
        "https://@client.example/callback",
        "https://client.example\\@evil.example/callback",
        "https:\\\\client.example\\callback",
        "https://client.example/call\tback",
        "https://client.example/callback\r\nLocation: https://evil.example/",
        "https://client.example/callback\n",
        "https://client.example/callback\0",
        "https://client.example/%zz",
    ];

    for uri in tricky {
        is_refused_at_registration(&acme, uri).await;
    }
    matches_none_of(&acme, "https://client.example/callback", &tricky).await;
}

/// B3: a name or number that looks like this machine is not this machine.
#[tokio::test]
async fn only_three_hosts_are_loopback() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let lookalikes = [
        "http://localhost.evil.test/callback",
        "http://127.0.0.1.evil.test/callback",
        "http://localhost./callback",
        "http://LOCALHOST/callback",
        "http://127.1/callback",
        "http://127.0.0.2/callback",
        "http://0x7f.1/callback",
        "http://0x7f000001/callback",
        "http://2130706433/callback",
        "http://0177.0.0.1/callback",
        "http://0.0.0.0/callback",
        "http://[::]/callback",
        "http://[0:0:0:0:0:0:0:1]/callback",
        "http://[::ffff:127.0.0.1]/callback",
        "http://localhost@evil.test/callback",
    ];

    for uri in lookalikes {
        is_refused_at_registration(&acme, uri).await;
    }
    matches_none_of(&acme, "http://127.0.0.1/callback", &lookalikes).await;
    matches_none_of(&acme, "http://localhost/callback", &lookalikes).await;
}

/// B4: RFC 8252 §7.3: the port of a loopback redirect is free, and nothing else is.
#[tokio::test]
async fn only_the_port_of_a_loopback_redirect_is_free() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;

    for (registered, sent) in [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:8000/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:8000/cb", "http://127.0.0.1/cb"),
        ("http://localhost/cb?x=1", "http://localhost:1/cb?x=1"),
        ("http://[::1]/cb", "http://[::1]:65535/cb"),
    ] {
        let client = acme
            .registered_client(registered)
            .await
            .with_redirect_uri(sent);
        let code = client.code_from(&alice).await;
        client.redeem(&code).await.tokens();
    }
    matches_none_of(
        &acme,
        "http://127.0.0.1/cb",
        &[
            "http://127.0.0.1:51004/other",
            "http://127.0.0.1:51004/cb/",
            "http://127.0.0.1:51004/cb?x=1",
            "http://localhost:51004/cb",
            "http://[::1]:51004/cb",
            "https://127.0.0.1:51004/cb",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:080/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1:8a/cb",
        ],
    )
    .await;
    matches_none_of(
        &acme,
        "https://localhost/cb",
        &["https://localhost:51004/cb"],
    )
    .await;
}

/// B4: at the token endpoint the port counts: what was sent to authorize.
#[tokio::test]
async fn loopback_port_at_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.public_client().await;

    let mut code = client.code_from(&alice).await;
    let sent = code.redirect_uri.clone();
    for other in [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:51005/callback",
    ] {
        other.clone_into(&mut code.redirect_uri);
        client.cannot_redeem(&code).await;
    }
    code.redirect_uri = sent;
    client.redeem(&code).await.tokens();
}

/// B9: a registered query is kept as it is, and our parameters come after it.
#[tokio::test]
async fn a_registered_query_is_kept() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let registered = "https://client.example/callback?tenant=a%20b&empty=&x";
    let client = acme.registered_client(registered).await;

    let authorized = client.authorize(&alice).await;
    let location = authorized.page.answer().header("location").to_owned();
    assert!(
        location.starts_with(&format!("{registered}&code=")),
        "{location}"
    );
    client.redeem(&authorized.code()).await.tokens();
}

/// B10: nothing in a redirect URI is a pattern.
#[tokio::test]
async fn a_redirect_uri_is_no_pattern() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;

    let question_mark = "https://foo?example.com";
    matches_none_of(
        &acme,
        question_mark,
        &[
            "https://fooxexample.com",
            "https://foo.example.com",
            "https://fo?example.com",
        ],
    )
    .await;
    matches_none_of(
        &acme,
        "https://client.example/.*",
        &["https://client.example/callback", "https://client.example/"],
    )
    .await;
    matches_none_of(
        &acme,
        "https://client.example/*",
        &[
            "https://client.example/callback",
            "https://client.example/%2A",
        ],
    )
    .await;
    matches_none_of(
        &acme,
        "https://client.example/(a)+$",
        &["https://client.example/a", "https://client.example/(a)"],
    )
    .await;
}

/// B11: a name in another script is not the name that it is encoded as, nor one that it resembles.
#[tokio::test]
async fn an_international_name_is_only_its_own_bytes() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;

    is_refused_at_registration(&acme, "https://bücher.example/callback").await;
    is_refused_at_registration(&acme, "https://b%C3%BCcher.example/callback").await;
    is_refused_at_registration(&acme, "https://xn--example-.org/callback").await;
    matches_none_of(
        &acme,
        "https://xn--bcher-kva.example/callback",
        &[
            "https://bücher.example/callback",
            "https://bu\u{308}cher.example/callback",
            "https://XN--BCHER-KVA.example/callback",
            "https://bcher.example/callback",
        ],
    )
    .await;
    matches_none_of(
        &acme,
        "https://example.org/callback",
        &[
            "https://xn--example-.org/callback",
            "https://ｅxample.org/callback",
            "https://example。org/callback",
            "https://ex\u{ad}ample.org/callback",
        ],
    )
    .await;
}
