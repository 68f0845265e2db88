//! Row T1: DPoP proofs that must be refused for their form, their key or their signature.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::dpop::{DpopError, JwkThumbprint};
use serde_json::{Value, json};

use super::{key, sign_text};
use crate::jwt::DpopProof;
use crate::signing_algorithm::SigningAlgorithm;
use crate::signing_key::SigningKey;

fn jwk(key: &SigningKey) -> Value {
    let mut jwk = serde_json::to_value(key.public_jwk()).unwrap();
    for member in ["kid", "alg", "use"] {
        jwk.as_object_mut().unwrap().remove(member);
    }
    jwk
}

fn header(key: &SigningKey) -> Value {
    json!({ "typ": "dpop+jwt", "alg": key.algorithm().as_str(), "jwk": jwk(key) })
}

fn with(mut header: Value, name: &str, value: Value) -> Value {
    if value.is_null() {
        header.as_object_mut().unwrap().remove(name);
    } else {
        header[name] = value;
    }
    header
}

fn verify(key: &SigningKey, header: &Value) -> Result<JwkThumbprint, DpopError> {
    verify_text(&sign_text(key, &header.to_string(), "{\"jti\":\"1\"}"))
}

fn verify_text(proof: &str) -> Result<JwkThumbprint, DpopError> {
    DpopProof::read(proof)?.verify()
}

#[track_caller]
fn is_unreadable(outcome: &Result<JwkThumbprint, DpopError>, case: &Value) {
    assert!(
        matches!(outcome, Err(DpopError::Unreadable(_))),
        "{case}: {outcome:?}"
    );
}

#[test]
fn a_proof_is_by_the_key_that_it_brings_whatever_the_algorithm() {
    for algorithm in SigningAlgorithm::ALL {
        let key = SigningKey::generate_unsealed(algorithm).unwrap();
        let thumbprint = key.public_jwk().thumbprint().unwrap();
        let proved = verify(&key, &header(&key)).unwrap();
        assert_eq!(proved.as_str(), thumbprint);
        // More members of the key are fine, and are no part of its name.
        let mut more = jwk(&key);
        more["kid"] = json!("mine");
        more["use"] = json!("sig");
        more["ext"] = json!(true);
        more["key_ops"] = json!(["verify"]);
        more["alg"] = json!(algorithm.as_str());
        let more = with(header(&key), "jwk", more);
        assert_eq!(verify(&key, &more).unwrap().as_str(), thumbprint);
        let stranger = SigningKey::generate_unsealed(algorithm).unwrap();
        let forged = verify(&stranger, &header(&key));
        assert_eq!(forged, Err(DpopError::Signature), "{algorithm}");
    }
}

#[test]
fn another_kind_of_jwt_is_no_proof() {
    let key = key();
    for typ in [
        Value::Null,
        json!("JWT"),
        json!("at+jwt"),
        json!("client-authentication+jwt"),
        json!("dpop"),
        json!(""),
        json!(["dpop+jwt"]),
    ] {
        let header = with(header(&key), "typ", typ);
        is_unreadable(&verify(&key, &header), &header);
    }
    let long = with(header(&key), "typ", json!("application/DPoP+JWT"));
    assert!(verify(&key, &long).is_ok());
}

#[test]
fn an_algorithm_is_asymmetric_and_the_keys_own() {
    let key = key();
    for algorithm in [
        Value::Null,
        json!("none"),
        json!("HS256"),
        json!("ES384"),
        json!("es256"),
        json!(5),
    ] {
        let header = with(header(&key), "alg", algorithm);
        is_unreadable(&verify(&key, &header), &header);
    }
    for algorithm in ["RS256", "PS256", "EdDSA"] {
        let header = with(header(&key), "alg", json!(algorithm));
        assert_eq!(verify(&key, &header), Err(DpopError::Key), "{algorithm}");
    }
    let rsa = SigningKey::generate_unsealed(SigningAlgorithm::Rs256).unwrap();
    let as_pss = with(header(&rsa), "alg", json!("PS256"));
    assert_eq!(verify(&rsa, &as_pss), Err(DpopError::Signature));
}

#[test]
fn a_key_is_public_and_right() {
    let key = key();
    let change = |name: &str, value: Value| with(jwk(&key), name, value);
    let cases = [
        Value::Null,
        json!("text"),
        json!([jwk(&key)]),
        json!({}),
        change("d", json!("AQAB")),
        change("d", json!("")),
        change("k", json!("AQAB")),
        change("kty", json!("oct")),
        change("kty", Value::Null),
        change("crv", json!("P-384")),
        change("x", Value::Null),
        change("y", jwk(&key)["x"].clone()),
        change("x", json!(URL_SAFE_NO_PAD.encode([1; 31]))),
        change("use", json!("enc")),
        change("alg", json!("RS256")),
        change("key_ops", json!(["sign"])),
        json!({ "kty": "oct", "k": "AQAB" }),
    ];
    for case in cases {
        let header = with(header(&key), "jwk", case);
        assert_eq!(verify(&key, &header), Err(DpopError::Key), "{header}");
    }
}

/// RFC 8725 §2.1: the public key as the secret of a MAC.
#[test]
fn a_mac_keyed_with_the_public_key_is_no_signature() {
    let key = key();
    for algorithm in ["HS256", "ES256"] {
        let header = with(header(&key), "alg", json!(algorithm));
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode("{}")
        );
        let secret = hmac::Key::new(hmac::HMAC_SHA256, jwk(&key).to_string().as_bytes());
        let tag = hmac::sign(&secret, message.as_bytes());
        let proof = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
        assert!(verify_text(&proof).is_err(), "{algorithm}");
    }
}

#[test]
fn a_header_that_asks_for_more_is_refused() {
    let key = key();
    for (name, value) in [
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", json!(["AA=="])),
    ] {
        let header = with(header(&key), name, value);
        is_unreadable(&verify(&key, &header), &header);
    }
    let unknown = with(header(&key), "kid", json!("anything"));
    assert!(verify(&key, &unknown).is_ok());
}

#[test]
fn what_is_no_jwt_is_no_proof() {
    let key = key();
    let honest = sign_text(&key, &header(&key).to_string(), "{}");
    let twice = sign_text(
        &key,
        &header(&key).to_string(),
        r#"{"htm":"POST","htm":"GET"}"#,
    );
    let two = format!("{honest}, {honest}");
    let long = format!("{honest}.{}", "A".repeat(9_000));
    for bad in [
        "",
        "..",
        "a.b.c",
        &honest[..honest.len() - 90],
        &two,
        &long,
        &twice,
    ] {
        assert!(verify_text(bad).is_err(), "{bad}");
    }
    assert!(verify_text(&honest).is_ok());
}
