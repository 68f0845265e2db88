//! T1: nonces, where a tenant asks for them (RFC 9449 §8).

use std::time::Duration;

use serde_json::json;

use super::CREDENTIALS;
use crate::harness::{Answer, DpopSigner, TestApp, TestTenant};

async fn require_nonces(tenant: &TestTenant, is_required: bool) {
    let body = json!({ "is_dpop_nonce_required": is_required });
    tenant
        .admin()
        .patch(&tenant.path(""), &body)
        .await
        .expect_status(200);
}

#[track_caller]
fn asks_for_a_nonce(answer: &Answer) {
    answer.is_refused(400, "use_dpop_nonce");
    assert!(!answer.header("dpop-nonce").is_empty(), "{answer:?}");
    // RFC 9449 §8: a script in a browser must be able to read it.
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.contains("DPoP-Nonce"), "{answer:?}");
}

/// As an SDK does it: refused once, then again with the nonce; the next ones come with each answer.
#[tokio::test]
async fn a_client_is_told_the_nonce_and_goes_on_with_it() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    require_nonces(&acme, true).await;
    let signer = DpopSigner::new(&app);
    let client = acme.public_client().await.proving(&signer);
    let code = client.code_from(&acme.browser_of("alice").await).await;
    let refused = client.redeem(&code).await;
    asks_for_a_nonce(&refused);
    signer.take_nonce(&refused);
    // At any replica: nothing is kept.
    let elsewhere = client.clone().through(replica.wire());
    let redeemed = elsewhere.redeem(&code).await;
    let mut tokens = redeemed.tokens();
    for _ in 0..3 {
        app.clock().advance(Duration::from_secs(200));
        let answer = client.refresh(tokens.refresh_token()).await;
        tokens = answer.tokens();
        assert!(!answer.header("dpop-nonce").is_empty(), "{answer:?}");
        signer.take_nonce(&answer);
    }
    // One that is too old is no reason to give up.
    app.clock().advance(Duration::from_mins(5));
    let late = client.refresh(tokens.refresh_token()).await;
    asks_for_a_nonce(&late);
    signer.take_nonce(&late);
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// A nonce is ours, this tenant's and of now, or it is none.
#[tokio::test]
async fn a_nonce_cannot_be_made_up() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let signer = DpopSigner::new(&app);
    let client = acme.confidential_client().await;
    for tenant in [&acme, &umbrella] {
        require_nonces(tenant, true).await;
    }
    let url = acme.url("token");
    let foreign = umbrella
        .confidential_client()
        .await
        .token_with_proof(&CREDENTIALS, &signer.proof("POST", &umbrella.url("token")))
        .await;
    asks_for_a_nonce(&foreign);
    let first = client
        .token_with_proof(&CREDENTIALS, &signer.proof("POST", &url))
        .await;
    let own = first.header("dpop-nonce").to_owned();
    for nonce in [
        json!(""),
        json!("made up"),
        json!(17),
        json!([own]),
        json!(own[1..]),
        json!(format!("{own}A")),
        json!(foreign.header("dpop-nonce")),
        json!("A".repeat(34)),
    ] {
        let claims = signer.claims_with(&url, "nonce", nonce);
        let answer = client
            .token_with_proof(&CREDENTIALS, &signer.sign(&claims))
            .await;
        asks_for_a_nonce(&answer);
    }
    let claims = signer.claims_with(&url, "nonce", json!(own));
    client
        .token_with_proof(&CREDENTIALS, &signer.sign(&claims))
        .await
        .tokens();
}

/// What is wrong anyway is told first; a nonce would not help it. And who sends no proof needs no nonce.
#[tokio::test]
async fn a_nonce_is_asked_of_proofs_that_are_otherwise_right() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    require_nonces(&acme, true).await;
    let signer = DpopSigner::new(&app);
    let client = acme.confidential_client().await;
    let wrong = signer.proof("GET", &acme.url("token"));
    let answer = client.token_with_proof(&CREDENTIALS, &wrong).await;
    answer.is_refused(400, "invalid_dpop_proof");
    let bearer = client.client_credentials(None).await;
    bearer.tokens();
    assert_eq!(bearer.header("dpop-nonce"), "");
}

/// The switch is turned while clients are at work: an old nonce means nothing then, and harms nothing.
#[tokio::test]
async fn a_nonce_that_nobody_asked_for_means_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let client = acme.confidential_client().await;
    let claims = signer.claims_with(&acme.url("token"), "nonce", json!("of before"));
    let answer = client
        .token_with_proof(&CREDENTIALS, &signer.sign(&claims))
        .await;
    answer.tokens();
    assert_eq!(answer.header("dpop-nonce"), "");
    require_nonces(&acme, true).await;
    require_nonces(&acme, false).await;
    client
        .proving(&signer)
        .client_credentials(None)
        .await
        .tokens();
}
