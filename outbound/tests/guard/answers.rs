//! What counts as an answer: rows K5, K7, K11 and K14, and what the host says about keeping it.

use std::time::Duration;

use outbound::{FetchError, FetchKind, Limits};

use crate::site::{Answer, DOCUMENT, Event, Site, URL, answer_of, fetch, fetch_kind, json_answer};

const JSON: &str = "content-type: application/json\r\n";

async fn found(answer: Answer) -> Result<Vec<u8>, FetchError> {
    let site = Site::start(answer).await;
    fetch(&site.outbound(), URL).await.map(|found| found.body)
}

/// Row K5.
#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    for (status, code) in [
        ("300 Multiple Choices", 300),
        ("301 Moved Permanently", 301),
        ("302 Found", 302),
        ("303 See Other", 303),
        ("304 Not Modified", 304),
        ("307 Temporary Redirect", 307),
        ("308 Permanent Redirect", 308),
    ] {
        let headers = format!("{JSON}location: https://app.example.com/elsewhere.json\r\n");
        let mut site = Site::start(answer_of(status, &headers, DOCUMENT.as_bytes())).await;
        let found = fetch(&site.outbound(), URL).await;
        assert_eq!(found, Err(FetchError::Redirect(code)));
        assert!(matches!(site.event().await, Event::Accepted(_)));
        assert!(matches!(site.event().await, Event::Request(_)));
        site.assert_untouched().await;
    }
}

/// Rows K5, K11: the answer shows in no text.
#[tokio::test]
async fn any_status_but_200_is_a_failure() {
    for (status, code) in [
        ("201 Created", 201),
        ("203 Non-Authoritative Information", 203),
        ("206 Partial Content", 206),
        ("400 Bad Request", 400),
        ("401 Unauthorized", 401),
        ("403 Forbidden", 403),
        ("404 Not Found", 404),
        ("410 Gone", 410),
        ("429 Too Many Requests", 429),
        ("500 Internal Server Error", 500),
        ("503 Service Unavailable", 503),
    ] {
        let error = found(answer_of(status, JSON, DOCUMENT.as_bytes())).await;
        assert_eq!(error, Err(FetchError::Status(code)));
        // Row K11: nothing of the answer is in what a person could be shown.
        assert_eq!(
            error.unwrap_err().to_string(),
            "the document could not be fetched"
        );
    }
    let nothing = Answer::Bytes(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec());
    assert_eq!(found(nothing).await, Err(FetchError::Status(204)));
}

/// Row K7.
#[tokio::test]
async fn a_document_is_json_by_its_type_and_utf8_by_its_bytes() {
    for value in [
        "application/json",
        "application/json; charset=utf-8",
        "application/jwk-set+json",
        "application/oauth-client+json",
    ] {
        let headers = format!("content-type: {value}\r\n");
        let answer = answer_of("200 OK", &headers, DOCUMENT.as_bytes());
        assert_eq!(found(answer).await.as_deref(), Ok(DOCUMENT.as_bytes()));
    }
    for headers in [
        "",
        "content-type: text/html\r\n",
        "content-type: text/plain; charset=utf-8\r\n",
        "content-type: application/json; charset=iso-8859-1\r\n",
        "content-type: application/json\r\ncontent-type: text/html\r\n",
        "content-type: application/octet-stream\r\n",
    ] {
        let answer = answer_of("200 OK", headers, DOCUMENT.as_bytes());
        assert_eq!(found(answer).await, Err(FetchError::MediaType), "{headers}");
    }
    let answer = answer_of("200 OK", JSON, b"{\"client_name\":\"\xc3\x28\"}");
    assert_eq!(found(answer).await, Err(FetchError::NotUtf8));
}

/// Row K14.
#[tokio::test]
async fn a_logo_is_a_picture_and_never_svg() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>".as_slice();
    for (media_type, body, expected) in [
        ("image/png", png, Ok(png.to_vec())),
        ("image/svg+xml", svg, Err(FetchError::MediaType)),
        ("image/png", svg, Err(FetchError::MediaType)),
        ("text/html", png, Err(FetchError::MediaType)),
        ("application/json", b"{}", Err(FetchError::MediaType)),
    ] {
        let headers = format!("content-type: {media_type}\r\n");
        let site = Site::start(answer_of("200 OK", &headers, body)).await;
        let found = fetch_kind(&site.outbound(), URL, FetchKind::Logo).await;
        assert_eq!(found.map(|found| found.body), expected, "{media_type}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    for garbage in [
        b"SSH-2.0-OpenSSH_9.9\r\n".as_slice(),
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}",
    ] {
        let found = found(Answer::Bytes(garbage.to_vec())).await;
        assert_eq!(found, Err(FetchError::Broken));
    }
}

#[tokio::test]
async fn cookies_are_not_kept_and_connections_not_reused() {
    let mut site = Site::start(json_answer("set-cookie: a=b; Path=/\r\n", DOCUMENT)).await;
    let outbound = site.outbound();
    for _ in 0..2 {
        assert!(fetch(&outbound, URL).await.is_ok());
        assert!(matches!(site.event().await, Event::Accepted(_)));
        assert!(!site.request().await.contains("cookie"));
    }
}

#[tokio::test]
async fn what_the_host_says_about_keeping_comes_with_the_body() {
    for (headers, expected) in [
        ("", None),
        ("cache-control: max-age=600\r\nage: 60\r\n", Some(540)),
        ("cache-control: no-store\r\n", Some(0)),
        ("cache-control: max-age=0\r\n", Some(0)),
        ("cache-control: max-age=1000000000\r\n", Some(1_000_000_000)),
    ] {
        let site = Site::start(json_answer(headers, DOCUMENT)).await;
        let fetched = fetch(&site.outbound(), URL).await.unwrap();
        let expected = expected.map(Duration::from_secs);
        assert_eq!(fetched.cache.stated(), expected, "{headers}");
    }
}

/// A proxy named in the environment would see and steer every fetch. The variable must be there when
/// the process begins, so this test runs another one of itself.
#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "destinations::a_document_of_a_public_host_is_fetched",
        ])
        .envs(
            ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
                .map(|name| (name, address.as_str())),
        )
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed"), "{text}");
    assert!(proxy.accept().is_err(), "the proxy was asked");
}

#[test]
fn the_limits_are_the_promised_ones() {
    let limits = Limits::default();
    assert_eq!(limits.connect, Duration::from_secs(1));
    assert_eq!(limits.total, Duration::from_secs(3));
    assert_eq!(FetchKind::MetadataDocument.max_bytes(), 5_120);
    assert_eq!(FetchKind::Jwks.max_bytes(), 65_536);
    assert_eq!(FetchKind::Logo.max_bytes(), 262_144);
}
