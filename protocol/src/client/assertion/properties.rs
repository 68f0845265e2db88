//! Rows E7 to E9: right claims with one or two made odd. Nothing panics, and what passes is right.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::test_support::odd_json;

const ISSUER: &str = "https://as.example/t/acme";
const CLIENT: &str = "https://client.example/client.json";
const NOW: i64 = 1_800_000_000;

fn claims() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        3 => odd_json(),
        2 => (-5_000_i64..5_000).prop_map(|ahead| json!(NOW + ahead)),
        1 => (-5_000.0_f64..5_000.0).prop_map(|ahead| json!(1.8e9 + ahead)),
        1 => Just(json!([ISSUER])),
        1 => Just(json!([ISSUER, ISSUER])),
        1 => Just(json!(format!("{ISSUER}/token"))),
        1 => "[a-z]{0,3}".prop_map(|text| json!(text.repeat(100))),
    ];
    let name = prop::sample::select(vec!["iss", "sub", "aud", "exp", "iat", "nbf", "jti"]);
    prop::collection::vec((name, value), 0..3).prop_map(|odd| {
        let right = [
            ("iss", json!(CLIENT)),
            ("sub", json!(CLIENT)),
            ("aud", json!(ISSUER)),
            ("exp", json!(NOW + 300)),
            ("jti", json!("once")),
        ];
        right
            .into_iter()
            .chain(odd)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_passes_is_right(claims in claims(), is_tolerant in any::<bool>()) {
        let client_id = ClientId::parse(CLIENT).map_err(|_| TestCaseError::reject("no client_id"))?;
        let endpoints = [format!("{ISSUER}/token")];
        let rules = AssertionRules {
            issuer: ISSUER,
            client_id: &client_id,
            token_endpoints: is_tolerant.then_some(&endpoints[..]),
            is_long_tolerated: is_tolerant,
            now: Timestamp::from_unix_seconds(NOW),
        };
        let Ok(right) = check_claims(&claims, &rules) else {
            return Ok(());
        };
        prop_assert_eq!((&claims["iss"], &claims["sub"]), (&json!(CLIENT), &json!(CLIENT)));
        let by_endpoint = right.tolerances.contains(&Tolerance::TokenEndpointAudience);
        let expected = if by_endpoint { &endpoints[0] } else { ISSUER };
        prop_assert!(claims["aud"] == expected || claims["aud"] == json!([expected]));
        prop_assert!(is_tolerant || right.tolerances.is_empty());
        let ahead = |name: &str| claims.get(name).map(|time| time.as_f64().map_or(f64::NAN, |time| time.floor() - 1.8e9));
        let most = if right.tolerances.contains(&Tolerance::LongAssertion) { 3_660.0 } else { 660.0 };
        prop_assert!(ahead("exp").is_some_and(|end| end > -60.0 && end <= most));
        prop_assert!(ahead("iat").is_none_or(|start| start <= 60.0));
        prop_assert!(ahead("nbf").is_none_or(|start| start <= 60.0));
        prop_assert!((1..=256).contains(&right.jti.len()));
    }
}
