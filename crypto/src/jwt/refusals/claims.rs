//! Claims that must be refused.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::verify_ended;
use super::{
    AUDIENCE, Expected, ISSUER, NOW, VerifyError, claims_with, expected, key, sign, verify,
    verify_with,
};

#[test]
fn claims_table() {
    let key = key();
    let cases = [
        ("iss", Value::Null, VerifyError::Issuer),
        ("iss", json!("https://other.example"), VerifyError::Issuer),
        ("iss", json!("https://issuer.example/"), VerifyError::Issuer),
        ("iss", json!([ISSUER]), VerifyError::Issuer),
        ("iss", json!(5), VerifyError::Issuer),
        ("aud", Value::Null, VerifyError::Audience),
        (
            "aud",
            json!([AUDIENCE, "https://other.example"]),
            VerifyError::Audience,
        ),
        ("aud", json!([AUDIENCE]), VerifyError::Audience),
        ("aud", json!("https://other.example"), VerifyError::Audience),
        ("aud", json!("*"), VerifyError::Audience),
        ("aud", json!(""), VerifyError::Audience),
        ("aud", json!(5), VerifyError::Audience),
        ("sub", Value::Null, VerifyError::Subject),
        ("sub", json!(""), VerifyError::Subject),
        ("sub", json!(7), VerifyError::Subject),
        ("exp", Value::Null, VerifyError::Time),
        ("exp", json!("x"), VerifyError::Time),
        ("exp", json!((NOW + 900).to_string()), VerifyError::Time),
        ("exp", json!(-1), VerifyError::Time),
        ("exp", json!(1e300), VerifyError::Time),
        ("exp", json!(1_800_000_900.5), VerifyError::Time),
        ("exp", json!(u64::MAX), VerifyError::Time),
        ("exp", json!(true), VerifyError::Time),
        ("exp", json!(NOW - 30), VerifyError::Expired),
        ("exp", json!(0), VerifyError::Expired),
        ("iat", Value::Null, VerifyError::Time),
        ("iat", json!("yesterday"), VerifyError::Time),
        ("iat", json!(NOW + 31), VerifyError::NotYetValid),
        ("nbf", json!("9999999999"), VerifyError::Time),
        ("nbf", json!(NOW + 31), VerifyError::NotYetValid),
    ];
    for (name, value, reason) in cases {
        let token = sign(&key, "at+jwt", &claims_with(name, value.clone())).unwrap();
        assert_eq!(verify_with(&key, &token), Err(reason), "{name}: {value}");
    }
}

/// A hint may be old; nothing else about it may be wrong.
#[test]
fn an_ended_token_is_read_where_its_end_does_not_matter() {
    let key = key();
    let keys = [key.verification_key().unwrap()];
    let of = |name, value: Value| {
        let token = sign(&key, "at+jwt", &claims_with(name, value)).unwrap();
        verify_ended(&token, &keys, &expected()).map(|_| ())
    };
    assert_eq!(of("exp", json!(NOW - 1_000_000)), Ok(()));
    assert_eq!(of("exp", Value::Null), Err(VerifyError::Time));
    assert_eq!(
        of("iss", json!("https://other.example")),
        Err(VerifyError::Issuer)
    );
    assert_eq!(of("iat", json!(NOW + 3_600)), Err(VerifyError::NotYetValid));
}

#[test]
fn the_leeway_is_what_was_asked_and_never_above_a_minute() {
    let key = key();
    let keys = [key.verification_key().unwrap()];
    let verify_after = |seconds: i64, leeway: u64| {
        let token = sign(&key, "at+jwt", &claims_with("exp", json!(NOW - seconds))).unwrap();
        let leeway = Duration::from_secs(leeway);
        verify(
            &token,
            &keys,
            &Expected {
                leeway,
                ..expected()
            },
        )
        .map(|_| ())
    };
    assert_eq!(verify_after(0, 0), Err(VerifyError::Expired));
    assert_eq!(verify_after(-1, 0), Ok(()));
    assert_eq!(verify_after(29, 30), Ok(()));
    assert_eq!(verify_after(30, 30), Err(VerifyError::Expired));
    assert_eq!(verify_after(59, 3_600), Ok(()));
    assert_eq!(verify_after(60, 3_600), Err(VerifyError::Expired));
}

#[test]
fn without_an_expected_audience_there_must_still_be_one() {
    let key = key();
    let keys = [key.verification_key().unwrap()];
    let any = Expected {
        audience: None,
        ..expected()
    };
    let verify_any =
        |claims: Value| verify(&sign(&key, "at+jwt", &claims).unwrap(), &keys, &any).map(|_| ());
    assert_eq!(
        verify_any(claims_with("aud", json!("https://other.example"))),
        Ok(())
    );
    assert_eq!(
        verify_any(claims_with("aud", json!(["a", "b"]))),
        Err(VerifyError::Audience)
    );
    assert_eq!(
        verify_any(claims_with("aud", Value::Null)),
        Err(VerifyError::Audience)
    );
}
