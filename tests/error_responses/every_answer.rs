//! The headers of every answer, at both ports, whatever it is an answer to.

use reqwest::Method;

use crate::harness::{Answer, TestApp, TestAppOptions};

/// Q5: every answer of the public port, whatever it is an answer to.
#[tokio::test]
async fn every_answer_carries_what_every_answer_carries() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let origin = app.public_url();
    let endpoints = [
        ".well-known/oauth-authorization-server",
        ".well-known/jwks.json",
        "authorize",
        "authorize/continue",
        "login",
        "consent",
        "token",
        "register",
        "introspect",
        "revoke",
        "nothing",
    ];
    let others = [
        "/",
        "/nothing",
        "/assets/nothing.css",
        "/t/nobody/token",
        "/t/nobody/authorize",
        "/.well-known/openid-configuration",
    ];
    let urls = endpoints.iter().map(|endpoint| acme.url(endpoint));
    let urls = urls.chain(others.iter().map(|path| format!("{origin}{path}")));
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
    ];
    for url in urls {
        for method in methods {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = Answer::of(app.wire().request(method.clone(), &url)).await;
            assert_eq!(
                answer.header("x-content-type-options"),
                "nosniff",
                "{method} {url}: {answer:?}"
            );
            assert!(
                answer
                    .header("strict-transport-security")
                    .starts_with("max-age="),
                "{method} {url}"
            );
            assert_eq!(answer.header("x-request-id").len(), 12, "{method} {url}");
            assert!(
                !answer.status.is_server_error(),
                "{method} {url}: {answer:?}"
            );
            assert!(!answer.headers.contains_key("server"), "{method} {url}");
            if answer.status == 405 {
                let allow: Vec<&str> = answer.header("allow").split(", ").collect();
                assert!(
                    allow.contains(&"OPTIONS") && !allow.contains(&method.as_str()),
                    "{method} {url}: {allow:?}"
                );
            }
            if method == Method::HEAD {
                assert_eq!(answer.body, "", "{url}");
            }
            if method == Method::OPTIONS && answer.status.is_success() {
                assert!(!answer.header("allow").is_empty(), "{url}");
                assert_eq!(answer.body, "", "{url}");
            }
        }
    }
}

/// Q5: over plain http, for development, HSTS would be ignored at best.
#[tokio::test]
async fn a_development_server_promises_no_https() {
    let app = TestApp::start_with(TestAppOptions::default().at("http://localhost:9000")).await;
    let acme = app.tenant("acme").await;
    let answer = acme.metadata().await.expect_status(200);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(!answer.headers.contains_key("strict-transport-security"));
}

/// Q5: the admin port as well.
#[tokio::test]
async fn the_admin_port_carries_the_same() {
    let app = TestApp::start().await;
    for path in [
        "/livez",
        "/metrics",
        "/admin/v1/tenants",
        "/admin/v1/openapi.json",
        "/admin/docs/",
        "/nothing",
    ] {
        let answer = app.admin().get(path).await;
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{path}: {answer:?}"
        );
        assert!(
            answer
                .header("strict-transport-security")
                .starts_with("max-age="),
            "{path}"
        );
        assert_eq!(answer.header("x-request-id").len(), 12, "{path}");
        assert!(!answer.headers.contains_key("server"), "{path}");
    }
}
