use proptest::prelude::*;

use super::RedirectUriError::{
    HasFragment, HasUserInfo, HttpNotLoopback, Malformed, NotPlain, PrivateUseNotListed,
    QueryCollides, SchemeForbidden,
};
use super::*;

const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

fn is_match(registered: &str, sent: &str) -> bool {
    match_redirect_uri(&[RedirectUri::from_stored(registered)], Some(sent)).is_ok()
}

#[test]
fn what_clients_really_register_is_accepted() {
    for good in [
        "https://claude.ai/api/mcp/auth_callback",
        "https://insiders.vscode.dev/redirect",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
        "http://localhost/callback",
        "http://localhost:6274/oauth/callback",
        "http://[::1]:8080/cb",
        "http://localhost",
        "https://client.example/cb?tenant=1",
        "https://client.example:8443/cb%20x",
        "https://client.example:443/cb",
    ] {
        assert!(RedirectUri::parse(good, &[]).is_ok(), "{good}");
    }
}

/// Rows B2, B3, B5, B6, B7, B8, B9, B11.
#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    for (bad, error) in [
        ("https://ok@evil.test/cb", HasUserInfo),
        ("https://ok:x@evil.test/cb", HasUserInfo),
        ("https://a@b@evil.test/cb", HasUserInfo),
        ("https://@evil.test/cb", HasUserInfo),
        ("https://ok.test\\@evil.test/cb", Malformed),
        ("https://ok.test/a\tb", Malformed),
        ("https://ok.test/a\r\nb", Malformed),
        ("https://ok.test/a\0b", Malformed),
        ("https://ok.test/a b", Malformed),
        ("https://ok.test/%zz", Malformed),
        (" https://ok.test/", Malformed),
        ("https://xn--example-.örg/", Malformed),
        ("/cb", Malformed),
        ("https:///cb", NotPlain),
        ("https:ok.test/cb", NotPlain),
        ("HTTPS://ok.test/cb", NotPlain),
        ("https://OK.test/cb", NotPlain),
        ("https://ok.test./cb", NotPlain),
        ("https://ok.test:/cb", NotPlain),
        ("https://ok.test:0443/cb", NotPlain),
        ("https://ok.test/a/../b", NotPlain),
        ("https://ok.test/%2e%2e/b", NotPlain),
        ("http://127.1/cb", NotPlain),
        ("http://0x7f.1/cb", NotPlain),
        ("http://2130706433/cb", NotPlain),
        ("http://[0:0:0:0:0:0:0:1]/cb", NotPlain),
        ("http://localhost.evil.test/cb", HttpNotLoopback),
        ("http://127.0.0.1.evil.test/cb", HttpNotLoopback),
        ("http://client.example/cb", HttpNotLoopback),
        ("http://127.0.0.2/cb", HttpNotLoopback),
        ("https://ok.test/cb#", HasFragment),
        ("https://ok.test/cb#x", HasFragment),
        ("javascript:alert(1)", SchemeForbidden),
        ("JaVaScRiPt:alert(1)", SchemeForbidden),
        ("data:text/html,x", SchemeForbidden),
        ("vbscript:x", SchemeForbidden),
        ("file:///etc/passwd", SchemeForbidden),
        ("blob:https://ok.test/x", SchemeForbidden),
        ("about:blank", SchemeForbidden),
        ("intent://x", SchemeForbidden),
        ("myapp://cb", PrivateUseNotListed),
        ("com.example.app:/cb", PrivateUseNotListed),
        (CURSOR, PrivateUseNotListed),
        ("https://ok.test/cb?code=1", QueryCollides),
        ("https://ok.test/cb?a=1&state=", QueryCollides),
        ("https://ok.test/cb?iss", QueryCollides),
        ("https://ok.test/cb?%65rror=1", QueryCollides),
    ] {
        assert_eq!(RedirectUri::parse(bad, &[]), Err(error), "{bad:?}");
    }
}

/// Row B8: the tenant's list holds exact URIs; schemes that run code are refused even there.
#[test]
fn a_private_use_uri_must_be_listed_exactly() {
    let listed = [CURSOR.to_owned(), "javascript:alert(1)".to_owned()];
    let uri = RedirectUri::parse(CURSOR, &listed).unwrap();
    assert_eq!(uri.kind(), RedirectUriKind::PrivateUse);
    assert_eq!(uri.display_host(), "cursor:");
    let longer = RedirectUri::parse(&format!("{CURSOR}/x"), &listed);
    assert_eq!(longer, Err(PrivateUseNotListed));
    assert_eq!(
        RedirectUri::parse("javascript:alert(1)", &listed),
        Err(SchemeForbidden)
    );
    assert!(RedirectUri::parse_private_use(CURSOR).is_ok());
    assert_eq!(
        RedirectUri::parse_private_use("data:x"),
        Err(SchemeForbidden)
    );
    assert_eq!(RedirectUri::parse_private_use("https://x/"), Err(NotPlain));
    assert_eq!(RedirectUri::parse_private_use("CURSOR://x/"), Err(NotPlain));
}

/// Rows B1, B10.
#[test]
fn matching_is_byte_exact() {
    let registered = "https://client.example/cb";
    assert!(is_match(registered, registered));
    for other in [
        "https://client.example/cb/",
        "https://client.example/CB",
        "https://client.example/c%62",
        "https://client.example%2Fcb",
        "https://client.example/cb?x=1",
        "https://client.example/cb?",
        "https://client.example/cb#",
        "https://client.example:443/cb",
        "https://client.example/a/../cb",
        "https://client.example/cb/..;/",
        "https://client.example/%252fcb",
        "https://CLIENT.example/cb",
        "http://client.example/cb",
        "https://client.example.evil.test/cb",
        "https://client.example@evil.test/cb",
    ] {
        assert!(!is_match(registered, other), "{other}");
    }
    assert!(!is_match(
        "https://foo?example.com",
        "https://foo.example.com"
    ));
    assert!(!is_match("https://.*/cb", "https://evil.test/cb"));
}

/// Row B4; RFC 8252 §7.3.
#[test]
fn only_the_port_of_a_loopback_host_is_free() {
    assert!(is_match("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"));
    assert!(is_match(
        "http://localhost/callback",
        "http://localhost:1/callback"
    ));
    assert!(is_match(
        "http://[::1]:8080/cb?x=1",
        "http://[::1]:65535/cb?x=1"
    ));
    assert!(is_match("http://localhost:3000/cb", "http://localhost/cb"));
    for other in [
        "http://localhost:51004/cb",
        "http://[::1]:51004/cb",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb?x=1",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:1@evil.test/cb",
        "http://127.0.0.1:1:2/cb",
        "http://127.0.0.1.evil.test/cb",
        "http://127.0.0.1:51004",
        "http://127.0.0.1:+80/cb",
        "HTTP://127.0.0.1:51004/cb",
    ] {
        assert!(!is_match("http://127.0.0.1/cb", other), "{other}");
    }
    assert!(!is_match("https://localhost/cb", "https://localhost:1/cb"));
    assert!(!is_match(
        "http://client.example/cb",
        "http://client.example:1/cb"
    ));
}

/// Row A2.
#[test]
fn it_may_be_left_out_when_exactly_one_is_registered() {
    let one = [RedirectUri::from_stored("https://a/cb")];
    let verified = match_redirect_uri(&one, None).unwrap();
    assert!(!verified.was_sent());
    assert_eq!(verified.as_str(), "https://a/cb");
    let two = [one[0].clone(), RedirectUri::from_stored("https://b/cb")];
    assert_eq!(
        match_redirect_uri(&two, None),
        Err(RedirectUriMismatch::Missing)
    );
    assert_eq!(
        match_redirect_uri(&[], Some("https://a/cb")),
        Err(RedirectUriMismatch::NotRegistered)
    );
}

#[test]
fn an_exact_registration_is_preferred_to_a_free_port() {
    let both = [
        RedirectUri::from_stored("http://localhost/cb"),
        RedirectUri::from_stored("http://localhost:9/cb"),
    ];
    let verified = match_redirect_uri(&both, Some("http://localhost:9/cb")).unwrap();
    assert_eq!(verified.registered(), &both[1]);
    assert_eq!(verified.display_host(), "localhost:9");
}

/// Row B9: response parameters come after a registered query.
#[test]
fn a_registered_query_is_kept() {
    let location = |uri: &str| {
        let registered = [RedirectUri::from_stored(uri)];
        let response = ResponseParameters::success("c", Some("s"), "https://as");
        match_redirect_uri(&registered, None)
            .unwrap()
            .with_response(&response)
    };
    let tail = "code=c&state=s&iss=https%3A%2F%2Fas";
    assert_eq!(location("https://a/cb"), format!("https://a/cb?{tail}"));
    assert_eq!(
        location("https://a/cb?x=1"),
        format!("https://a/cb?x=1&{tail}")
    );
    assert_eq!(location("https://a/cb?"), format!("https://a/cb?{tail}"));
    assert_eq!(location(CURSOR), format!("{CURSOR}?{tail}"));
}

/// What two URIs may differ in without being different: written anew, to check the matcher against.
fn without_loopback_port(uri: &str) -> String {
    for host in ["http://127.0.0.1", "http://[::1]", "http://localhost"] {
        let Some(rest) = uri.strip_prefix(host) else {
            continue;
        };
        let Some(after_colon) = rest.strip_prefix(':') else {
            return uri.to_owned();
        };
        let digits = after_colon.bytes().take_while(u8::is_ascii_digit).count();
        let tail = &after_colon[digits..];
        if digits > 0 && (tail.is_empty() || tail.starts_with(['/', '?'])) {
            return format!("{host}{tail}");
        }
    }
    uri.to_owned()
}

fn uris() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        Just("127.0.0.1"),
        Just("[::1]"),
        Just("localhost"),
        Just("a.test"),
        Just("localhost.a.test"),
        Just("LOCALHOST"),
    ];
    let port = prop_oneof![
        Just(String::new()),
        "[1-9][0-9]{0,3}".prop_map(|port| format!(":{port}"))
    ];
    (
        "(http|https)",
        host,
        port,
        "(/[a-z]{0,2}){0,2}",
        "(\\?[a-z]{0,2})?",
    )
        .prop_map(|(scheme, host, port, path, query)| {
            format!("{scheme}://{host}{port}{path}{query}")
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Row B12.
    #[test]
    fn two_uris_match_only_if_equal_up_to_a_loopback_port(one in uris(), two in uris()) {
        prop_assert_eq!(is_match(&one, &two), without_loopback_port(&one) == without_loopback_port(&two));
    }

    /// Row B12: any byte changed, inserted or removed, outside the port of a loopback host.
    #[test]
    fn one_changed_byte_is_no_match(uri in uris(), at in any::<prop::sample::Index>(), byte in 0_u8..128, kind in 0..3) {
        let mut bytes = uri.clone().into_bytes();
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
        let changed = String::from_utf8(bytes).unwrap();
        let is_port_only = without_loopback_port(&uri) == without_loopback_port(&changed);
        if changed != uri && !is_port_only {
            prop_assert!(!is_match(&uri, &changed), "{} {}", uri, changed);
        }
    }

    #[test]
    fn any_other_text_is_no_match(uri in uris(), other in "\\PC{0,60}") {
        prop_assume!(without_loopback_port(&uri) != without_loopback_port(&other));
        prop_assert!(!is_match(&uri, &other));
    }

    #[test]
    fn what_registers_is_plain_and_matches_itself(text in "(https?|cursor|javascript|[a-z]{2,5})://[a-zA-Z0-9.@:\\[\\]\\\\]{0,15}[/?#%a-z.]{0,12}") {
        if let Ok(uri) = RedirectUri::parse(&text, &[]) {
            prop_assert!(is_match(&text, &text));
            prop_assert!(!text.contains(['@', '#', '\\']));
            let is_loopback = uri.kind() == RedirectUriKind::Loopback;
            prop_assert!(uri.kind() == RedirectUriKind::Https || is_loopback);
        }
    }
}
