//! Client credentials in a header and a body: nothing panics, and what is read is what was sent, in one of
//! the two encodings that clients use (row E4).
//!
//! Input: the `Authorization` header, a newline, the form body.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use libfuzzer_sys::fuzz_target;
use protocol::Parameters;
use protocol::client::authentication::{PresentedCredentials, PresentedSecret};

/// The two parts of a Basic header as they stand in it (RFC 7617 §2).
fn parts(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.trim().split_once(' ')?;
    let encoded = encoded.trim();
    let decoded = STANDARD
        .decode(encoded)
        .or_else(|_| STANDARD_NO_PAD.decode(encoded));
    let text = String::from_utf8(decoded.ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    scheme
        .eq_ignore_ascii_case("basic")
        .then(|| (id.to_owned(), secret.to_owned()))
}

fn form_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

fuzz_target!(|input: &str| {
    let (header, body) = input.split_once('\n').unwrap_or((input, ""));
    let Ok(parameters) = Parameters::parse(body.as_bytes()) else {
        return;
    };
    for authorization in [None, Some(header)] {
        let Ok(presented) = PresentedCredentials::from_request(authorization, &parameters) else {
            continue;
        };
        let assertion = parameters.contains("client_assertion");
        let (Some(header), false) = (authorization, assertion) else {
            continue;
        };
        let (id, secret) = parts(header).expect("only a Basic header is accepted");
        for reading in presented.client_ids() {
            let reading = reading.as_str();
            assert!(!reading.is_empty());
            assert!(reading == id || reading == form_decode(&id));
        }
        assert!(!parameters.contains("client_secret"), "two credentials");
        assert_eq!(presented.secret.is_some(), !secret.is_empty());
        for reading in presented.secret.iter().flat_map(PresentedSecret::readings) {
            assert!(reading.expose() == secret || reading.expose() == form_decode(&secret));
        }
    }
});
