//! Which endpoints a script of another origin may call, and that it never brings credentials along.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::{Answer, TestApp, TestTenant};

const ORIGIN: &str = "http://localhost:6274";

/// The endpoints of a tenant with their own method: those for scripts, then the others.
const FOR_SCRIPTS: [(&str, Method); 21] = [
    (".well-known/oauth-authorization-server", Method::GET),
    (".well-known/openid-configuration", Method::GET),
    (".well-known/jwks.json", Method::GET),
    (".well-known/jwks/any", Method::GET),
    (".well-known/resource-metadata/any", Method::GET),
    ("token", Method::POST),
    ("register", Method::POST),
    ("register/c_any", Method::GET),
    ("register/c_any", Method::PUT),
    ("register/c_any", Method::DELETE),
    ("clients-registrations/openid-connect/c_any", Method::PUT),
    ("revoke", Method::POST),
    ("par", Method::POST),
    ("device_authorization", Method::POST),
    ("userinfo", Method::GET),
    ("userinfo", Method::POST),
    ("protocol/openid-connect/userinfo", Method::GET),
    ("oauth/token", Method::POST),
    ("protocol/openid-connect/token", Method::POST),
    ("protocol/openid-connect/certs", Method::GET),
    ("clients-registrations/openid-connect", Method::POST),
];
const NOT_FOR_SCRIPTS: [(&str, Method); 9] = [
    ("authorize", Method::GET),
    ("authorize/continue", Method::GET),
    ("login", Method::GET),
    ("consent", Method::POST),
    ("device", Method::GET),
    ("logout", Method::GET),
    ("logout", Method::POST),
    ("introspect", Method::POST),
    ("protocol/openid-connect/auth", Method::GET),
];

fn from_another_origin(tenant: &TestTenant, method: Method, endpoint: &str) -> RequestBuilder {
    tenant
        .wire()
        .request(method, &tenant.url(endpoint))
        .header("origin", ORIGIN)
}

async fn preflight(tenant: &TestTenant, method: &Method, endpoint: &str) -> Answer {
    let request = from_another_origin(tenant, Method::OPTIONS, endpoint)
        .header("access-control-request-method", method.as_str())
        .header(
            "access-control-request-headers",
            "content-type,mcp-protocol-version",
        );
    Answer::of(request).await
}

fn cors_headers(answer: &Answer) -> Vec<&str> {
    let names = answer
        .headers
        .keys()
        .map(reqwest::header::HeaderName::as_str);
    names
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

/// Q4: `*` and never with credentials, so that no cookie and no session is in play.
#[tokio::test]
async fn scripts_of_any_origin_may_call_the_back_channel() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for (endpoint, method) in FOR_SCRIPTS {
        let asked = preflight(&acme, &method, endpoint).await.expect_status(204);
        assert_eq!(
            asked.header("access-control-allow-origin"),
            "*",
            "{endpoint}"
        );
        let methods = asked.header("access-control-allow-methods");
        assert!(
            methods
                .split(", ")
                .any(|allowed| allowed == method.as_str()),
            "{endpoint}: {methods}"
        );
        let headers = asked.header("access-control-allow-headers").to_lowercase();
        for header in [
            "content-type",
            "authorization",
            "mcp-protocol-version",
            "dpop",
        ] {
            assert!(
                headers.split(", ").any(|allowed| allowed == header),
                "{endpoint}: {headers}"
            );
        }

        let answered = Answer::of(from_another_origin(&acme, method, endpoint)).await;
        assert_eq!(
            answered.header("access-control-allow-origin"),
            "*",
            "{endpoint}: {answered:?}"
        );
        let exposed = answered.header("access-control-expose-headers");
        assert!(
            exposed.contains("WWW-Authenticate") && exposed.contains("DPoP-Nonce"),
            "{endpoint}: {exposed}"
        );
        for answer in [asked, answered] {
            assert!(
                !answer
                    .headers
                    .contains_key("access-control-allow-credentials"),
                "{endpoint}"
            );
        }
    }
}

/// Q4, A9: where a person signs in, and where resource servers ask, no script of another origin reads anything.
#[tokio::test]
async fn pages_and_introspection_speak_no_cors() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for (endpoint, method) in NOT_FOR_SCRIPTS {
        let asked = preflight(&acme, &method, endpoint).await;
        assert_eq!(cors_headers(&asked), [""; 0], "{endpoint}");
        let answered = Answer::of(from_another_origin(&acme, method, endpoint)).await;
        assert_eq!(cors_headers(&answered), [""; 0], "{endpoint}");
    }
    let admin = app.admin();
    let request = admin
        .wire()
        .request(Method::OPTIONS, &admin.url("/admin/v1/tenants"))
        .header("origin", ORIGIN);
    let asked = Answer::of(request.header("access-control-request-method", "GET")).await;
    assert_eq!(cors_headers(&asked), [""; 0]);
    let request = admin
        .wire()
        .request(Method::GET, &admin.url("/readyz"))
        .header("origin", ORIGIN);
    assert_eq!(cors_headers(&Answer::of(request).await), [""; 0]);
}

/// Q4: an error that a script cannot read looks to it like a server that is not there.
#[tokio::test]
async fn errors_are_readable_for_scripts_too() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "nobody"),
    ];
    let mut nobody = app.tenant("nobody").await;
    nobody.issuer = nobody.issuer.replace("nobody", "nowhere");

    let token =
        |tenant: &TestTenant| from_another_origin(tenant, Method::POST, "token").form(&form);
    let refused = [
        (401, token(&acme)),
        (
            400,
            from_another_origin(&acme, Method::POST, "register").json(&json!({})),
        ),
        (405, from_another_origin(&acme, Method::GET, "token")),
        (
            413,
            from_another_origin(&acme, Method::POST, "revoke")
                .form(&[("token", "x".repeat(70_000))]),
        ),
        (404, token(&nobody)),
        (
            404,
            from_another_origin(
                &nobody,
                Method::GET,
                ".well-known/oauth-authorization-server",
            ),
        ),
        // A browser that is refused its question never asks the thing itself.
        (
            204,
            from_another_origin(
                &nobody,
                Method::OPTIONS,
                ".well-known/oauth-authorization-server",
            )
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "mcp-protocol-version"),
        ),
    ];
    for (status, request) in refused {
        let answer = Answer::of(request).await.expect_status(status);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "*",
            "{answer:?}"
        );
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials")
        );
    }
}

/// Q4: the whole sign-in as an Inspector in a browser does it: each call with its Origin.
#[tokio::test]
async fn an_application_in_a_browser_gets_its_tokens() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let metadata = json!({ "redirect_uris": ["http://localhost:6274/oauth/callback"], "token_endpoint_auth_method": "none" });
    let made =
        Answer::of(from_another_origin(&acme, Method::POST, "register").json(&metadata)).await;
    assert_eq!(made.header("access-control-allow-origin"), "*");
    let client = acme.client_of(&made.expect_status(201).json());
    let code = client.code_from(&acme.browser_of("alice").await).await;
    let redeeming = client.post_request(
        "token",
        &[
            ("grant_type", "authorization_code"),
            ("code", &code.code),
            ("code_verifier", &code.verifier),
            ("redirect_uri", &code.redirect_uri),
        ],
    );
    let redeemed = Answer::of(redeeming.header("origin", ORIGIN)).await;
    redeemed.tokens();
    assert_eq!(redeemed.header("access-control-allow-origin"), "*");
}
