//! A client's key for DPoP (RFC 9449): it makes proofs, right ones and those with any defect.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::answer::Answer;
use super::app::TestApp;
use super::client_key::ClientKey;
use super::clock::TestClock;
use super::oauth_client::OAuthClient;

/// Makes a new proof for each request, as SDKs do. Clones share the key and the last nonce.
#[derive(Clone, Debug)]
pub struct DpopSigner {
    pub key: ClientKey,
    clock: Arc<TestClock>,
    nonce: Arc<Mutex<Option<String>>>,
}

impl DpopSigner {
    pub fn new(app: &TestApp) -> Self {
        Self::with_algorithm(app, "ES256")
    }

    pub fn with_algorithm(app: &TestApp, algorithm: &'static str) -> Self {
        Self {
            key: ClientKey::generate(algorithm, "dpop"),
            clock: app.shared_clock(),
            nonce: Arc::default(),
        }
    }

    /// What stands in `dpop_jkt` and `cnf.jkt` (RFC 7638 §3).
    pub fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let member = |name: &str| jwk[name].clone();
        let canonical = match jwk["kty"].as_str().unwrap() {
            "RSA" => json!({ "e": member("e"), "kty": "RSA", "n": member("n") }),
            "EC" => json!({ "crv": "P-256", "kty": "EC", "x": member("x"), "y": member("y") }),
            _ => json!({ "crv": "Ed25519", "kty": "OKP", "x": member("x") }),
        };
        // serde_json writes members in lexical order, without blanks.
        URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.to_string()))
    }

    /// The public key, and nothing more.
    pub fn jwk(&self) -> Value {
        let mut jwk = self.key.jwk();
        for member in ["kid", "alg", "use"] {
            jwk.as_object_mut().unwrap().remove(member);
        }
        jwk
    }

    pub fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": self.key.header()["alg"], "jwk": self.jwk() })
    }

    /// Right in everything, and new each time.
    pub fn claims(&self, method: &str, url: &str) -> Value {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let mut claims = json!({
            "jti": format!("proof {}", NEXT.fetch_add(1, Ordering::Relaxed)),
            "htm": method, "htu": url, "iat": self.clock.unix_seconds(),
        });
        if let Some(nonce) = self.nonce() {
            claims["nonce"] = json!(nonce);
        }
        claims
    }

    /// For the token endpoint, with one claim changed, or removed where the value is null.
    pub fn claims_with(&self, url: &str, name: &str, value: Value) -> Value {
        let mut claims = self.claims("POST", url);
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        claims
    }

    pub fn header_with(&self, name: &str, value: Value) -> Value {
        let mut header = self.header();
        if value.is_null() {
            header.as_object_mut().unwrap().remove(name);
        } else {
            header[name] = value;
        }
        header
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.key.sign_with(&self.header(), claims)
    }

    pub fn proof(&self, method: &str, url: &str) -> String {
        self.sign(&self.claims(method, url))
    }

    /// Beside an access token (RFC 9449 §7).
    pub fn proof_for(&self, method: &str, url: &str, access_token: &str) -> String {
        let mut claims = self.claims(method, url);
        claims["ath"] = json!(URL_SAFE_NO_PAD.encode(Sha256::digest(access_token)));
        self.sign(&claims)
    }

    pub fn nonce(&self) -> Option<String> {
        self.nonce.lock().unwrap().clone()
    }

    /// Keeps the nonce of an answer for the next proofs (RFC 9449 §8.2).
    pub fn take_nonce(&self, answer: &Answer) {
        if let Some(nonce) = answer.headers.get("dpop-nonce") {
            *self.nonce.lock().unwrap() = Some(nonce.to_str().unwrap().to_owned());
        }
    }
}

impl OAuthClient {
    /// The same client, which sends a proof by this key with whatever it posts.
    pub fn proving(&self, signer: &DpopSigner) -> Self {
        Self {
            dpop: Some(signer.clone()),
            ..self.clone()
        }
    }

    /// The same client without its key.
    pub fn without_proof(&self) -> Self {
        Self {
            dpop: None,
            ..self.clone()
        }
    }

    /// A request of this client with exactly this proof.
    pub fn request_with_proof(&self, fields: &[(&str, &str)], proof: &str) -> RequestBuilder {
        self.without_proof()
            .post_request("token", fields)
            .header("dpop", proof)
    }

    pub async fn token_with_proof(&self, fields: &[(&str, &str)], proof: &str) -> Answer {
        Answer::of(self.request_with_proof(fields, proof)).await
    }
}
