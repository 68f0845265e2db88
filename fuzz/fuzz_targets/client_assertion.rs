//! Client assertions (RFC 7523 §3): nothing panics, a forged one is never believed, and claims that pass
//! are the right ones.
//!
//! Input: a JWT's header, a newline, its claims. The same bytes are also read as a whole JWT and as a JWK set.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::jwk_set::JwkSet;
use crypto::jwt::ForeignJwt;
use libfuzzer_sys::fuzz_target;
use protocol::client::Tolerance;
use protocol::client::assertion::{ASSERTION_TOKEN_TYPES, AssertionRules, check_claims};
use protocol::{ClientId, Timestamp};
use serde_json::{Map, Value};

const ISSUER: &str = "https://as.example/t/acme";
const CLIENT: &str = "https://client.example/client.json";
const NOW: i64 = 1_800_000_000;
/// A public key of the tests of RFC 7515 (appendix A.3); whoever made the input has no private one.
const KEYS: &str = r#"{"keys":[{"kty":"EC","kid":"k1","use":"sig","alg":"ES256","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

fn read(token: &str, keys: &JwkSet) {
    let Ok(jwt) = ForeignJwt::read(token, &ASSERTION_TOKEN_TYPES) else {
        return;
    };
    assert!(jwt.verify(keys).is_err(), "a forged assertion was believed");
    check(jwt.claims());
}

fn check(claims: &Map<String, Value>) {
    let client_id = ClientId::parse(CLIENT).expect("a client_id");
    let endpoints = [format!("{ISSUER}/token")];
    for is_tolerant in [false, true] {
        let rules = AssertionRules {
            issuer: ISSUER,
            client_id: &client_id,
            token_endpoints: is_tolerant.then_some(&endpoints),
            is_long_tolerated: is_tolerant,
            now: Timestamp::from_unix_seconds(NOW),
        };
        let Ok(right) = check_claims(claims, &rules) else {
            continue;
        };
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&CLIENT.into(), &CLIENT.into())
        );
        let audience = match &claims["aud"] {
            Value::Array(all) => {
                assert_eq!(all.len(), 1);
                &all[0]
            }
            one => one,
        };
        let by_endpoint = right.tolerances.contains(&Tolerance::TokenEndpointAudience);
        assert_eq!(by_endpoint, audience != ISSUER);
        assert!(is_tolerant || right.tolerances.is_empty());
        let expires_at = claims["exp"].as_f64().expect("a number").floor();
        #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
        let ahead = expires_at - NOW as f64;
        let is_long = right.tolerances.contains(&Tolerance::LongAssertion);
        assert!(ahead > -60.0 && ahead <= if is_long { 3660.0 } else { 660.0 });
        for start in ["iat", "nbf"] {
            let start = claims
                .get(start)
                .map(|start| start.as_f64().expect("a number").floor());
            #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
            let latest = NOW as f64 + 60.0;
            assert!(start.is_none_or(|start| start <= latest));
        }
        assert_eq!(claims["jti"], right.jti.as_str());
        assert!((1..=256).contains(&right.jti.len()));
    }
}

fuzz_target!(|input: &str| {
    let keys = JwkSet::from_json(KEYS.as_bytes(), None).expect("a key set");
    read(input, &keys);
    let (header, claims) = input.split_once('\n').unwrap_or((input, ""));
    let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
    let signature = URL_SAFE_NO_PAD.encode([7; 64]);
    read(
        &format!("{}.{}.{signature}", encode(header), encode(claims)),
        &keys,
    );
    if let Ok(Value::Object(claims)) = serde_json::from_str(claims) {
        check(&claims);
    }
    let _ = JwkSet::from_json(input.as_bytes(), None);
});
