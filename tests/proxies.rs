//! Whose word counts about where a request came from: nobody's, until an operator names a proxy.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Answer, TestApp, TestAppOptions, TestTenant};

/// The test itself is the peer: it connects from 127.0.0.1.
async fn trusting(proxies: &str) -> TestApp {
    TestApp::start_with(TestAppOptions::default().with("WRIT_TRUSTED_PROXIES", proxies)).await
}

async fn tenants(app: &TestApp) -> (TestTenant, TestTenant) {
    let one = app.tenant_at("one", "https://one.test/t/same").await;
    let two = app.tenant_at("two", "https://two.test/t/same").await;
    (one, two)
}

/// The issuer that answers a request for `one` with these headers.
async fn issuer_for(one: &TestTenant, headers: &[(&str, &str)]) -> Option<String> {
    let url = one.url(".well-known/oauth-authorization-server");
    let request = headers.iter().fold(
        one.wire().request(Method::GET, &url),
        |request, (name, value)| request.header(*name, *value),
    );
    let answer = Answer::of(request).await;
    (answer.status == 200).then(|| answer.text("issuer"))
}

/// The address that the audit names for a registration with these headers.
async fn recorded_address(tenant: &TestTenant, headers: &[(&str, &str)]) -> String {
    let body = json!({ "redirect_uris": ["https://client.example/callback"] });
    let request = headers.iter().fold(
        tenant
            .wire()
            .request(Method::POST, &tenant.url("register"))
            .json(&body),
        |request, (name, value)| request.header(*name, *value),
    );
    let client_id = Answer::of(request)
        .await
        .expect_status(201)
        .text("client_id");
    let is_it = |event: &Value| event["target_id"] == client_id.as_str();
    let event = tenant.next_audit_event("client.registered", is_it).await;
    event["address"].as_str().unwrap().to_owned()
}

/// R3: the default list is empty: whatever a stranger writes, the connection and its Host count.
#[tokio::test]
async fn by_default_nobodys_word_counts() {
    let app = TestApp::start().await;
    let (one, _two) = tenants(&app).await;
    for forged in [
        vec![("x-forwarded-host", "two.test")],
        vec![
            ("x-forwarded-host", "two.test"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-for", "127.0.0.1"),
        ],
        vec![("forwarded", "for=127.0.0.1;host=two.test;proto=https")],
        vec![
            ("x-original-host", "two.test"),
            ("x-host", "two.test"),
            ("x-real-ip", "127.0.0.1"),
        ],
        vec![
            ("x-forwarded-uri", "/t/other"),
            ("x-original-url", "/t/other"),
            ("x-rewrite-url", "/t/other"),
        ],
        vec![
            ("x-forwarded-prefix", "/other"),
            ("x-forwarded-port", "8443"),
            ("x-http-method-override", "POST"),
        ],
    ] {
        assert_eq!(
            issuer_for(&one, &forged).await.as_ref(),
            Some(&one.issuer),
            "{forged:?}"
        );
    }
    assert_eq!(
        recorded_address(&one, &[("x-forwarded-for", "203.0.113.9")]).await,
        "127.0.0.1"
    );
}

/// R3: a list that does not name the peer is as good as none.
#[tokio::test]
async fn a_peer_that_is_not_listed_is_a_stranger() {
    let app = trusting("10.0.0.0/8, 192.0.2.1, fd00::/8").await;
    let (one, _two) = tenants(&app).await;
    assert_eq!(
        issuer_for(&one, &[("x-forwarded-host", "two.test")])
            .await
            .as_ref(),
        Some(&one.issuer)
    );
    assert_eq!(
        recorded_address(&one, &[("x-forwarded-for", "203.0.113.9")]).await,
        "127.0.0.1"
    );
}

/// R3: behind a proxy of ours the client is the one next to it, and the host the one it was asked for.
#[tokio::test]
async fn a_listed_proxy_speaks_for_the_client_next_to_it() {
    let app = trusting("127.0.0.1/32, 10.0.0.0/8").await;
    let (one, two) = tenants(&app).await;
    for headers in [
        vec![("x-forwarded-host", "two.test")],
        vec![
            ("x-forwarded-host", "TWO.test:443"),
            ("x-forwarded-proto", "https"),
        ],
        // What stands before the nearest came from farther away.
        vec![("x-forwarded-host", "one.test, two.test")],
    ] {
        assert_eq!(
            issuer_for(&one, &headers).await.as_ref(),
            Some(&two.issuer),
            "{headers:?}"
        );
    }
    assert_eq!(issuer_for(&one, &[]).await.as_ref(), Some(&one.issuer));
    assert_eq!(
        issuer_for(&one, &[("x-forwarded-host", "nobody.test")]).await,
        None
    );

    for (forwarded, address) in [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("junk", "127.0.0.1"),
    ] {
        let recorded = recorded_address(&one, &[("x-forwarded-for", forwarded)]).await;
        assert_eq!(
            recorded.trim_end_matches("/32").trim_end_matches("/128"),
            address,
            "{forwarded}"
        );
    }
}

/// R3, M6: what we say of ourselves comes from the issuer, never from a header.
#[tokio::test]
async fn no_header_changes_what_we_say_of_ourselves() {
    let app = trusting("127.0.0.1").await;
    let (one, _two) = tenants(&app).await;
    let plain = one.metadata().await.expect_status(200).body;
    for header in [
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "8080"),
        ("x-forwarded-prefix", "/evil"),
    ] {
        let url = one.url(".well-known/oauth-authorization-server");
        let answer = Answer::of(
            app.wire()
                .request(Method::GET, &url)
                .header(header.0, header.1),
        )
        .await;
        assert_eq!(answer.expect_status(200).body, plain, "{header:?}");
    }
    let login = one.public_client().await.authorization_request().url();
    let request = app
        .wire()
        .request(Method::GET, &login)
        .header("x-forwarded-proto", "http");
    let page = Answer::of(request).await.expect_status(200);
    let cookie = page.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-") && cookie.contains("; Secure"),
        "{cookie}"
    );
}

/// RFC 9112 §3.2: a request with no host, or with two, belongs to nobody.
#[tokio::test]
async fn a_request_names_exactly_one_host() {
    let app = TestApp::start().await;
    let (one, _two) = tenants(&app).await;
    let path = "/t/same/.well-known/oauth-authorization-server";
    let ask = async |hosts: &str| {
        let mut connection = TcpStream::connect(one.wire().address()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    };
    for host in ["one.test", "ONE.Test", "one.test:80"] {
        let answer = ask(&format!("Host: {host}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{host}: {answer}");
    }
    for hosts in [
        "",
        "Host: one.test\r\nHost: two.test\r\n",
        "Host: one.test/evil\r\n",
        "Host: one.test@two.test\r\n",
        "Host:\r\n",
    ] {
        let answer = ask(hosts).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{hosts:?}: {answer}");
    }
}
