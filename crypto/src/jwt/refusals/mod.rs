//! The tokens that must be refused, each with its own reason: rows G5, G6, G7, P4, and what
//! RFC 8725bis asks of any verifier. One honest token first, then one change at a time.

mod claims;
mod dpop_proof;
mod foreign;
mod header;
mod shape;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::clock::Timestamp;
use serde_json::{Value, json};

use super::{Expected, VerifyError, sign, verify};
use crate::signing_algorithm::SigningAlgorithm;
use crate::signing_key::SigningKey;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://mcp.example/mcp";

fn key() -> SigningKey {
    SigningKey::generate_unsealed(SigningAlgorithm::Es256).unwrap()
}

fn expected() -> Expected<'static> {
    Expected {
        issuer: ISSUER,
        token_type: "at+jwt",
        audience: Some(AUDIENCE),
        now: Timestamp::from_unix_seconds(NOW),
        leeway: Duration::from_secs(30),
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "someone", "client_id": "c_1", "jti": "1",
        "iat": NOW, "exp": NOW + 900, "scope": "read",
    })
}

/// Claims with one member changed, or removed where the value is null.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

fn header(key: &SigningKey) -> Value {
    json!({ "alg": key.algorithm().as_str(), "kid": key.kid(), "typ": "at+jwt" })
}

/// A token over any header and payload text whatever, truly signed.
fn sign_text(key: &SigningKey, header: &str, payload: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = key.private_key().sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn verify_with(key: &SigningKey, token: &str) -> Result<(), VerifyError> {
    verify(token, &[key.verification_key().unwrap()], &expected()).map(|_| ())
}

#[test]
fn an_honest_token_is_believed_whatever_the_algorithm() {
    for algorithm in SigningAlgorithm::ALL {
        let key = SigningKey::generate_unsealed(algorithm).unwrap();
        let token = sign(&key, "at+jwt", &claims()).unwrap();
        let keys = [
            self::key().verification_key().unwrap(),
            key.verification_key().unwrap(),
        ];
        let verified = verify(&token, &keys, &expected()).unwrap();
        assert_eq!(verified.kid(), key.kid());
        assert_eq!(
            verified.expires_at(),
            Timestamp::from_unix_seconds(NOW + 900)
        );
        assert_eq!(verified.into_claims::<Value>().unwrap(), claims());
    }
}
