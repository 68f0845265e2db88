//! Headers that must be refused.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{VerifyError, claims, header, key, sign_text, verify_with};
use crate::signing_algorithm::SigningAlgorithm;
use crate::signing_key::SigningKey;

/// Each header with this one member changed (null: absent) is refused for this reason.
fn refuse_headers(cases: &[(&str, Value)], reason: VerifyError) {
    let key = key();
    for (name, value) in cases {
        let mut header = header(&key);
        if value.is_null() {
            header.as_object_mut().unwrap().remove(*name);
        } else {
            header[*name] = value.clone();
        }
        let token = sign_text(&key, &header.to_string(), &claims().to_string());
        assert_eq!(verify_with(&key, &token), Err(reason), "{name}: {value}");
    }
}

#[test]
fn a_header_that_demands_an_extension_is_refused() {
    let cases = [
        ("crit", json!(["x"])),
        ("crit", json!([])),
        ("crit", json!("exp")),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
    ];
    refuse_headers(&cases, VerifyError::Extension);
    refuse_headers(&[("extra", json!(1)), ("", json!(1))], VerifyError::Header);
}

/// Even the right key is refused there, and no address in a header is ever asked.
#[test]
fn a_header_that_brings_its_own_key_is_refused() {
    let cases = [
        ("jwk", serde_json::to_value(key().public_jwk()).unwrap()),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", json!(["AA=="])),
        ("x5t", json!("AA")),
        ("x5t#S256", json!("AA")),
    ];
    refuse_headers(&cases, VerifyError::ForeignKey);
}

/// G5: another kind of token, though truly signed by the same key.
#[test]
fn another_kind_of_token_is_refused() {
    let cases = [
        ("typ", Value::Null),
        ("typ", json!("JWT")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("oauth-id-jag+jwt")),
        ("typ", json!("client-authentication+jwt")),
        ("typ", json!("xapplication/at+jwt")),
        ("typ", json!("")),
        ("typ", json!(["at+jwt"])),
    ];
    refuse_headers(&cases, VerifyError::TokenType);
}

#[test]
fn another_algorithm_than_the_keys_is_refused() {
    let cases = [
        ("alg", Value::Null),
        ("alg", json!("RS256")),
        ("alg", json!("HS256")),
        ("alg", json!("es256")),
        ("alg", json!("ES512")),
        ("alg", json!(["ES256"])),
    ];
    refuse_headers(&cases, VerifyError::Algorithm);
}

/// P4: whatever a `kid` holds, it is compared and nothing else.
#[test]
fn an_unknown_kid_is_refused() {
    let cases = [
        ("kid", Value::Null),
        ("kid", json!("unknown")),
        ("kid", json!("")),
        ("kid", json!("../../../dev/null")),
        ("kid", json!("' or 1=1; --")),
        ("kid", json!("k".repeat(1_024))),
        ("kid", json!(1)),
    ];
    refuse_headers(&cases, VerifyError::UnknownKey);
    refuse_headers(&[("kid", json!("k".repeat(10_240)))], VerifyError::TooLong);
}

#[test]
fn unsigned_tokens_are_refused_however_none_is_spelled() {
    let key = key();
    for spelling in ["none", "None", "NONE", "nOnE"] {
        let mut header = header(&key);
        header["alg"] = json!(spelling);
        let signed = sign_text(&key, &header.to_string(), &claims().to_string());
        assert_eq!(verify_with(&key, &signed), Err(VerifyError::Algorithm));
        let (message, _) = signed.rsplit_once('.').unwrap();
        assert_eq!(
            verify_with(&key, &format!("{message}.")),
            Err(VerifyError::Malformed)
        );
        assert_eq!(verify_with(&key, message), Err(VerifyError::Malformed));
    }
}

/// The classic: the public key, which everybody has, taken for an HMAC secret.
#[test]
fn an_hmac_under_the_public_key_is_refused() {
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256] {
        let key = SigningKey::generate_unsealed(algorithm).unwrap();
        let jwk = serde_json::to_value(key.public_jwk()).unwrap();
        let member = |name: &str| jwk[name].as_str().unwrap_or_default().to_owned();
        for secret in [member("n"), member("x"), jwk.to_string(), String::new()] {
            for claimed in ["HS256", algorithm.as_str()] {
                let header = json!({ "alg": claimed, "kid": key.kid(), "typ": "at+jwt" });
                let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
                let message = format!("{}.{}", encode(&header), encode(&claims()));
                let mac_key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                let mac = hmac::sign(&mac_key, message.as_bytes());
                let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac));
                let reason = if claimed == "HS256" {
                    VerifyError::Algorithm
                } else {
                    VerifyError::Signature
                };
                assert_eq!(verify_with(&key, &token), Err(reason));
            }
        }
    }
}
