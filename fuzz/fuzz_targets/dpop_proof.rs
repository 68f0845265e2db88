//! DPoP proofs (RFC 9449 §4.3): nothing panics, a forged one is never believed, and claims that pass are the
//! right ones.
//!
//! Input: a JWT's header, a newline, its claims. The same bytes are also read as a whole proof, as a
//! thumbprint and as the value of `Authorization`.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::jwt::DpopProof;
use libfuzzer_sys::fuzz_target;
use protocol::Timestamp;
use protocol::dpop::{
    JwkThumbprint, ProofRules, access_token_hash, check_proof, token_from_header,
};
use serde_json::{Map, Value};

const TOKEN_URL: &str = "https://as.example/t/acme/token";
const ALIAS_URL: &str = "https://as.example/t/acme/oauth/token";
const ACCESS_TOKEN: &str = "a.b.c";
const NOW: i64 = 1_800_000_000;

fn read(proof: &str) {
    let Ok(read) = DpopProof::read(proof) else {
        return;
    };
    check(read.claims());
    // Whoever made the input has no private key, and none of its signatures was made with one.
    assert!(read.verify().is_err(), "a forged proof was believed");
}

fn check(claims: &Map<String, Value>) {
    let urls = [TOKEN_URL.to_owned(), ALIAS_URL.to_owned()];
    for access_token in [None, Some(ACCESS_TOKEN)] {
        let rules = ProofRules {
            method: "POST",
            urls: &urls,
            access_token,
            now: Timestamp::from_unix_seconds(NOW),
        };
        let Ok(right) = check_proof(claims, &rules) else {
            continue;
        };
        assert_eq!(claims["htm"], "POST");
        assert_eq!(claims["jti"], right.jti.as_str());
        assert!((1..=256).contains(&right.jti.len()));
        assert_eq!(
            claims.get("nonce").and_then(Value::as_str),
            right.nonce.as_deref()
        );
        if access_token.is_some() {
            assert_eq!(claims["ath"], access_token_hash(ACCESS_TOKEN).as_str());
        }
        let htu = claims["htu"].as_str().expect("a text").to_ascii_lowercase();
        assert!(htu.trim_start().starts_with("https:"), "{htu}");
        assert!(
            htu.contains("token") || htu.contains('%') || htu.contains(['\t', '\n', '\r']),
            "{htu}"
        );
        let issued_at = claims["iat"].as_f64().expect("a number").floor();
        #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
        let age = NOW as f64 - issued_at;
        assert!((-60.0..300.0).contains(&age), "{age}");
    }
}

fuzz_target!(|input: &str| {
    read(input);
    let (header, claims) = input.split_once('\n').unwrap_or((input, ""));
    let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
    let signature = URL_SAFE_NO_PAD.encode([7; 64]);
    read(&format!(
        "{}.{}.{signature}",
        encode(header),
        encode(claims)
    ));
    if let Ok(Value::Object(claims)) = serde_json::from_str(claims) {
        check(&claims);
    }
    if let Ok(thumbprint) = JwkThumbprint::parse(input) {
        let bytes = URL_SAFE_NO_PAD.decode(input).expect("base64url");
        assert_eq!(bytes.len(), 32);
        assert_eq!(URL_SAFE_NO_PAD.encode(bytes), thumbprint.as_str());
    }
    if let Some(token) = token_from_header(input) {
        assert!(!token.expose().contains(char::is_whitespace));
    }
});
