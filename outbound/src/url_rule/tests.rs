use proptest::prelude::*;

use super::*;

fn rules() -> UrlRules {
    UrlRules {
        allowed_ports: vec![443, 8443],
        allows_loopback: false,
    }
}

fn fault(text: &str) -> UrlFault {
    rules()
        .check(text, FetchKind::MetadataDocument)
        .expect_err(text)
}

fn passes(text: &str) {
    let checked = rules().check(text, FetchKind::MetadataDocument);
    assert_eq!(checked.as_ref().map(CheckedUrl::as_str), Ok(text), "{text}");
}

#[test]
fn ordinary_identifiers_pass() {
    for text in [
        "https://app.example.com/client.json",
        "https://app.example.com/oauth/client-metadata",
        "https://app.example.com/oauth/",
        "https://app.example.com:8443/client.json",
        "https://app.example.com/client.json?v=2",
        "https://app.example.com/a..b/.well-known/client%20one",
        "https://xn--bcher-kva.example/client.json",
        "https://93.184.215.14/client.json",
        "https://[2606:4700:4700::1111]/client.json",
    ] {
        passes(text);
    }
}

/// Row K1.
#[test]
fn each_rule_has_its_fault() {
    for (text, expected) in [
        ("http://app.example.com/c", UrlFault::Scheme),
        ("ftp://app.example.com/c", UrlFault::Scheme),
        ("file:///etc/passwd", UrlFault::Scheme),
        ("javascript:alert(1)", UrlFault::Scheme),
        ("https://app.example.com", UrlFault::Path),
        ("https://app.example.com/", UrlFault::Path),
        ("https://app.example.com?c", UrlFault::Path),
        ("https://app.example.com/c#", UrlFault::Fragment),
        ("https://app.example.com/c#top", UrlFault::Fragment),
        ("https://me@app.example.com/c", UrlFault::Userinfo),
        ("https://me:pw@app.example.com/c", UrlFault::Userinfo),
        ("https://@app.example.com/c", UrlFault::Userinfo),
        ("https://:@app.example.com/c", UrlFault::Userinfo),
        ("https://app.example.com/./c", UrlFault::DotSegment),
        ("https://app.example.com/a/../c", UrlFault::DotSegment),
        ("https://app.example.com/c/..", UrlFault::DotSegment),
        ("https://app.example.com/%2e%2e/c", UrlFault::DotSegment),
        ("https://app.example.com/a/%2E./c", UrlFault::DotSegment),
        (
            "https://app.example.com/client%2ejson",
            UrlFault::DotSegment,
        ),
        ("https://app.example.com:444/c", UrlFault::Port),
        ("https://app.example.com:80/c", UrlFault::Port),
        ("https://app.example.com:0/c", UrlFault::Port),
        ("", UrlFault::NotAUrl),
        ("/client.json", UrlFault::NotAUrl),
        ("client-1", UrlFault::NotAUrl),
        ("https://", UrlFault::NotAUrl),
        ("https://app.example.com/a b", UrlFault::Characters),
        ("https://app.example.com/a\tb", UrlFault::Characters),
        (
            "https://app.example.com\\@evil.example/c",
            UrlFault::Characters,
        ),
        ("https://bücher.example/c", UrlFault::Characters),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
    assert_eq!(
        fault(&format!("https://app.example.com/{}", "a".repeat(2_048))),
        UrlFault::TooLong
    );
}

#[test]
fn an_identifier_has_one_spelling() {
    for text in [
        "HTTPS://app.example.com/c",
        "https://App.Example.com/c",
        "https://app.example.com:443/c",
        "https://app.example.com:/c",
        "https:app.example.com/c",
        "https:///app.example.com/c",
        "https://app.example.com/\"c\"",
        "https://0x5d.0xb8.0xd7.0xe/c",
        "https://1572394766/c",
        "https://[2606:4700:4700:0::1111]/c",
    ] {
        assert_eq!(fault(text), UrlFault::NotNormal, "{text}");
        // The same place may be the address of keys or of a picture, where nobody compares it.
        assert!(rules().check(text, FetchKind::Jwks).is_ok(), "{text}");
    }
}

#[test]
fn names_of_private_networks_are_refused() {
    for text in [
        "https://localhost/c",
        "https://app.localhost/c",
        "https://intranet/c",
        "https://printer.local/c",
        "https://metadata.google.internal/c",
        "https://router.home.arpa/c",
        "https://app.example.com./c",
        "https://app..example.com/c",
    ] {
        assert_eq!(fault(text), UrlFault::Host, "{text}");
    }
    passes("https://notlocal.example.com/c");
    passes("https://mylocal/c".replace("mylocal", "my.locals").as_str());
}

/// Row K4.
#[test]
fn literals_are_judged_in_every_spelling() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "10.0.0.1",
        "167772161",
        "169.254.169.254",
        "0xa9fea9fe",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:4136:e378::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
    ] {
        for kind in FetchKind::ALL {
            let found = rules().check(&format!("https://{host}/c"), kind);
            assert_eq!(found, Err(UrlFault::SpecialUse), "{host}");
        }
    }
    // A zone is not part of a URL's host, and a number that is no address is no name either.
    for host in ["[fe80::1%25eth0]", "[::1%25lo]", "256.1.1.1", "4294967296"] {
        assert_eq!(
            fault(&format!("https://{host}/c")),
            UrlFault::NotAUrl,
            "{host}"
        );
    }
}

#[test]
fn loopback_is_a_matter_of_development() {
    let development = UrlRules {
        allows_loopback: true,
        ..rules()
    };
    for text in [
        "http://localhost:3000/c",
        "http://127.0.0.1:3000/c",
        "http://[::1]:3000/c",
        "https://localhost:4433/c",
    ] {
        let checked = development.check(text, FetchKind::MetadataDocument);
        assert!(
            matches!(checked.unwrap().destination(), Destination::Loopback(_)),
            "{text}"
        );
        assert!(rules().check(text, FetchKind::MetadataDocument).is_err());
    }
    // Nothing else becomes possible by it.
    for (text, expected) in [
        ("http://app.example.com/c", UrlFault::Scheme),
        ("http://10.0.0.1/c", UrlFault::Scheme),
        ("https://10.0.0.1/c", UrlFault::SpecialUse),
        ("https://[::ffff:127.0.0.1]/c", UrlFault::SpecialUse),
        ("http://app.localhost/c", UrlFault::Scheme),
        ("http://localhost:3000/", UrlFault::Path),
        ("http://localhost:3000/../c", UrlFault::DotSegment),
        ("http://me@localhost:3000/c", UrlFault::Userinfo),
    ] {
        let found = development.check(text, FetchKind::MetadataDocument);
        assert_eq!(found, Err(expected), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_without_a_panic(text in ".{0,200}", loopback in any::<bool>()) {
        for kind in FetchKind::ALL {
            let rules = UrlRules { allows_loopback: loopback, ..rules() };
            let _ = rules.check(&text, kind);
        }
    }

    #[test]
    fn what_passes_is_https_to_a_public_place(
        text in "(https|http|HTTPS)://?([a-z0-9.@:%\\[\\]]{0,20}|127\\.0\\.0\\.1|[0-9]{1,10}|0x[0-9a-f]{1,8})(:[0-9]{1,5})?/[a-z./%2eE#?@]{0,20}"
    ) {
        if let Ok(checked) = rules().check(&text, FetchKind::MetadataDocument) {
            prop_assert_eq!(checked.as_str(), &text);
            prop_assert!(text.starts_with("https://"));
            prop_assert!(!text.contains('#'));
            prop_assert!(!checked.url().path().contains("/../"));
            prop_assert!(matches!(checked.port(), 443 | 8443));
            match checked.destination() {
                Destination::Name(name) => prop_assert!(name.contains('.') && !name.ends_with('.')),
                Destination::Address(address) => prop_assert!(!is_special_use(*address)),
                Destination::Loopback(_) => prop_assert!(false, "loopback outside development"),
            }
        }
    }

    #[test]
    fn any_spelling_of_a_special_address_is_refused(
        tail in any::<[u8; 3]>(), first in proptest::sample::select(vec![0u8, 10, 127, 224, 255])
    ) {
        let [b, c, d] = tail;
        let whole = u32::from_be_bytes([first, b, c, d]);
        for host in [
            format!("{first}.{b}.{c}.{d}"),
            format!("{whole}"),
            format!("0x{whole:x}"),
            format!("0{whole:o}"),
            format!("0{first:o}.0{b:o}.0{c:o}.0{d:o}"),
            format!("0x{first:x}.{b}.0x{:x}", u16::from_be_bytes([c, d])),
            format!("[::ffff:{first}.{b}.{c}.{d}]"),
        ] {
            for kind in FetchKind::ALL {
                let found = rules().check(&format!("https://{host}/c"), kind);
                prop_assert_eq!(found, Err(UrlFault::SpecialUse), "{}", host);
            }
        }
    }
}
