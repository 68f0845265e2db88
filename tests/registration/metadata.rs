//! What a client may say about itself: what contradicts, pretends or reaches too far is refused or dropped.

use reqwest::Method;
use serde_json::{Value, json};

use super::{goes_all_the_way, is_refused, register};
use crate::harness::{Answer, Served, TestApp, TestAppOptions, TestInternet};

/// J4: RFC 7591 §2: contradictions and secrets where none belong.
#[tokio::test]
async fn contradictory_metadata_are_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let public_key = json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y" });
    let private_key = json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "d" });
    let keys = |key: &Value| json!({ "keys": [key] });
    for change in [
        json!({ "jwks": keys(&public_key), "jwks_uri": "https://client.example/jwks" }),
        json!({ "jwks": keys(&private_key) }),
        json!({ "jwks": keys(&json!({ "kty": "oct", "k": "c2VjcmV0" })) }),
        json!({ "jwks": "keys" }),
        json!({ "token_endpoint_auth_method": "none", "client_secret": "mine" }),
        json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
        json!({ "token_endpoint_auth_method": "tls_client_auth" }),
        json!({ "token_endpoint_auth_method": "NONE" }),
        json!({ "token_endpoint_auth_method": 5 }),
        json!({ "grant_types": ["implicit", "password"] }),
        json!({ "grant_types": ["client_credentials"] }),
        json!({ "response_types": ["token"] }),
        json!({ "scope": "a\\b" }),
    ] {
        is_refused(&acme, &change, "invalid_client_metadata").await;
    }
    for change in [
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": "https://a.example" }),
        json!({ "redirect_uris": null }),
    ] {
        is_refused(&acme, &change, "invalid_redirect_uri").await;
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"redirect_uris\":[\"https://a.example/\u{fffd}",
    ] {
        let request = app
            .wire()
            .request(Method::POST, &acme.url("register"))
            .body(body);
        Answer::of(request)
            .await
            .is_refused(400, "invalid_client_metadata");
    }
}

/// J6: what a client says about itself is an https URL, and nothing of it is fetched; that the host would
/// notice is seen in `client_documents::logo`.
#[tokio::test]
async fn urls_in_the_metadata_are_https_and_never_fetched() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for member in [
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "jwks_uri",
    ] {
        for url in [
            "http://client.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "client.example",
            "https://",
            "https://a@b.example",
        ] {
            is_refused(&acme, &json!({ member: url }), "invalid_client_metadata").await;
        }
    }

    let trap = TestInternet::of(&["client.example"]).await;
    let app = TestApp::start_with(TestAppOptions::default().within(&trap)).await;
    let acme = app.tenant("acme").await;
    let url = "https://client.example/picture";
    let image = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    trap.serve(url, Served::new(200, "image/png", image));
    let client = acme.client_of(
        &register(
            &acme,
            &json!({
                "redirect_uris": ["https://client.example/callback"],
                "client_uri": url, "logo_uri": url, "tos_uri": url, "policy_uri": url,
            }),
        )
        .await,
    );
    // No picture of a client that nobody has checked, and no request for one.
    let browser = acme.signed_in_browser_of("bob").await;
    let consent = client.authorization_request().open(&browser).await;
    assert!(consent.is_consent(), "{consent:?}");
    assert!(
        !consent.html().contains("client-logo"),
        "{}",
        consent.html()
    );
    goes_all_the_way(&acme, &client).await;
    assert_eq!(trap.connections(), 0);
}

/// J7: a name may not pretend; it stands beside the host it returns to and the mark that nobody vouches for it.
#[tokio::test]
async fn a_name_is_honest_and_shown_with_the_redirect_host() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for name in [
        "a\u{202e}b",
        "a\u{200b}b",
        "a\nb",
        "a\u{1b}[31mb",
        "a\u{feff}b",
        &"x".repeat(129),
        &"e\u{301}".repeat(129),
    ] {
        is_refused(
            &acme,
            &json!({ "client_name": name }),
            "invalid_client_metadata",
        )
        .await;
    }
    // 128 characters once the accents are composed.
    let long = "e\u{301}".repeat(128);
    let metadata =
        json!({ "redirect_uris": ["https://client.example/callback"], "client_name": long });
    let made = acme.register(&metadata).await.expect_status(201).json();
    assert_eq!(made["client_name"], "é".repeat(128));

    let metadata = json!({
        "redirect_uris": ["https://evil.example/callback"],
        "client_name": "Acme <b>Official</b>",
        "token_endpoint_auth_method": "none",
    });
    let client = acme.client_of(&register(&acme, &metadata).await);
    let browser = acme.signed_in_browser_of("alice").await;
    for _ in 0..2 {
        let consent = client.authorization_request().open(&browser).await;
        assert!(consent.is_consent());
        let html = consent.html();
        assert!(
            html.contains("Acme &#60;b&#62;Official&#60;/b&#62;")
                || html.contains("Acme &lt;b&gt;Official&lt;/b&gt;")
        );
        assert!(html.contains("evil.example"));
        assert!(
            html.to_lowercase().contains("unverified") || html.contains("Not verified"),
            "{html}"
        );
    }
}

/// J8: what only an administrator decides has nowhere to go.
#[tokio::test]
async fn privileged_members_do_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let made = acme.register(&json!({
        "redirect_uris": ["https://client.example/callback"],
        "grant_types": ["authorization_code", "client_credentials", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "notes:read admin writ:admin",
        "tenant_id": globex.slug, "tenant": globex.slug, "id": 1, "origin": "static", "is_enabled": true,
        "trusted": true, "skip_consent": true, "first_party": true, "role": "owner",
        "access_token_lifetime": 86_400, "resources": ["everything"], "client_secret": "mine",
    })).await.expect_status(201).json();
    assert_eq!(made["scope"], "notes:read");
    assert_eq!(
        made["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_ne!(made["client_secret"], "mine");
    for member in [
        "tenant_id",
        "trusted",
        "skip_consent",
        "id",
        "role",
        "access_token_lifetime",
        "resources",
    ] {
        assert_eq!(made.get(member), None, "{member}");
    }

    let client = acme.client_of(&made);
    client
        .client_credentials(None)
        .await
        .is_refused(400, "unauthorized_client");
    let consent = client
        .authorization_request()
        .open(&acme.signed_in_browser_of("alice").await)
        .await;
    assert!(consent.is_consent());
    let stored = acme
        .admin()
        .get(&acme.path(&format!("/clients/{}", client.client_id)))
        .await
        .expect_status(200)
        .json();
    assert_eq!(stored["access_token_lifetime"], Value::Null);
    globex
        .admin()
        .get(&globex.path(&format!("/clients/{}", client.client_id)))
        .await
        .expect_status(404);
}

/// J10: `web` means https; `native` means the person's device, beside which an https page may stand.
#[tokio::test]
async fn the_application_type_is_honoured() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (https, loopback) = (
        "https://client.example/callback",
        "http://127.0.0.1/callback",
    );
    for (application_type, uris, status) in [
        ("web", vec![https], 201),
        ("web", vec![loopback], 400),
        ("web", vec![https, loopback], 400),
        ("native", vec![loopback], 201),
        ("native", vec![https, loopback], 201),
    ] {
        let body = json!({ "application_type": application_type, "redirect_uris": uris });
        let answer = acme.register(&body).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        if status == 400 {
            answer.is_refused(400, "invalid_redirect_uri");
        }
    }
    is_refused(
        &acme,
        &json!({ "application_type": "desktop" }),
        "invalid_client_metadata",
    )
    .await;
}
