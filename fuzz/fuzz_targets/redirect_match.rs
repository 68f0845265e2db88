//! Redirect matching against an oracle that compares bytes (row B12): two URIs match when they are equal,
//! or when both are `http` on the same loopback host and equal but for a port.
//!
//! Input: the registered URI, a newline, the URI of the request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::redirect_uri::{RedirectUri, RedirectUriKind, match_redirect_uri};

/// The URI without the port of a loopback host; written apart from the matcher, to be held against it.
fn without_loopback_port(uri: &str) -> Option<String> {
    ["http://127.0.0.1", "http://[::1]", "http://localhost"]
        .iter()
        .find_map(|origin| {
            let rest = uri.strip_prefix(origin)?;
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (port, tail) = rest.split_at(end);
            let is_port = match port.strip_prefix(':') {
                None => port.is_empty(),
                Some(digits) => digits
                    .parse::<u16>()
                    .is_ok_and(|number| number > 0 && number.to_string() == digits),
            };
            is_port.then(|| format!("{origin}{tail}"))
        })
}

fn is_same(registered: &str, sent: &str) -> bool {
    if registered.as_bytes() == sent.as_bytes() {
        return true;
    }
    match (
        without_loopback_port(registered),
        without_loopback_port(sent),
    ) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

fuzz_target!(|input: &str| {
    let (registered, sent) = input.split_once('\n').unwrap_or((input, input));
    let stored = [RedirectUri::from_stored(registered)];
    let matched = match_redirect_uri(&stored, Some(sent));
    assert_eq!(matched.is_ok(), is_same(registered, sent));
    if let Ok(verified) = matched {
        assert_eq!(verified.as_str(), sent);
        assert_eq!(verified.registered(), &stored[0]);
    }
    // What registers is read by everybody alike, and is found again.
    if let Ok(uri) = RedirectUri::parse(registered, &[]) {
        assert!(match_redirect_uri(std::slice::from_ref(&uri), Some(registered)).is_ok());
        assert!(!registered.contains(['#', '\\', ' ']));
        let authority = registered.split(['/', '?']).nth(2).unwrap_or_default();
        assert!(!authority.contains('@'));
        assert!(matches!(
            uri.kind(),
            RedirectUriKind::Https | RedirectUriKind::Loopback
        ));
        assert_eq!(
            uri.kind() == RedirectUriKind::Loopback,
            without_loopback_port(registered).is_some()
        );
    }
});
