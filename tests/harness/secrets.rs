//! Secrets that a test knows, and whether a dump holds one of them, as text or as bytes.
//!
//! What it is not: a search by form; that is `leaks`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// What somebody was told or has chosen, by what it is.
#[derive(Debug, Default)]
pub struct Secrets(Vec<(String, String)>);

impl Secrets {
    pub fn keep(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= 8, "{what} is no secret: {secret}");
        self.0.push((what.to_owned(), secret.to_owned()));
    }

    pub fn keep_tokens(&mut self, what: &str, body: &Value) {
        for member in ["access_token", "refresh_token", "id_token"] {
            if let Some(token) = body[member].as_str() {
                self.keep(&format!("{member} {what}"), token);
            }
        }
    }

    /// In none of their [`spellings`].
    #[track_caller]
    pub fn are_not_in(&self, place: &str, dump: &str) {
        for (what, secret) in &self.0 {
            for spelling in spellings(secret) {
                assert!(!dump.contains(&spelling), "{what} in {place}: {spelling}");
            }
        }
    }
}

/// As text, in hexadecimal and in base64; likewise the random part of a token, and the bytes that either stands
/// for in base64url (our tokens) or base64 (the keys of the settings).
fn spellings(secret: &str) -> Vec<String> {
    let random = secret
        .strip_prefix("writ_")
        .and_then(|rest| rest.split_once('_'))
        .map_or(secret, |(_, random)| random);
    let mut spellings = Vec::new();
    for text in [secret, random] {
        let encoded = STANDARD.encode(text);
        spellings.extend([
            text.to_owned(),
            hexadecimal(text.as_bytes()),
            // The end depends on what follows.
            encoded.trim_end_matches('=')[..encoded.trim_end_matches('=').len() - 1].to_owned(),
        ]);
    }
    // A JWT is as good as its last part is hard to make: whoever has that has all.
    if let Some((_, signature)) = secret.rsplit_once('.') {
        spellings.push(signature.to_owned());
    }
    let decoded = [URL_SAFE_NO_PAD.decode(random), STANDARD.decode(random)];
    let decoded = decoded.into_iter().flatten();
    for bytes in decoded.filter(|bytes| bytes.len() >= 16) {
        spellings.push(hexadecimal(&bytes));
        spellings.push(STANDARD.encode(&bytes));
        spellings.push(URL_SAFE_NO_PAD.encode(&bytes));
    }
    spellings
}

/// As a dump has `bytea`.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// `bytea` is in hexadecimal in a dump.
#[test]
fn the_bytes_of_a_key_are_looked_for() {
    const BYTES: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let key = "ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8=";
    for key in [key, key.trim_end_matches('=')] {
        let spellings = spellings(key);
        assert!(spellings.iter().any(|spelling| spelling == BYTES), "{key}");
    }
}
