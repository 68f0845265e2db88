//! Shapes and keys that must be refused, and anything altered.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::MAX_TOKEN_BYTES;
use super::{
    VerifyError, claims, claims_with, expected, header, key, sign, sign_text, verify, verify_with,
};
use crate::signing_algorithm::SigningAlgorithm;
use crate::signing_key::SigningKey;
use crate::verification_key::VerificationKey;

#[test]
fn duplicate_members_are_refused_in_header_and_claims() {
    let key = key();
    let twice = |object: &Value, name: &str| {
        let text = object.to_string();
        let value = &object[name];
        format!(r#"{},"{name}":{value}}}"#, text.strip_suffix('}').unwrap())
    };
    for name in ["alg", "kid", "typ"] {
        let token = sign_text(&key, &twice(&header(&key), name), &claims().to_string());
        assert_eq!(
            verify_with(&key, &token),
            Err(VerifyError::Header),
            "{name}"
        );
    }
    for name in ["iss", "aud", "sub", "exp", "scope", "client_id"] {
        let token = sign_text(&key, &header(&key).to_string(), &twice(&claims(), name));
        assert_eq!(
            verify_with(&key, &token),
            Err(VerifyError::Claims),
            "{name}"
        );
    }
}

#[test]
fn what_is_not_an_object_is_refused() {
    let key = key();
    for payload in ["", "null", "[]", "\"text\"", "{", "{}}", "{\"iss\":}"] {
        let token = sign_text(&key, &header(&key).to_string(), payload);
        assert!(verify_with(&key, &token).is_err(), "{payload}");
        let token = sign_text(&key, payload, &claims().to_string());
        assert!(verify_with(&key, &token).is_err(), "{payload}");
    }
}

/// G7: the shape is refused before anything is decoded.
#[test]
fn shape_table() {
    let key = key();
    let token = sign(&key, "at+jwt", &claims()).unwrap();
    let padded: Vec<String> = token
        .split('.')
        .map(|part| URL_SAFE.encode(URL_SAFE_NO_PAD.decode(part).unwrap()))
        .collect();
    let cases = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c.d.e".to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.x"),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}="),
        token.replace('.', ". "),
        token.replacen('.', "", 1),
        padded.join("."),
        r#"{"payload":"e30","signatures":[]}"#.to_owned(),
        "é.é.é".to_owned(),
    ];
    for case in cases {
        assert_eq!(
            verify_with(&key, &case),
            Err(VerifyError::Malformed),
            "{case}"
        );
    }
}

#[test]
fn more_than_8_kb_is_refused_though_truly_signed() {
    let key = key();
    let with_scope = |length: usize| {
        let claims = claims_with("scope", json!("s".repeat(length)));
        sign(&key, "at+jwt", &claims).unwrap()
    };
    let longest = with_scope(5_500);
    assert!(longest.len() <= MAX_TOKEN_BYTES && longest.len() > 7_000);
    assert_eq!(verify_with(&key, &longest), Ok(()));
    assert_eq!(
        verify_with(&key, &with_scope(6_200)),
        Err(VerifyError::TooLong)
    );
}

/// P5: a key that is not in the list given verifies nothing, and a foreign key's `kid` helps nobody.
#[test]
fn only_the_keys_given_are_asked() {
    let (ours, foreign) = (key(), key());
    let token = sign(&foreign, "at+jwt", &claims()).unwrap();
    assert_eq!(verify_with(&ours, &token), Err(VerifyError::UnknownKey));
    assert_eq!(
        verify(&token, &[], &expected()).unwrap_err(),
        VerifyError::UnknownKey
    );
    let renamed = sign_text(&foreign, &header(&ours).to_string(), &claims().to_string());
    assert_eq!(verify_with(&ours, &renamed), Err(VerifyError::Signature));
}

#[test]
fn an_rs256_key_does_not_verify_its_own_ps256() {
    let key = SigningKey::generate_unsealed(SigningAlgorithm::Ps256).unwrap();
    let mut jwk = serde_json::to_value(key.public_jwk()).unwrap();
    jwk["alg"] = json!("RS256");
    let as_rs256 = VerificationKey::from_jwk(&serde_json::from_value(jwk).unwrap()).unwrap();
    let token = sign(&key, "at+jwt", &claims()).unwrap();
    assert_eq!(
        verify(&token, &[as_rs256], &expected()).unwrap_err(),
        VerifyError::Algorithm
    );
}

#[test]
fn the_type_compares_as_a_media_type() {
    let key = key();
    for typ in [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "Application/At+Jwt",
    ] {
        let mut header = header(&key);
        header["typ"] = json!(typ);
        let token = sign_text(&key, &header.to_string(), &claims().to_string());
        assert_eq!(verify_with(&key, &token), Ok(()), "{typ}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// One changed character anywhere, and the token is not believed.
    #[test]
    fn no_altered_token_is_believed(index in any::<prop::sample::Index>(), replacement in "[A-Za-z0-9_-]") {
        let key = key();
        let token = sign(&key, "at+jwt", &claims()).unwrap();
        let position = index.index(token.len());
        let mut altered = token.clone();
        altered.replace_range(position..=position, &replacement);
        if altered != token {
            prop_assert!(verify_with(&key, &altered).is_err());
        }
    }

    #[test]
    fn arbitrary_text_is_refused_without_a_panic(text in any::<String>(), parts in "[A-Za-z0-9_.-]{0,200}") {
        let key = key();
        prop_assert!(verify_with(&key, &text).is_err());
        prop_assert!(verify_with(&key, &parts).is_err());
    }
}
