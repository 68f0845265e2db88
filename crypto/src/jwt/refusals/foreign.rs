//! Other people's JWTs: what is read, what is refused, and by which key.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::clock::Timestamp;
use serde_json::{Value, json};

use super::{NOW, VerifyError, key, sign_text};
use crate::jwk_set::JwkSet;
use crate::jwt::{ForeignJwt, verify_software_statement};
use crate::signing_algorithm::SigningAlgorithm;
use crate::signing_key::SigningKey;

const TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];

fn jwk(key: &SigningKey) -> Value {
    serde_json::to_value(key.public_jwk()).unwrap()
}

fn set_of(keys: &[&SigningKey]) -> JwkSet {
    let keys: Vec<Value> = keys.iter().map(|key| jwk(key)).collect();
    JwkSet::new(&json!({ "keys": keys }), None).unwrap()
}

fn header(key: &SigningKey) -> Value {
    json!({ "alg": key.algorithm().as_str(), "kid": key.kid() })
}

fn with(mut header: Value, name: &str, value: Value) -> Value {
    if value.is_null() {
        header.as_object_mut().unwrap().remove(name);
    } else {
        header[name] = value;
    }
    header
}

fn outcome(key: &SigningKey, header: &Value, set: &JwkSet) -> Result<(), VerifyError> {
    let token = sign_text(key, &header.to_string(), "{}");
    ForeignJwt::read(&token, &TYPES)?.verify(set)
}

#[test]
fn every_algorithm_is_believed_with_its_own_key() {
    for algorithm in SigningAlgorithm::ALL {
        let key = SigningKey::generate_unsealed(algorithm).unwrap();
        let set = set_of(&[&super::key(), &key]);
        assert_eq!(outcome(&key, &header(&key), &set), Ok(()));
        let stranger = SigningKey::generate_unsealed(algorithm).unwrap();
        let forged = outcome(&stranger, &header(&key), &set);
        assert_eq!(forged, Err(VerifyError::Signature));
    }
}

/// Row E10.
#[test]
fn a_type_is_optional_and_never_another_kind() {
    let key = key();
    let set = set_of(&[&key]);
    for typ in [
        Value::Null,
        json!("JWT"),
        json!("jwt"),
        json!("client-authentication+jwt"),
        json!("application/client-authentication+jwt"),
    ] {
        let header = with(header(&key), "typ", typ);
        assert_eq!(outcome(&key, &header, &set), Ok(()), "{header}");
    }
    for typ in ["at+jwt", "logout+jwt", "oauth-id-jag+jwt", ""] {
        let header = with(header(&key), "typ", json!(typ));
        assert_eq!(outcome(&key, &header, &set), Err(VerifyError::TokenType));
    }
    for typ in [json!(5), json!(["JWT"])] {
        let header = with(header(&key), "typ", typ);
        assert_eq!(outcome(&key, &header, &set), Err(VerifyError::TokenType));
    }
}

/// Row E11: even signed by the right key.
#[test]
fn headers_that_ask_for_something_are_refused() {
    let key = key();
    let set = set_of(&[&key]);
    for (name, value, error) in [
        ("crit", json!(["x"]), VerifyError::Extension),
        ("crit", json!([]), VerifyError::Extension),
        ("b64", json!(false), VerifyError::Extension),
        ("zip", json!("DEF"), VerifyError::Extension),
        ("jwk", jwk(&key), VerifyError::ForeignKey),
        (
            "jku",
            json!("https://evil.example/k"),
            VerifyError::ForeignKey,
        ),
        (
            "x5u",
            json!("https://evil.example/c"),
            VerifyError::ForeignKey,
        ),
        ("x5c", json!(["AA=="]), VerifyError::ForeignKey),
        ("alg", json!("none"), VerifyError::Algorithm),
        ("alg", json!("HS256"), VerifyError::Algorithm),
        ("alg", json!("RS256"), VerifyError::Algorithm),
        ("alg", Value::Null, VerifyError::Algorithm),
        ("kid", json!("other"), VerifyError::UnknownKey),
        ("kid", json!(""), VerifyError::UnknownKey),
        ("kid", json!(7), VerifyError::UnknownKey),
        ("kid", json!("k".repeat(129)), VerifyError::UnknownKey),
    ] {
        let header = with(header(&key), name, value);
        assert_eq!(outcome(&key, &header, &set), Err(error), "{header}");
    }
    // RFC 7515 §4: what means nothing to us is ignored.
    for (name, value) in [("x5t", json!("AA")), ("extra", json!({ "a": 1 }))] {
        assert_eq!(
            outcome(&key, &with(header(&key), name, value), &set),
            Ok(())
        );
    }
}

/// Row E11: the public key taken for an HMAC secret.
#[test]
fn an_hmac_under_the_public_key_is_refused() {
    let key = SigningKey::generate_unsealed(SigningAlgorithm::Rs256).unwrap();
    let set = set_of(&[&key]);
    for claimed in ["HS256", "RS256"] {
        let header = with(header(&key), "alg", json!(claimed)).to_string();
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode("{}")
        );
        let secret = hmac::Key::new(hmac::HMAC_SHA256, jwk(&key).to_string().as_bytes());
        let mac = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, message.as_bytes()));
        let token = format!("{message}.{mac}");
        let outcome = ForeignJwt::read(&token, &TYPES).and_then(|read| read.verify(&set));
        let expected = match claimed {
            "HS256" => VerifyError::Algorithm,
            _ => VerifyError::Signature,
        };
        assert_eq!(outcome, Err(expected));
    }
}

#[test]
fn without_a_kid_few_keys_are_tried() {
    let keys: Vec<SigningKey> = (0..6).map(|_| key()).collect();
    let set = set_of(&keys.iter().collect::<Vec<_>>());
    let outcomes: Vec<_> = keys
        .iter()
        .map(|key| outcome(key, &with(header(key), "kid", Value::Null), &set))
        .collect();
    let (tried, passed_over) = outcomes.split_at(4);
    assert!(tried.iter().all(Result::is_ok));
    assert!(
        passed_over
            .iter()
            .all(|one| *one == Err(VerifyError::Signature))
    );
    let rsa = SigningKey::generate_unsealed(SigningAlgorithm::Rs256).unwrap();
    let unfitting = outcome(&rsa, &with(header(&rsa), "kid", Value::Null), &set);
    assert_eq!(unfitting, Err(VerifyError::UnknownKey));
}

/// Row G7.
#[test]
fn shapes_are_refused_before_anything_is_decoded() {
    let read = |token: &str| ForeignJwt::read(token, &TYPES).map(|_| ());
    assert_eq!(read(&"a".repeat(8 * 1024 + 1)), Err(VerifyError::TooLong));
    for bad in ["", "a.b", "a.b.c.d", "a.b.", "a .b.c", "{}.b.c", "a=.b.c"] {
        assert_eq!(read(bad), Err(VerifyError::Malformed), "{bad}");
    }
    let key = key();
    for payload in ["[]", "{\"a\":1,\"a\":2}", "x", "\"s\""] {
        let token = sign_text(&key, &header(&key).to_string(), payload);
        assert_eq!(read(&token), Err(VerifyError::Claims), "{payload}");
    }
}

/// RFC 7591 §2.3: one of the tenant's issuers, with its own key, while the statement says it holds.
#[test]
fn a_software_statement_is_its_issuers() {
    let (key, stranger) = (key(), key());
    let jwks = json!({ "keys": [jwk(&key)] });
    let now = Timestamp::from_unix_seconds(NOW);
    let verify = |signer: &SigningKey, header: Value, claims: Value| {
        let statement = sign_text(signer, &header.to_string(), &claims.to_string());
        let keys_of = |issuer: &str| (issuer == "https://vendor.example").then_some(&jwks);
        verify_software_statement(&statement, keys_of, now)
    };
    let good = json!({ "iss": "https://vendor.example", "software_id": "x" });
    let claims = verify(&key, header(&key), good.clone()).unwrap();
    assert_eq!(claims["software_id"], "x");
    let typed = with(header(&key), "typ", json!("software-statement+jwt"));
    assert!(verify(&key, typed, good.clone()).is_ok());
    let refused = |signer, header, claims| verify(signer, header, claims).unwrap_err();
    assert_eq!(
        refused(&stranger, header(&key), good.clone()),
        VerifyError::Signature
    );
    let assertion = with(header(&key), "typ", json!("client-authentication+jwt"));
    assert_eq!(
        refused(&key, assertion, good.clone()),
        VerifyError::TokenType
    );
    for (name, value, error) in [
        ("iss", json!("https://other.example"), VerifyError::Issuer),
        ("iss", Value::Null, VerifyError::Issuer),
        ("exp", json!(NOW - 60), VerifyError::Expired),
        ("exp", json!("x"), VerifyError::Time),
        ("iat", json!(NOW + 61), VerifyError::NotYetValid),
        ("nbf", json!(NOW + 61), VerifyError::NotYetValid),
    ] {
        let claims = with(good.clone(), name, value);
        assert_eq!(refused(&key, header(&key), claims), error, "{name}");
    }
}
