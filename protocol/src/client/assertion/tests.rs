use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::test_support::at;

const ISSUER: &str = "https://as.example/t/acme";
const NOW: i64 = 1_800_000_000;

fn claims() -> Value {
    json!({"iss": "app", "sub": "app", "aud": ISSUER, "exp": NOW + 300, "iat": NOW, "jti": "one"})
}

/// Claims with one member changed, or removed where the value is null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

fn endpoints() -> Vec<String> {
    vec![format!("{ISSUER}/token"), format!("{ISSUER}/oauth/token")]
}

fn check_with(
    claims: &Value,
    token_endpoints: Option<&[String]>,
    is_long_tolerated: bool,
) -> Result<RightClaims, AssertionError> {
    let client_id = ClientId::parse("app").unwrap();
    let rules = AssertionRules {
        issuer: ISSUER,
        client_id: &client_id,
        token_endpoints,
        is_long_tolerated,
        now: at(0),
    };
    check_claims(claims.as_object().unwrap(), &rules)
}

fn check(claims: &Value) -> Result<RightClaims, AssertionError> {
    check_with(claims, None, false)
}

#[test]
fn what_sdks_send_is_right() {
    let right = check(&claims()).unwrap();
    assert_eq!(right.jti, "one");
    assert_eq!(right.remembered_until, at(360));
    assert!(right.tolerances.is_empty());
    assert!(check(&with("aud", json!([ISSUER]))).is_ok());
    assert!(check(&with("iat", Value::Null)).is_ok());
    assert!(check(&with("nbf", json!(NOW))).is_ok());
    assert!(check(&with("exp", json!(1_800_000_299.5))).is_ok());
    assert!(check(&with("scope", json!("anything"))).is_ok());
}

/// Row E7.
#[test]
fn the_audience_is_the_issuer_alone() {
    let endpoint = format!("{ISSUER}/token");
    for audience in [
        json!(endpoint),
        json!([endpoint]),
        json!([ISSUER, "https://other.example"]),
        json!([ISSUER, ISSUER]),
        json!([]),
        json!(format!("{ISSUER}/")),
        json!("https://as.example"),
        json!("https://as.example/t/umbrella"),
        json!(5),
        json!({"a": ISSUER}),
        Value::Null,
    ] {
        let refused = check(&with("aud", audience.clone()));
        assert_eq!(
            refused,
            Err(AssertionError::OtherAudience(ISSUER.to_owned())),
            "{audience}"
        );
    }
    let urls = endpoints();
    for audience in [json!(urls[0]), json!([urls[1]])] {
        let tolerated = check_with(&with("aud", audience), Some(&urls), false);
        assert_eq!(
            tolerated.unwrap().tolerances,
            [Tolerance::TokenEndpointAudience]
        );
    }
    for audience in [
        json!(format!("{ISSUER}/revoke")),
        json!([urls[0], ISSUER]),
        json!("https://other.example/token"),
    ] {
        let refused = check_with(&with("aud", audience.clone()), Some(&urls), false);
        assert!(refused.is_err(), "{audience}");
    }
    // The issuer needs no tolerance, so none is told.
    let right = check_with(&claims(), Some(&urls), false);
    assert!(right.unwrap().tolerances.is_empty());
}

/// Row E8.
#[test]
fn the_parties_are_the_client() {
    for (name, value) in [
        ("iss", json!("other")),
        ("sub", json!("other")),
        ("iss", Value::Null),
        ("sub", Value::Null),
        ("iss", json!(["app"])),
        ("sub", json!("App")),
    ] {
        let refused = check(&with(name, value.clone()));
        assert_eq!(refused, Err(AssertionError::OtherParty), "{name}: {value}");
    }
}

/// Row E8.
#[test]
fn times_are_bounded_both_ways() {
    use AssertionError as E;
    let too_long = || E::TooLong(MAX_LIFETIME);
    for (name, value, error) in [
        ("exp", Value::Null, E::Time),
        ("exp", json!("1800000300"), E::Time),
        ("exp", json!(-1), E::Time),
        ("exp", json!(1e300), E::Time),
        ("iat", json!("x"), E::Time),
        ("nbf", json!([1]), E::Time),
        ("exp", json!(NOW - 60), E::Expired),
        ("exp", json!(NOW + 661), too_long()),
        ("exp", json!(NOW + 3_600), too_long()),
        ("iat", json!(NOW + 61), E::NotYetValid),
        ("nbf", json!(NOW + 61), E::NotYetValid),
    ] {
        assert_eq!(
            check(&with(name, value.clone())),
            Err(error),
            "{name}: {value}"
        );
    }
    for (name, value) in [
        ("exp", NOW - 59),
        ("exp", NOW + 660),
        ("iat", NOW + 60),
        ("nbf", NOW + 60),
        // Old, but not over: RFC 7523 leaves it to exp.
        ("iat", NOW - 100_000),
    ] {
        assert!(check(&with(name, json!(value))).is_ok(), "{name}: {value}");
    }
    let long = |ahead: i64| check_with(&with("exp", json!(NOW + ahead)), None, true);
    assert_eq!(long(3_660).unwrap().tolerances, [Tolerance::LongAssertion]);
    assert_eq!(long(3_661), Err(too_long()));
    assert!(long(600).unwrap().tolerances.is_empty());
}

/// Row E9: what cannot be remembered cannot be used once.
#[test]
fn a_jti_is_required_and_bounded() {
    for bad in [Value::Null, json!(""), json!(5), json!("j".repeat(257))] {
        assert_eq!(check(&with("jti", bad)), Err(AssertionError::NoTokenId));
    }
    assert!(check(&with("jti", json!("j".repeat(256)))).is_ok());
}

#[test]
fn every_refusal_is_invalid_client() {
    let refused = check(&with("jti", Value::Null)).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidClient);
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        let _ = claimed_client(&text);
        let _ = claimed_client(&format!("x.{text}.z"));
    }
}
