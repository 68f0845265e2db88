//! PKCE (RFC 7636): asked of every client, S256 only, and never to be talked out of.

use serde_json::json;
use sqlx::Executor as _;

use crate::harness::{OAuthClient, TestApp, TestTenant};

/// The verifier and challenge of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn both_kinds(tenant: &TestTenant) -> [OAuthClient; 2] {
    let public = json!({
        "client_name": "Public on the web",
        "redirect_uris": ["https://public.example/callback"],
        "token_endpoint_auth_method": "none",
    });
    [
        tenant.client(&public).await,
        tenant.confidential_client().await,
    ]
}

/// RFC 7636 appendix B: the specification's own example.
#[tokio::test]
async fn the_right_verifier_redeems_the_code() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;

    for client in both_kinds(&acme).await {
        let request = client
            .authorization_request()
            .with("code_challenge", CHALLENGE);
        let mut code = request.walk(&alice).await.code();
        VERIFIER.clone_into(&mut code.verifier);
        client.redeem(&code).await.tokens();
    }
}

/// C1: without a challenge there is no code, for confidential clients neither.
#[tokio::test]
async fn every_client_needs_a_challenge() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;

    for client in both_kinds(&acme).await {
        let request = client.authorization_request();
        let absent = request.clone().without("code_challenge");
        let empty = request.clone().with("code_challenge", "");
        let neither = absent.clone().without("code_challenge_method");
        for request in [absent, empty, neither] {
            assert_eq!(request.walk(&alice).await.error(), "invalid_request");
        }
    }
}

/// C2: a missing method means `plain`, and that and everything else but S256 is refused.
#[tokio::test]
async fn only_s256_is_a_method() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;

    for client in both_kinds(&acme).await {
        let request = client.authorization_request();
        let absent = request.clone().without("code_challenge_method");
        assert_eq!(absent.walk(&alice).await.error(), "invalid_request");
        for method in ["", "plain", "s256", "S512", "S256 plain"] {
            let refused = request
                .clone()
                .with("code_challenge_method", method)
                .walk(&alice)
                .await;
            assert_eq!(refused.error(), "invalid_request", "{method}");
        }
    }
    let metadata = acme.metadata().await.json();
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
}

/// C3: a challenge is 43 base64url characters, which is what SHA-256 gives.
#[tokio::test]
async fn a_malformed_challenge_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;

    for challenge in [
        &CHALLENGE[..42],
        &"x".repeat(44),
        &"x".repeat(129),
        &format!("{CHALLENGE}="),
        &format!("{}=", &CHALLENGE[..42]),
        &format!("{}+", &CHALLENGE[..42]),
        &format!("{}/", &CHALLENGE[..42]),
        &format!("{}ü", &CHALLENGE[..41]),
    ] {
        let refused = client
            .authorization_request()
            .with("code_challenge", challenge);
        assert_eq!(
            refused.walk(&alice).await.error(),
            "invalid_request",
            "{challenge}"
        );
    }
}

/// C3: a verifier that RFC 7636 §4.1 does not allow redeems nothing, and costs nothing.
#[tokio::test]
async fn a_malformed_verifier_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.confidential_client().await;
    let code = client.code_from(&alice).await;

    for verifier in [
        "a".repeat(42),
        "a".repeat(129),
        format!("{VERIFIER}="),
        format!("{VERIFIER} "),
    ] {
        client.cannot_redeem(&code.with_verifier(&verifier)).await;
    }
    client.redeem(&code).await.tokens();
}

/// C4: a wrong or missing verifier gets nothing and does not spend the code: whoever stole it cannot
/// keep its owner from using it.
#[tokio::test]
async fn a_wrong_verifier_gets_nothing_and_spends_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;

    for client in both_kinds(&acme).await {
        let code = client.code_from(&alice).await;
        client.cannot_redeem(&code.with_verifier(VERIFIER)).await;
        client.cannot_redeem(&code.with_verifier("")).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.code.as_str()),
        ];
        client.token(&fields).await.is_refused(400, "invalid_grant");
        client.redeem(&code).await.tokens();
    }
}

/// C5: nobody gets a code without a challenge here, and one whose challenge was taken out of the table buys
/// nothing, with a verifier or without. (Where a tenant tolerates such codes: `compatibility.rs`.)
#[tokio::test]
async fn a_code_without_a_challenge_buys_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.confidential_client().await;
    let code = client.code_from(&alice).await;
    let mut database = app.database().db_connect_as_superuser().await;

    for forced in [
        "update authorization_codes set code_challenge = null",
        "update authorization_codes set code_challenge = ''",
    ] {
        database.execute(forced).await.unwrap();
        for verifier in [String::new(), code.verifier.clone(), VERIFIER.to_owned()] {
            let refused = client.redeem(&code.with_verifier(&verifier)).await;
            assert!(!refused.status.is_success(), "{refused:?}");
            assert!(!refused.body.contains("access_token"), "{refused:?}");
        }
    }
}
