//! Where a fetch may go: rows K1 to K4.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use outbound::{FetchError, FetchKind, FetchRequest, Outbound, Resolve, Resolving, UrlFault};
use rcgen::CertificateParams;

use crate::site::{
    Answer, DOCUMENT, HOST, Handshake, Names, PUBLIC, Site, URL, fetch, fetch_kind, json_answer,
    request,
};

async fn site() -> Site {
    Site::start(json_answer("", DOCUMENT)).await
}

#[tokio::test]
async fn a_document_of_a_public_host_is_fetched() {
    let mut site = site().await;
    let fetched = fetch(&site.outbound(), URL).await.unwrap();
    assert_eq!(fetched.body, DOCUMENT.as_bytes());
    assert_eq!(fetched.media_type, "application/json");
    assert_eq!(fetched.cache.stated(), None);
    let head = site.request().await;
    assert!(head.starts_with("get /client.json http/1.1\r\n"), "{head}");
    assert!(head.contains("host: app.example.com\r\n"), "{head}");
    assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
    assert!(head.contains("accept: application/json\r\n"), "{head}");
    for absent in ["cookie:", "authorization:", "referer:", "x-forwarded"] {
        assert!(!head.contains(absent), "{head}");
    }
}

/// Row K1.
#[tokio::test]
async fn a_url_that_breaks_a_rule_makes_no_connection_and_no_look_up() {
    let mut site = site().await;
    let names = Names::always(&[PUBLIC]);
    let outbound = Outbound::with_world(site.world_of(Arc::clone(&names))).unwrap();
    for (url, fault) in [
        ("http://app.example.com/client.json", UrlFault::Scheme),
        ("https://app.example.com", UrlFault::Path),
        ("https://app.example.com/", UrlFault::Path),
        ("https://app.example.com/c#f", UrlFault::Fragment),
        ("https://u:p@app.example.com/c", UrlFault::Userinfo),
        ("https://app.example.com/./c", UrlFault::DotSegment),
        ("https://app.example.com/a/../c", UrlFault::DotSegment),
        ("https://app.example.com/%2e%2e/c", UrlFault::DotSegment),
        ("https://app.example.com:5432/c", UrlFault::Port),
        ("https://localhost/c", UrlFault::Host),
    ] {
        let found = fetch(&outbound, url).await;
        assert_eq!(found, Err(FetchError::NotAllowed(fault)), "{url}");
    }
    assert_eq!(names.asked.load(Ordering::SeqCst), 0);
    site.assert_untouched().await;
}

/// Row K2.
#[tokio::test]
async fn a_name_with_a_special_use_address_is_refused_before_a_connection() {
    let mut site = site().await;
    for address in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.9.10",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.0.1",
        "192.168.1.1",
        "198.19.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.215.14",
        "fd12::1",
        "fe80::1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2001:0:4136:e378::1",
    ] {
        // Alone, and hidden among good ones (row K2: any of several records).
        for addresses in [vec![address], vec![PUBLIC, address], vec![address, PUBLIC]] {
            let outbound = Outbound::with_world(site.world(&addresses)).unwrap();
            for kind in FetchKind::ALL {
                let found = fetch_kind(&outbound, URL, kind).await;
                assert_eq!(found, Err(FetchError::SpecialUse), "{addresses:?}");
            }
        }
    }
    // The hundredth record counts like the first.
    let mut many = vec![PUBLIC; 99];
    many.push("10.0.0.1");
    let outbound = Outbound::with_world(site.world(&many)).unwrap();
    assert_eq!(fetch(&outbound, URL).await, Err(FetchError::SpecialUse));
    site.assert_untouched().await;
}

/// Row K3.
#[tokio::test]
async fn a_name_is_resolved_once_and_the_checked_address_is_used() {
    let site = site().await;
    let names = Names::in_turn(&[&[PUBLIC], &["127.0.0.1"]]);
    let mut world = site.world_of(Arc::clone(&names));
    let connected: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
    let (seen, address) = (Arc::clone(&connected), site.address);
    world.route = Arc::new(move |from| {
        seen.lock().unwrap().push(from);
        address
    });
    let outbound = Outbound::with_world(world).unwrap();
    assert!(fetch(&outbound, URL).await.is_ok());
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    let public: SocketAddr = "93.184.215.14:443".parse().unwrap();
    assert_eq!(*connected.lock().unwrap(), [public]);
    // The name has been turned round by now: the next fetch asks anew and refuses.
    assert_eq!(fetch(&outbound, URL).await, Err(FetchError::SpecialUse));
    assert_eq!(names.asked.load(Ordering::SeqCst), 2);
    assert_eq!(connected.lock().unwrap().len(), 1);
}

/// Row K3.
#[tokio::test]
async fn an_answer_from_another_address_than_the_pinned_one_is_refused() {
    let site = site().await;
    let mut world = site.world(&[PUBLIC]);
    // The system connects 0.0.0.0 to 127.0.0.1: the peer is not who was asked for.
    let elsewhere = SocketAddr::from(([0, 0, 0, 0], site.address.port()));
    world.route = Arc::new(move |_| elsewhere);
    let outbound = Outbound::with_world(world).unwrap();
    assert_eq!(fetch(&outbound, URL).await, Err(FetchError::SpecialUse));
}

/// Row K4.
#[tokio::test]
async fn a_literal_is_checked_in_every_spelling() {
    let mut site = site().await;
    let port = site.address.port();
    let mut world = site.world(&[PUBLIC]);
    // Even the port of the listener is allowed: only the check of the address is in the way.
    world.settings.allowed_ports.push(port);
    let outbound = Outbound::with_world(world).unwrap();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
    ] {
        for kind in FetchKind::ALL {
            let url = format!("https://{host}:{port}/client.json");
            let found = fetch_kind(&outbound, &url, kind).await;
            assert_eq!(found, Err(FetchError::SpecialUse), "{url}");
        }
    }
    let url = format!("https://[fe80::1%25eth0]:{port}/client.json");
    let found = fetch(&outbound, &url).await;
    assert_eq!(found, Err(FetchError::NotAllowed(UrlFault::NotAUrl)));
    site.assert_untouched().await;
}

#[tokio::test]
async fn a_certificate_must_be_for_the_host_and_from_a_known_root() {
    for names in [["other.example.com"], [PUBLIC]] {
        let params = CertificateParams::new(names.map(str::to_owned)).unwrap();
        let answer = json_answer("", DOCUMENT);
        let site = Site::start_with(answer, params, Handshake::Tls).await;
        assert_eq!(fetch(&site.outbound(), URL).await, Err(FetchError::Tls));
    }

    let mut params = CertificateParams::new([HOST.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let expired = Site::start_with(json_answer("", DOCUMENT), params, Handshake::Tls).await;
    assert_eq!(fetch(&expired.outbound(), URL).await, Err(FetchError::Tls));

    let site = site().await;
    let stranger = self::site().await;
    let mut world = site.world(&[PUBLIC]);
    world.roots = vec![stranger.root.clone()];
    let outbound = Outbound::with_world(world).unwrap();
    assert_eq!(fetch(&outbound, URL).await, Err(FetchError::Tls));
}

#[tokio::test]
async fn a_host_that_does_not_speak_tls_is_no_host() {
    let params = CertificateParams::new([HOST.to_owned()]).unwrap();
    let site = Site::start_with(json_answer("", DOCUMENT), params, Handshake::Plain).await;
    let found = fetch(&site.outbound(), URL).await.unwrap_err();
    assert!(
        matches!(found, FetchError::Tls | FetchError::Connect),
        "{found:?}"
    );
}

#[tokio::test]
async fn an_unknown_name_and_a_closed_port_are_trouble() {
    let site = site().await;
    let outbound = Outbound::with_world(site.world(&[])).unwrap();
    assert_eq!(fetch(&outbound, URL).await, Err(FetchError::Resolve));

    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let mut world = site.world(&[PUBLIC]);
    world.route = Arc::new(move |_| address);
    let outbound = Outbound::with_world(world).unwrap();
    assert_eq!(fetch(&outbound, URL).await, Err(FetchError::Connect));
}

#[tokio::test]
async fn loopback_is_reached_in_development_for_a_loopback_issuer_alone() {
    let mut site = site().await;
    let url = format!("https://localhost:{}/client.json", site.address.port());
    let mut world = site.world(&[PUBLIC]);
    let production = Outbound::with_world(world.clone()).unwrap();
    world.is_development = true;
    let development = Outbound::with_world(world).unwrap();
    let asking = |issuer_is_loopback| FetchRequest {
        issuer_is_loopback,
        ..request(&url, FetchKind::MetadataDocument)
    };
    let refused = Err(FetchError::NotAllowed(UrlFault::Host));
    assert_eq!(production.fetch(&asking(true)).await, refused);
    assert_eq!(development.fetch(&asking(false)).await, refused);
    site.assert_untouched().await;
    let fetched = development.fetch(&asking(true)).await.unwrap();
    assert_eq!(fetched.body, DOCUMENT.as_bytes());
}

#[tokio::test]
async fn plain_http_is_for_loopback_in_development() {
    let params = CertificateParams::new([HOST.to_owned()]).unwrap();
    let site = Site::start_with(json_answer("", DOCUMENT), params, Handshake::Plain).await;
    let mut world = site.world(&[PUBLIC]);
    world.is_development = true;
    let outbound = Outbound::with_world(world).unwrap();
    let url = format!("http://127.0.0.1:{}/client.json", site.address.port());
    let asking = FetchRequest {
        issuer_is_loopback: true,
        ..request(&url, FetchKind::MetadataDocument)
    };
    assert_eq!(
        outbound.fetch(&asking).await.unwrap().body,
        DOCUMENT.as_bytes()
    );
}

/// Answers like the system's resolver in a world where nothing answers.
struct Never;

impl Resolve for Never {
    fn resolve<'a>(&'a self, _host: &'a str) -> Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_name_that_is_never_resolved_ends_with_the_time() {
    let mut site = Site::start(Answer::Silence).await;
    let mut world = site.world(&[PUBLIC]);
    world.resolver = Arc::new(Never);
    world.settings.limits.total = std::time::Duration::from_millis(50);
    let outbound = Outbound::with_world(world).unwrap();
    assert_eq!(fetch(&outbound, URL).await, Err(FetchError::Timeout));
    site.assert_untouched().await;
}
