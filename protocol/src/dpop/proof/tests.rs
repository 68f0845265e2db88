//! Row T1, claim by claim; and that nothing but the listed URLs is one of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const TOKEN_URL: &str = "https://as.example/t/acme/token";
const NOW: i64 = 1_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn claims() -> Value {
    json!({ "jti": "1", "htm": "POST", "htu": TOKEN_URL, "iat": NOW })
}

fn check_with(name: &str, value: Value) -> Result<RightProof, DpopError> {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    check(&claims, None)
}

fn check(claims: &Value, access_token: Option<&str>) -> Result<RightProof, DpopError> {
    let urls = [
        TOKEN_URL.to_owned(),
        "https://as.example/t/acme/oauth/token".to_owned(),
    ];
    let rules = ProofRules {
        method: "POST",
        urls: &urls,
        access_token,
        now: at(NOW),
    };
    check_proof(claims.as_object().unwrap(), &rules)
}

#[test]
fn an_honest_proof_is_right_for_five_minutes() {
    assert_eq!(
        check(&claims(), None),
        Ok(RightProof {
            jti: "1".to_owned(),
            remembered_until: at(NOW) + MAX_AGE,
            nonce: None
        })
    );
    let with_nonce = check_with("nonce", json!("n")).unwrap();
    assert_eq!(with_nonce.nonce.as_deref(), Some("n"));
}

#[test]
fn what_a_proof_must_say_is_compared_exactly() {
    let method = || DpopError::Method("POST".to_owned());
    let cases = [
        ("jti", Value::Null, DpopError::NoTokenId),
        ("jti", json!(""), DpopError::NoTokenId),
        ("jti", json!(5), DpopError::NoTokenId),
        ("jti", json!("x".repeat(257)), DpopError::NoTokenId),
        ("htm", Value::Null, method()),
        ("htm", json!("GET"), method()),
        ("htm", json!("post"), method()),
        ("htm", json!(["POST"]), method()),
        ("htu", Value::Null, DpopError::Url),
        ("iat", Value::Null, DpopError::Time),
        ("iat", json!("1000"), DpopError::Time),
        ("iat", json!(-1), DpopError::Time),
        ("iat", json!(1e300), DpopError::Time),
        ("iat", json!(NOW - 300), DpopError::TooOld),
        ("iat", json!(0), DpopError::TooOld),
        ("iat", json!(NOW + 61), DpopError::NotYetValid),
        ("nbf", json!(NOW + 61), DpopError::NotYetValid),
        ("nbf", json!("x"), DpopError::Time),
        ("exp", json!(NOW - 60), DpopError::TooOld),
        ("exp", json!({}), DpopError::Time),
    ];
    for (name, value, error) in cases {
        assert_eq!(
            check_with(name, value.clone()),
            Err(error),
            "{name}: {value}"
        );
    }
    for (name, value) in [
        ("iat", json!(NOW - 299)),
        ("iat", json!(NOW + 60)),
        ("iat", json!(999.75)),
        ("exp", json!(NOW - 59)),
        ("nbf", json!(NOW + 60)),
        ("jti", json!("x".repeat(256))),
    ] {
        assert!(check_with(name, value.clone()).is_ok(), "{name}: {value}");
    }
}

/// RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3.
#[test]
fn a_url_has_many_spellings_and_is_no_other_url() {
    for same in [
        TOKEN_URL,
        "https://as.example/t/acme/oauth/token",
        "https://as.example:443/t/acme/token",
        "HTTPS://AS.Example/t/acme/token",
        "https://as.example/t/acme/token?a=b#c",
        "https://as.example/t/x/../acme/token",
    ] {
        assert!(check_with("htu", json!(same)).is_ok(), "{same}");
    }
    for other in [
        "",
        "/t/acme/token",
        "token",
        "http://as.example/t/acme/token",
        "https://as.example/t/acme/token/",
        "https://as.example/t/acme/revoke",
        "https://as.example/t/other/token",
        "https://as.example/T/acme/token",
        "https://as.example:8443/t/acme/token",
        "https://as.example.evil/t/acme/token",
        "https://user@as.example/t/acme/token",
        "https://as.example/t/acme%2Ftoken",
        "https://as.example/t/acme/token;a",
    ] {
        assert_eq!(
            check_with("htu", json!(other)),
            Err(DpopError::Url),
            "{other}"
        );
    }
    let long = format!("{TOKEN_URL}?{}", "x".repeat(2_048));
    assert_eq!(check_with("htu", json!(long)), Err(DpopError::Url));
    assert_eq!(check_with("htu", json!([TOKEN_URL])), Err(DpopError::Url));
}

/// RFC 9449 §7.1's example.
#[test]
fn a_proof_beside_a_token_names_the_token() {
    let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    assert_eq!(
        access_token_hash(token),
        "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    );
    let mut named = claims();
    named["ath"] = json!(access_token_hash(token));
    assert!(check(&named, Some(token)).is_ok());
    assert_eq!(check(&named, Some("other")), Err(DpopError::OtherToken));
    assert_eq!(check(&claims(), Some(token)), Err(DpopError::OtherToken));
}

#[test]
fn one_header_is_one_proof() {
    assert_eq!(shown_once([].into_iter()), Ok(None));
    assert_eq!(shown_once([Some("a")].into_iter()), Ok(Some("a")));
    for headers in [&[Some("a"), Some("a")][..], &[None], &[Some("a"), None]] {
        let refused = shown_once(headers.iter().copied());
        assert_eq!(refused, Err(DpopError::NotOne));
    }
}

#[test]
fn every_error_is_one_of_three_codes() {
    assert_eq!(DpopError::NonceNeeded.code(), ErrorCode::UseDpopNonce);
    assert_eq!(DpopError::OtherKey.code(), ErrorCode::InvalidToken);
    assert_eq!(DpopError::Replayed.code(), ErrorCode::InvalidDpopProof);
}

proptest! {
    /// Whatever a proof says, one that passes says this method, one of these URLs and a time of now.
    #[test]
    fn what_passes_is_right(
        jti in "\\PC{0,12}",
        htm in prop_oneof![Just("POST".to_owned()), "[A-Za-z]{0,6}"],
        htu in prop_oneof![Just(TOKEN_URL.to_owned()), "(https?://)?as\\.example(:443)?/[a-z/.%]{0,16}"],
        iat in prop_oneof![600_i64..1_200, any::<i64>()],
    ) {
        let claims = json!({ "jti": jti, "htm": htm, "htu": htu, "iat": iat });
        if let Ok(right) = check(&claims, None) {
            prop_assert_eq!(htm, "POST");
            let path = Url::parse(&htu).unwrap().path().to_owned();
            prop_assert!(path == "/t/acme/token" || path == "/t/acme/oauth/token");
            prop_assert!((NOW - 299..=NOW + 60).contains(&iat));
            prop_assert!(!right.jti.is_empty());
        }
    }
}
