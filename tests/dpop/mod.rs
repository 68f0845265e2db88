//! Tokens that only the holder of a key may use (RFC 9449): rows T1 and T2.

mod binding;
mod elsewhere;
mod nonce;
mod once;
mod proof;
mod urls;

use serde_json::{Value, json};

use crate::harness::{DpopSigner, TestApp};

const CREDENTIALS: [(&str, &str); 1] = [("grant_type", "client_credentials")];

/// T2: every grant, every algorithm that the metadata list, with and without a secret.
#[tokio::test]
async fn a_token_is_bound_to_the_key_that_was_proved() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let (public, confidential) = (acme.public_client().await, acme.confidential_client().await);
    for algorithm in ["ES256", "RS256", "PS256", "EdDSA"] {
        let signer = DpopSigner::with_algorithm(&app, algorithm);
        let own = confidential.proving(&signer).client_credentials(None).await;
        assert_eq!(own.tokens().body["token_type"], "DPoP", "{algorithm}");
        assert_eq!(own.tokens().claims()["cnf"]["jkt"], signer.thumbprint());
    }
    for client in [&public, &confidential] {
        let signer = DpopSigner::new(&app);
        let client = client.proving(&signer);
        let first = client.tokens_of(&browser).await;
        let second = client.refresh(first.refresh_token()).await.tokens();
        for tokens in [&first, &second] {
            assert_eq!(tokens.body["token_type"], "DPoP");
            assert_eq!(
                tokens.claims()["cnf"],
                json!({ "jkt": signer.thumbprint() })
            );
        }
    }
}

/// Without a proof everything is as ever.
#[tokio::test]
async fn without_a_proof_a_token_is_a_bearer_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let tokens = acme
        .public_client()
        .await
        .tokens_of(&acme.browser_of("alice").await)
        .await;
    assert_eq!(tokens.body["token_type"], "Bearer");
    assert!(tokens.claims().get("cnf").is_none());
}

/// RFC 9449 §6.2: a resource server that does not read the token hears of the key.
#[tokio::test]
async fn introspection_names_the_key() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let client = acme.confidential_client().await.proving(&signer);
    let bound = client.client_credentials(None).await.tokens();
    let bearer = client
        .without_proof()
        .client_credentials(None)
        .await
        .tokens();
    let resource_server = acme.resource_credential().await;
    let answer = resource_server.introspect(&bound.access_token).await;
    assert_eq!(answer["active"], true);
    assert_eq!(answer["token_type"], "DPoP");
    assert_eq!(answer["cnf"], json!({ "jkt": signer.thumbprint() }));
    let answer = resource_server.introspect(&bearer.access_token).await;
    assert_eq!(answer["token_type"], "Bearer");
    assert!(answer.get("cnf").is_none(), "{answer}");
}

/// The audit names the key, and the counter counts.
#[tokio::test]
async fn an_operator_sees_which_key_got_what() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let client = acme.confidential_client().await.proving(&signer);
    client.client_credentials(None).await.tokens();
    client
        .token_with_proof(&CREDENTIALS, "no proof")
        .await
        .is_refused(400, "invalid_dpop_proof");
    let thumbprint = signer.thumbprint();
    acme.next_audit_event("client_credentials.issued", |event| {
        event["details"]["dpop_jkt"] == thumbprint.as_str()
    })
    .await;
    let count = async |outcome: &str| {
        let name = format!("writ_dpop_proofs_total{{outcome=\"{outcome}\"}}");
        app.metric(&name).await
    };
    assert_eq!(count("accepted").await, Some(1));
    assert_eq!(count("form").await, Some(1));
}

/// RFC 9449 §5.1: where clients look for what they may sign with.
#[tokio::test]
async fn the_metadata_list_the_algorithms() {
    let app = TestApp::start().await;
    let metadata = app.tenant("acme").await.metadata().await.json();
    let algorithms: &Value = &metadata["dpop_signing_alg_values_supported"];
    assert_eq!(algorithms, &json!(["RS256", "PS256", "ES256", "EdDSA"]));
}
