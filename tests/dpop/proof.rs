//! T1: proofs that prove nothing, defect by defect.

use std::time::Duration;

use serde_json::{Value, json};

use super::CREDENTIALS;
use crate::harness::{Answer, DpopSigner, OAuthClient, TestApp};

struct Bench {
    app: TestApp,
    client: OAuthClient,
    signer: DpopSigner,
    url: String,
}

impl Bench {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let acme = app.tenant("acme").await;
        Self {
            client: acme.confidential_client().await,
            signer: DpopSigner::new(&app),
            url: acme.url("token"),
            app,
        }
    }

    async fn ask(&self, proof: &str) -> Answer {
        self.client.token_with_proof(&CREDENTIALS, proof).await
    }

    async fn refuses(&self, proof: &str, words: &str) {
        let answer = self.ask(proof).await;
        answer.is_refused(400, "invalid_dpop_proof");
        let description = answer.text("error_description");
        assert!(description.contains(words), "{words}: {description}");
    }

    async fn refuses_claim(&self, name: &str, value: Value, words: &str) {
        let claims = self.signer.claims_with(&self.url, name, value);
        self.refuses(&self.signer.sign(&claims), words).await;
    }

    async fn refuses_header(&self, name: &str, value: Value, words: &str) {
        let header = self.signer.header_with(name, value);
        let claims = self.signer.claims("POST", &self.url);
        self.refuses(&self.signer.key.sign_with(&header, &claims), words)
            .await;
    }
}

/// RFC 9449 §4.3 no. 8 to 12.
#[tokio::test]
async fn a_proof_says_this_method_this_url_and_now() {
    let bench = Bench::new().await;
    let other_url = bench.url.replace("/token", "/revoke");
    for (name, value, words) in [
        ("htm", json!("GET"), "htm"),
        ("htm", json!("post"), "htm"),
        ("htm", Value::Null, "htm"),
        ("htu", json!(other_url), "htu"),
        (
            "htu",
            json!("https://elsewhere.example/t/acme/token"),
            "htu",
        ),
        ("htu", json!("/t/acme/token"), "htu"),
        ("htu", Value::Null, "htu"),
        ("jti", Value::Null, "jti"),
        ("jti", json!(""), "jti"),
        ("jti", json!(17), "jti"),
        ("jti", json!("x".repeat(257)), "jti"),
        ("iat", Value::Null, "iat"),
        ("iat", json!("now"), "iat"),
    ] {
        bench.refuses_claim(name, value, words).await;
    }
    let now = bench.app.clock().unix_seconds();
    for (name, value, words) in [
        ("iat", json!(now - 300), "too old"),
        ("iat", json!(now + 61), "future"),
        ("nbf", json!(now + 61), "future"),
        ("exp", json!(now - 60), "too old"),
    ] {
        bench.refuses_claim(name, value, words).await;
    }
    for iat in [now - 299, now + 60] {
        let claims = bench.signer.claims_with(&bench.url, "iat", json!(iat));
        bench.ask(&bench.signer.sign(&claims)).await.tokens();
    }
}

/// RFC 9449 §4.3 no. 3 to 7.
#[tokio::test]
async fn a_proof_is_of_its_own_kind_and_brings_a_public_key() {
    let bench = Bench::new().await;
    for typ in [
        Value::Null,
        json!("JWT"),
        json!("at+jwt"),
        json!("client-authentication+jwt"),
    ] {
        bench.refuses_header("typ", typ, "another kind").await;
    }
    for algorithm in [json!("none"), json!("HS256"), json!("ES384"), Value::Null] {
        bench.refuses_header("alg", algorithm, "algorithm").await;
    }
    bench.refuses_header("alg", json!("RS256"), "jwk").await;
    bench
        .refuses_header("crit", json!(["b64"]), "extension")
        .await;
    bench
        .refuses_header("jku", json!("https://evil.example/"), "own key")
        .await;
    let mut private = bench.signer.jwk();
    private["d"] = json!("AQAB");
    let symmetric = json!({ "kty": "oct", "k": "AQAB" });
    for jwk in [Value::Null, json!("text"), private, symmetric] {
        bench.refuses_header("jwk", jwk, "jwk").await;
    }
}

/// RFC 9449 §4.3 no. 6: whoever saw a public key has not the private one.
#[tokio::test]
async fn a_proof_is_signed_by_the_key_it_brings() {
    let bench = Bench::new().await;
    let stranger = DpopSigner::new(&bench.app);
    let claims = bench.signer.claims("POST", &bench.url);
    let forged = stranger.key.sign_with(&bench.signer.header(), &claims);
    bench.refuses(&forged, "signature").await;
    let honest = bench.signer.proof("POST", &bench.url);
    let (rest, signature) = honest.rsplit_once('.').unwrap();
    let altered = format!("{rest}.{}", signature.replacen(['A', 'B', 'C'], "D", 1));
    if altered != honest {
        bench.refuses(&altered, "").await;
    }
    bench.refuses(&format!("{rest}."), "").await;
    for nothing in ["", "x", "a.b.c", "..", "{}", &format!("{honest}.x")] {
        bench.refuses(nothing, "").await;
    }
    let long = format!("{honest}{}", "A".repeat(7_500));
    bench.refuses(&long, "").await;
    bench.ask(&honest).await.tokens();
}

/// RFC 9449 §4.3 no. 1: two proofs are none, however they come.
#[tokio::test]
async fn more_than_one_proof_is_none() {
    let bench = Bench::new().await;
    let proof = || bench.signer.proof("POST", &bench.url);
    let twice = bench
        .client
        .request_with_proof(&CREDENTIALS, &proof())
        .header("dpop", proof());
    Answer::of(twice)
        .await
        .is_refused(400, "invalid_dpop_proof");
    let joined = format!("{}, {}", proof(), proof());
    bench.refuses(&joined, "").await;
    let same = proof();
    let same_twice = bench
        .client
        .request_with_proof(&CREDENTIALS, &same)
        .header("dpop", &same);
    Answer::of(same_twice)
        .await
        .is_refused(400, "invalid_dpop_proof");
    bench.ask(&same).await.tokens();
}

/// Who the client is comes first: a stranger learns nothing of proofs.
#[tokio::test]
async fn the_client_is_asked_before_its_key() {
    let bench = Bench::new().await;
    let stranger = OAuthClient {
        client_id: "nobody".to_owned(),
        ..bench.client.clone()
    };
    for proof in [
        "no proof".to_owned(),
        bench.signer.proof("POST", &bench.url),
    ] {
        stranger
            .token_with_proof(&CREDENTIALS, &proof)
            .await
            .is_refused(401, "invalid_client");
    }
}

/// A clock that stands still for a proof of five minutes ago: what is remembered outlives the proof.
#[tokio::test]
async fn a_proof_is_too_old_before_it_is_forgotten() {
    let bench = Bench::new().await;
    let proof = bench.signer.proof("POST", &bench.url);
    bench.ask(&proof).await.tokens();
    bench.app.clock().advance(Duration::from_secs(299));
    bench.refuses(&proof, "used before").await;
    bench.app.clock().advance(Duration::from_secs(1));
    bench.refuses(&proof, "too old").await;
}
