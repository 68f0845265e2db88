//! T1: a proof counts once (RFC 9449 §11.1), and only where something came of it.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::CREDENTIALS;
use crate::harness::{DpopSigner, TestApp};

/// How many are remembered.
async fn used_proofs(app: &TestApp) -> i64 {
    let mut connection = app.database().db_connect_as_superuser().await;
    sqlx::query_scalar("select count(*) from dpop_proof_ids")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

/// At another replica too, and for another grant.
#[tokio::test]
async fn a_proof_counts_once_wherever_it_comes() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.browser_of("alice").await;
    let signer = DpopSigner::new(&app);
    let url = acme.url("token");
    let proof = signer.proof("POST", &url);
    client.token_with_proof(&CREDENTIALS, &proof).await.tokens();
    let code = client.code_from(&browser).await;
    let redemption = [
        ("grant_type", "authorization_code"),
        ("code", code.code.as_str()),
        ("code_verifier", code.verifier.as_str()),
    ];
    let elsewhere = client.clone().through(replica.wire());
    for client in [&client, &elsewhere] {
        for fields in [&CREDENTIALS[..], &redemption] {
            let refused = client.token_with_proof(fields, &proof).await;
            refused.is_refused(400, "invalid_dpop_proof");
            assert!(refused.text("error_description").contains("used before"));
        }
    }
    // The code is as it was.
    let tokens = elsewhere
        .token_with_proof(&redemption, &signer.proof("POST", &url))
        .await
        .tokens();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token()),
    ];
    client
        .token_with_proof(&refresh, &proof)
        .await
        .is_refused(400, "invalid_dpop_proof");
    client
        .token_with_proof(&refresh, &signer.proof("POST", &url))
        .await
        .tokens();
}

/// Of many at once at two replicas one is the first; a refresh token is not spent by the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_counts() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let client = acme.public_client().await;
    let first = client
        .proving(&signer)
        .tokens_of(&acme.browser_of("alice").await)
        .await;
    let elsewhere = client.clone().through(replica.wire());
    let mut refresh_token = first.refresh_token().to_owned();
    for _ in 0..3 {
        let proof = signer.proof("POST", &acme.url("token"));
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.as_str()),
        ];
        let answers = join_all((0..10).map(|number| {
            let client = if number % 2 == 0 { &client } else { &elsewhere };
            client.token_with_proof(&fields, &proof)
        }))
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = answers
            .iter()
            .partition(|answer| answer.status.as_u16() == 200);
        assert_eq!(won.len(), 1, "{answers:?}");
        for lost in lost {
            lost.is_refused(400, "invalid_dpop_proof");
        }
        won[0]
            .tokens()
            .refresh_token()
            .clone_into(&mut refresh_token);
    }
}

/// A `jti` is the word of whoever holds the key: another key's, and another tenant's, is another.
#[tokio::test]
async fn a_jti_is_the_keys_own() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let (one, two) = (DpopSigner::new(&app), DpopSigner::new(&app));
    for tenant in [&acme, &umbrella] {
        let client = tenant.confidential_client().await;
        let url = tenant.url("token");
        for signer in [&one, &two] {
            let claims = signer.claims_with(&url, "jti", json!("the same word"));
            let proof = signer.sign(&claims);
            client.token_with_proof(&CREDENTIALS, &proof).await.tokens();
        }
    }
}

/// A request that fails for anything else leaves the proof as it was, and writes nothing: a stranger with
/// a public client's name buys no rows with proofs of its own.
#[tokio::test]
async fn what_gets_nothing_uses_nothing_up() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;
    let signer = DpopSigner::new(&app);
    let proof = signer.proof("POST", &acme.url("token"));
    let fields = |code: &'static str| {
        [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", "x"),
        ]
    };
    for garbage in ["garbage", "writ_ac_garbage"] {
        client
            .token_with_proof(&fields(garbage), &proof)
            .await
            .is_refused(400, "invalid_grant");
    }
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    client
        .token_with_proof(&refresh, &proof)
        .await
        .is_refused(400, "invalid_grant");
    let wrong_resource = [
        ("grant_type", "authorization_code"),
        ("code", code.code.as_str()),
        ("code_verifier", code.verifier.as_str()),
        ("resource", "https://unknown.example/"),
    ];
    client
        .token_with_proof(&wrong_resource, &proof)
        .await
        .is_refused(400, "invalid_target");
    assert_eq!(used_proofs(&app).await, 0);
    client
        .token_with_proof(&wrong_resource[..3], &proof)
        .await
        .tokens();
    assert_eq!(used_proofs(&app).await, 1);
}

/// What was used is forgotten once it is too old by itself.
#[tokio::test]
async fn used_proofs_are_swept() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let client = acme.confidential_client().await.proving(&signer);
    client.client_credentials(None).await.tokens();
    // A tenant is swept a day after it was made, and then several times a day.
    app.clock().advance(Duration::from_hours(25));
    client.client_credentials(None).await.tokens();
    assert_eq!(used_proofs(&app).await, 2);
    app.run_due_jobs().await;
    assert_eq!(used_proofs(&app).await, 1);
    let swept = "writ_swept_total{kind=\"dpop_proof_ids\"}";
    assert_eq!(app.metric(swept).await, Some(1));
}

/// Where clients send proofs they go within minutes, and nobody looks for them where none are left.
#[tokio::test]
async fn used_proofs_are_swept_while_they_come() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    app.tenant("silent").await;
    let signer = DpopSigner::new(&app);
    let client = acme.confidential_client().await.proving(&signer);
    let pass = async |time| {
        app.clock().advance(time);
        app.run_due_jobs().await;
        used_proofs(&app).await
    };
    assert_eq!(pass(Duration::from_hours(24)).await, 0);
    client.client_credentials(None).await.tokens();
    assert_eq!(pass(Duration::from_mins(10)).await, 1, "no sweep is due");
    assert_eq!(pass(Duration::from_hours(6)).await, 0);
    for _ in 0..3 {
        client.client_credentials(None).await.tokens();
        assert_eq!(pass(Duration::from_mins(9)).await, 1);
        assert_eq!(pass(Duration::from_mins(1)).await, 0);
    }
    assert_eq!(waiting_sweeps_of_proofs(&app).await, 1);
    pass(Duration::from_mins(10)).await;
    assert_eq!(waiting_sweeps_of_proofs(&app).await, 0);
}

async fn waiting_sweeps_of_proofs(app: &TestApp) -> i64 {
    let mut connection = app.database().db_connect_as_superuser().await;
    sqlx::query_scalar("select count(*) from due_work where kind = 'sweep_dpop_proof_ids'")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}
