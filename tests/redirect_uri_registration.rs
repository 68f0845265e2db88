//! Redirect URIs that nobody gets in, neither by a registration nor through an administrator.
//!
//! Not here: what a request's one must equal (`redirect_uri`).

use serde_json::json;

use crate::harness::TestApp;
use crate::redirect_uri::{is_refused_at_registration, matches_none_of};

/// B5: plain http leaves the machine unencrypted.
#[tokio::test]
async fn http_is_refused_except_on_loopback() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;

    for uri in [
        "http://client.example/callback",
        "http://192.168.0.7/callback",
        "http://[fe80::1]/",
    ] {
        is_refused_at_registration(&acme, uri).await;
    }
}

/// B6: OAuth 2.1 §2.3: no fragment, not even an empty one.
#[tokio::test]
async fn a_fragment_is_refused_at_registration() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;

    for uri in [
        "https://client.example/callback#part",
        "https://client.example/callback#",
    ] {
        is_refused_at_registration(&acme, uri).await;
    }
}

/// B7: schemes that run, read or open something are refused in any spelling, and not even an
/// administrator can list them.
#[tokio::test]
async fn schemes_that_run_something_are_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;

    for uri in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "javascript://client.example/%0aalert(1)",
        "data:text/html,hello",
        "vbscript:msgbox",
        "file:///etc/passwd",
        "blob:https://client.example/1",
        "about:blank",
        "intent://client.example/#Intent;end",
        "INTENT:x",
        "mailto:alice@acme.test",
        "ftp://client.example/callback",
        "wss://client.example/callback",
        "//client.example/callback",
        "/callback",
        "callback",
        "",
    ] {
        is_refused_at_registration(&acme, uri).await;
        let listed = json!({ "private_use_redirect_uris": [uri] });
        let refused = acme.admin().patch(&acme.path(""), &listed).await;
        assert_eq!(refused.status, 400, "{uri}: {refused:?}");
    }
}

/// B8: a private-use scheme belongs to whoever claims it on a device: only the exact URIs of the
/// tenant's list.
#[tokio::test]
async fn a_private_scheme_needs_the_tenants_list() {
    const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let alice = acme.browser_of("alice").await;
    for uri in [CURSOR, "myapp://callback", "com.example.app:/callback"] {
        is_refused_at_registration(&acme, uri).await;
    }

    acme.change("", &json!({ "private_use_redirect_uris": [CURSOR] }))
        .await;
    let client = acme.registered_client(CURSOR).await;
    client.code_from(&alice).await;
    let near = [
        "cursor://anysphere.cursor-mcp/oauth/callback/",
        "cursor://anysphere.cursor-mcp/oauth",
        "CURSOR://anysphere.cursor-mcp/oauth/callback",
        "cursor://evil.cursor-mcp/oauth/callback",
        "cursor:callback",
    ];
    for uri in near {
        is_refused_at_registration(&acme, uri).await;
    }
    matches_none_of(&acme, CURSOR, &near).await;
    is_refused_at_registration(&umbrella, CURSOR).await;
}

/// B9: a registered `code`, `state`, `iss` or `error` would be read as ours.
#[tokio::test]
async fn registered_query_collisions() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;

    for query in [
        "code=1",
        "a=b&state=1",
        "iss=https%3A%2F%2Fevil.example",
        "error=none",
        "%63ode=1",
        "CODE=1",
        "code",
        "a&%73tate",
    ] {
        let uri = format!("https://client.example/callback?{query}");
        is_refused_at_registration(&acme, &uri).await;
        let loopback = format!("http://127.0.0.1/callback?{query}");
        is_refused_at_registration(&acme, &loopback).await;
    }
}
