//! How much and how long: row K6.

use std::time::Duration;

use outbound::{FetchError, FetchKind, Limits};
use rcgen::CertificateParams;

use crate::site::{Answer, Event, HOST, Handshake, Site, URL, answer_of, fetch, fetch_kind};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const LIMIT: usize = 5 * 1024;

fn short() -> Limits {
    Limits {
        connect: Duration::from_millis(250),
        total: Duration::from_millis(500),
        ..Limits::default()
    }
}

/// A JSON document of exactly so many bytes.
fn document(bytes: usize) -> Vec<u8> {
    format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8)).into_bytes()
}

/// Row K6.
#[tokio::test]
async fn the_last_byte_of_the_limit_is_the_last_that_passes() {
    for kind in [FetchKind::MetadataDocument, FetchKind::Jwks] {
        for (bytes, passes) in [(kind.max_bytes(), true), (kind.max_bytes() + 1, false)] {
            let headers = "content-type: application/json\r\n";
            let site = Site::start(answer_of("200 OK", headers, &document(bytes))).await;
            let found = fetch_kind(&site.outbound(), URL, kind).await;
            assert_eq!(found.is_ok(), passes);
            assert!(passes || found == Err(FetchError::TooLarge));
        }
    }
}

/// Row K6.
#[tokio::test]
async fn an_honest_length_beyond_the_limit_is_not_read_at_all() {
    let head = format!("{HEAD}content-length: 1000000000\r\n\r\n").into_bytes();
    // Not one byte of the body ever comes: the refusal does not wait for it.
    let mut site = Site::start(Answer::Drip { head, rest: vec![] }).await;
    assert_eq!(
        fetch(&site.outbound(), URL).await,
        Err(FetchError::TooLarge)
    );
    site.request().await;
}

/// Row K6.
#[tokio::test]
async fn a_lying_length_is_cut_where_it_says_and_never_trusted() {
    // Says 10, sends a megabyte: what is read is ten bytes, which are no document.
    let mut bytes = format!("{HEAD}content-length: 10\r\n\r\n").into_bytes();
    bytes.extend(document(1_000_000));
    let site = Site::start(Answer::Bytes(bytes)).await;
    let fetched = fetch(&site.outbound(), URL).await.unwrap();
    assert_eq!(fetched.body.len(), 10);

    // Says 5000, sends 50 and hangs up: half a document is none.
    let mut bytes = format!("{HEAD}content-length: 5000\r\n\r\n").into_bytes();
    bytes.extend(document(50));
    let site = Site::start(Answer::Bytes(bytes)).await;
    assert_eq!(fetch(&site.outbound(), URL).await, Err(FetchError::Broken));

    // Says 0 with chunks: the chunks are what counts, and two lengths are none (RFC 9112 §6.3).
    let head =
        format!("{HEAD}transfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n").into_bytes();
    let piece = [b"1000\r\n".as_slice(), &document(0x1000), b"\r\n"].concat();
    let site = Site::start(Answer::Endless { head, piece }).await;
    let found = fetch(&site.outbound(), URL).await.unwrap_err();
    assert!(
        matches!(found, FetchError::TooLarge | FetchError::Broken),
        "{found:?}"
    );
}

/// Row K6.
#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    let chunked = Answer::Endless {
        head: format!("{HEAD}transfer-encoding: chunked\r\n\r\n").into_bytes(),
        piece: [b"400\r\n".as_slice(), &document(0x400), b"\r\n"].concat(),
    };
    let one_byte_chunks = Answer::Endless {
        head: format!("{HEAD}transfer-encoding: chunked\r\n\r\n").into_bytes(),
        piece: b"1\r\n \r\n".to_vec(),
    };
    let until_close = Answer::Endless {
        head: format!("{HEAD}\r\n").into_bytes(),
        piece: document(LIMIT),
    };
    for answer in [chunked, one_byte_chunks, until_close] {
        let mut site = Site::start(answer).await;
        assert_eq!(
            fetch(&site.outbound(), URL).await,
            Err(FetchError::TooLarge)
        );
        // We hang up: the site finds out while it writes.
        while !matches!(site.event().await, Event::HungUp) {}
    }
}

/// Row K6.
#[tokio::test]
async fn a_packed_body_is_refused_and_never_unpacked() {
    // Real gzip, of a body far larger than its 20-odd bytes would have been allowed to become.
    let packed =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
    for encoding in [
        "gzip",
        "br",
        "deflate",
        "zstd",
        "identity, gzip",
        "x-unknown",
        "",
    ] {
        let headers = format!("content-type: application/json\r\ncontent-encoding: {encoding}\r\n");
        let site = Site::start(answer_of("200 OK", &headers, packed)).await;
        let found = fetch(&site.outbound(), URL).await;
        assert_eq!(found, Err(FetchError::Encoding), "{encoding}");
    }
    let head = format!("{HEAD}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
    let site = Site::start(Answer::Bytes(head.into_bytes())).await;
    assert_eq!(
        fetch(&site.outbound(), URL).await,
        Err(FetchError::Encoding)
    );
    // Packed without saying so: bytes like any other, and not a text.
    let site = Site::start(answer_of(
        "200 OK",
        "content-type: application/json\r\n",
        packed,
    ))
    .await;
    assert_eq!(fetch(&site.outbound(), URL).await, Err(FetchError::NotUtf8));
    let plain = "content-type: application/json\r\ncontent-encoding: identity\r\n";
    let site = Site::start(answer_of("200 OK", plain, b"{}")).await;
    assert!(fetch(&site.outbound(), URL).await.is_ok());
}

/// Row K6.
#[tokio::test]
async fn a_slow_drip_ends_with_the_time_wherever_it_drips() {
    let slow_head = Answer::Drip {
        head: b"HTTP/1.1 200 OK\r\nx-slow: ".to_vec(),
        rest: vec![b'x'; 100_000],
    };
    let slow_body = Answer::Drip {
        head: format!("{HEAD}content-length: 5000\r\n\r\n").into_bytes(),
        rest: vec![b' '; 5_000],
    };
    let slow_chunks = Answer::Drip {
        head: format!("{HEAD}transfer-encoding: chunked\r\n\r\n").into_bytes(),
        rest: b"1\r\n \r\n".repeat(5_000),
    };
    for answer in [slow_head, slow_body, slow_chunks, Answer::Silence] {
        let site = Site::start(answer).await;
        let outbound = site.outbound_within(short());
        // Well within what the site would go on for.
        let found = tokio::time::timeout(Duration::from_secs(5), fetch(&outbound, URL)).await;
        assert_eq!(found.unwrap(), Err(FetchError::Timeout));
    }
}

/// Row K6.
#[tokio::test]
async fn a_handshake_that_never_ends_is_cut_by_the_connect_limit() {
    let params = CertificateParams::new([HOST.to_owned()]).unwrap();
    let site = Site::start_with(Answer::Silence, params, Handshake::Silent).await;
    let limits = Limits {
        connect: Duration::from_millis(100),
        total: Duration::from_hours(1),
        ..Limits::default()
    };
    let outbound = site.outbound_within(limits);
    let found = tokio::time::timeout(Duration::from_secs(30), fetch(&outbound, URL)).await;
    assert_eq!(found.unwrap(), Err(FetchError::Timeout));
}

/// Row K6.
#[tokio::test]
async fn a_head_without_an_end_is_bounded() {
    for head in ["HTTP/1.1 200 OK\r\nx-long: ", "HTTP/1.1 200 OK\r\n"] {
        let site = Site::start(Answer::Endless {
            head: head.as_bytes().to_vec(),
            piece: if head.ends_with('\n') {
                b"x-many: 1\r\n".to_vec()
            } else {
                vec![b'x'; 4_096]
            },
        })
        .await;
        assert_eq!(fetch(&site.outbound(), URL).await, Err(FetchError::Broken));
    }
}
