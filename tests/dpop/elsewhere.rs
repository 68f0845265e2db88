//! T2: proofs at pushed requests (RFC 9449 §10.1), and devices that prove their key.

use serde_json::json;

use crate::harness::{Answer, Decision, DpopSigner, TestApp};

/// A proof at a pushed request says the same as `dpop_jkt`: the code is for that key.
#[tokio::test]
async fn a_proof_at_a_pushed_request_binds_the_code() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let (own, other) = (DpopSigner::new(&app), DpopSigner::new(&app));
    let bare = acme.public_client().await;
    let client = bare.proving(&own);
    let code = client
        .authorization_request()
        .pushed()
        .await
        .walk(&browser)
        .await
        .code();
    bare.cannot_redeem(&code).await;
    bare.proving(&other).cannot_redeem(&code).await;
    let tokens = client.redeem(&code).await.tokens();
    assert_eq!(tokens.claims()["cnf"]["jkt"], own.thumbprint());
    // Said in both ways, it must be the same key.
    let both = |signer: &DpopSigner| {
        client
            .authorization_request()
            .with("dpop_jkt", &signer.thumbprint())
    };
    both(&own).push().await.expect_status(201);
    both(&other)
        .push()
        .await
        .is_refused(400, "invalid_dpop_proof");
}

/// What is wrong at the token endpoint is wrong there, and a proof for one endpoint is none at the other.
#[tokio::test]
async fn a_proof_at_a_pushed_request_is_held_to_the_same_rules() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let client = acme.confidential_client().await;
    let challenge = crate::harness::challenge(crate::harness::VERIFIER);
    let fields = [
        ("response_type", "code"),
        ("redirect_uri", client.redirect_uri.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let push = async |proof: &str| {
        let request = client.post_request("par", &fields).header("dpop", proof);
        Answer::of(request).await
    };
    for bad in [
        signer.proof("POST", &acme.url("token")),
        signer.proof("GET", &acme.url("par")),
        "no proof".to_owned(),
    ] {
        push(&bad).await.is_refused(400, "invalid_dpop_proof");
    }
    // It is used for nothing but its key's name, so it may come again.
    let proof = signer.proof("POST", &acme.url("par"));
    for _ in 0..2 {
        push(&proof).await.expect_status(201);
    }
    client
        .token_with_proof(&super::CREDENTIALS, &proof)
        .await
        .is_refused(400, "invalid_dpop_proof");
    acme.change("", &json!({ "is_dpop_nonce_required": true }))
        .await;
    let asked = push(&signer.proof("POST", &acme.url("par"))).await;
    asked.is_refused(400, "use_dpop_nonce");
    signer.take_nonce(&asked);
    push(&signer.proof("POST", &acme.url("par")))
        .await
        .expect_status(201);
}

/// A device polls with a proof each time; what it gets in the end is its key's.
#[tokio::test]
async fn a_devices_tokens_are_for_its_key() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let bare = acme.device_client().await;
    let television = bare.proving(&signer);
    let codes = television.device_codes().await;
    television
        .poll(&codes)
        .await
        .is_refused(400, "authorization_pending");
    let browser = acme.browser_of("alice").await;
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    let tokens = television.poll(&codes).await.tokens();
    assert_eq!(tokens.claims()["cnf"]["jkt"], signer.thumbprint());
    bare.cannot_refresh(tokens.refresh_token()).await;
    television.refresh(tokens.refresh_token()).await.tokens();
}
