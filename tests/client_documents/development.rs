//! Documents on the developer's own machine: under `writ dev`, for issuers of that machine, and never else.

use serde_json::json;

use super::{HOSTS, client_at, document};
use crate::harness::{Served, TestApp, TestAppOptions, TestInternet};

const LOCAL_ISSUER: &str = "http://localhost:8080";

fn local_urls(internet: &TestInternet) -> [String; 3] {
    let port = internet.port();
    [
        format!("http://127.0.0.1:{port}/client.json"),
        format!("http://localhost:{port}/client.json"),
        format!("https://localhost:{port}/client.json"),
    ]
}

fn serve_all(internet: &TestInternet) {
    for url in local_urls(internet) {
        internet.serve(&url, Served::json(&document(&url, &json!({}))));
    }
}

#[tokio::test]
async fn a_client_under_development_has_its_document_on_the_same_machine() {
    let internet = TestInternet::of(&HOSTS).await.in_development();
    serve_all(&internet);
    let options = TestAppOptions::default().within(&internet).at(LOCAL_ISSUER);
    let app = TestApp::start_with(options).await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    for url in [&local_urls(&internet)[0], &local_urls(&internet)[2]] {
        let client = client_at(&acme, url).with_redirect_uri("http://127.0.0.1:9/callback");
        client.tokens_of(&alice).await;
    }
}

/// Row K2: `writ serve` has no such path, whatever the issuer.
#[tokio::test]
async fn a_served_issuer_never_reaches_its_own_machine() {
    let internet = TestInternet::of(&HOSTS).await;
    serve_all(&internet);
    for public_url in [LOCAL_ISSUER, "https://writ.test"] {
        let options = TestAppOptions::default().within(&internet).at(public_url);
        let app = TestApp::start_with(options).await;
        let acme = app.tenant("acme").await;
        for url in local_urls(&internet) {
            let request = client_at(&acme, &url).authorization_request();
            request.send().await.is_shown(400);
        }
    }
    assert_eq!(internet.connections(), 0);
}

/// Also under `writ dev`, an issuer that others can reach is none of this machine.
#[tokio::test]
async fn a_development_server_keeps_to_local_issuers() {
    let internet = TestInternet::of(&HOSTS).await.in_development();
    serve_all(&internet);
    let options = TestAppOptions::default().within(&internet);
    let app = TestApp::start_with(options).await;
    let acme = app.tenant("acme").await;
    for url in local_urls(&internet) {
        let request = client_at(&acme, &url).authorization_request();
        request.send().await.is_shown(400);
    }
    assert_eq!(internet.connections(), 0);
}
