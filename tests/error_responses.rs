//! Every way in which a request goes wrong: its status, its code, and who is told. The tables read as the
//! specification of our errors.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{
    Answer, IssuedCode, OAuthClient, TestApp, TestAppOptions, TestTenant, Tokens,
};

/// Registered by RFC 6749, 6750, 7009, 7591 and 8707: what a client may meet at the back channel.
const REGISTERED: [&str; 14] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "invalid_token",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
    "unsupported_token_type",
];

/// Who is told of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The program that called.
    Json,
    /// The person, and nobody else.
    Page,
    /// The application, by way of the browser.
    Redirect,
}
use Place::{Json, Page, Redirect};

/// A tenant with everything that can be used wrongly.
struct Scene {
    acme: TestTenant,
    public: OAuthClient,
    confidential: OAuthClient,
    code: IssuedCode,
    tokens: Tokens,
}

impl Scene {
    async fn of(app: &TestApp) -> Self {
        let acme = app.tenant("acme").await;
        let browser = acme.browser_of("alice").await;
        let public = acme.public_client().await;
        let confidential = acme.confidential_client().await;
        let tokens = public.tokens_of(&browser).await;
        let code = public.authorize(&browser).await.code();
        Self {
            acme,
            public,
            confidential,
            code,
            tokens,
        }
    }

    fn request(&self, method: Method, endpoint: &str) -> RequestBuilder {
        self.acme.wire().request(method, &self.acme.url(endpoint))
    }

    fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, endpoint).form(fields)
    }

    /// The public client redeems its code with one thing changed.
    fn redeem(&self, name: &str, value: &str) -> RequestBuilder {
        let right = [
            ("grant_type", "authorization_code"),
            ("code", &self.code.code),
            ("code_verifier", &self.code.verifier),
            ("redirect_uri", &self.code.redirect_uri),
        ];
        let fields: Vec<_> = right
            .into_iter()
            .filter(|(field, _)| *field != name)
            .chain([(name, value)])
            .collect();
        self.public.post_request("token", &fields)
    }

    fn refresh(&self, more: &[(&str, &str)]) -> RequestBuilder {
        let right = [
            ("grant_type", "refresh_token"),
            ("refresh_token", self.tokens.refresh_token()),
        ];
        let fields: Vec<_> = right.iter().chain(more).copied().collect();
        self.public.post_request("token", &fields)
    }

    fn for_itself(&self, more: &[(&str, &str)]) -> RequestBuilder {
        let fields: Vec<_> = [("grant_type", "client_credentials")]
            .iter()
            .chain(more)
            .copied()
            .collect();
        self.confidential.post_request("token", &fields)
    }

    /// The confidential client, whom an administrator entered, asks with one thing changed and no page shown.
    fn authorize(&self, name: &str, value: &str) -> RequestBuilder {
        let request = self
            .confidential
            .authorization_request()
            .with("prompt", "none")
            .with(name, value);
        self.acme.wire().request(Method::GET, &request.url())
    }

    fn register(&self, body: &Value) -> RequestBuilder {
        self.request(Method::POST, "register").json(body)
    }
}

type Row<'a> = (&'a str, RequestBuilder, u16, &'a str, Place);

async fn holds(rows: Vec<Row<'_>>) {
    for (situation, request, status, code, place) in rows {
        let answer = Answer::of(request).await;
        assert_eq!(answer.status.as_u16(), status, "{situation}: {answer:?}");
        match place {
            Json => {
                is_told_to_a_program(&answer);
                assert_eq!(answer.json()["error"], code, "{situation}: {answer:?}");
            }
            Page => {
                answer.is_shown(status);
                assert!(
                    answer.header("cache-control").contains("no-store"),
                    "{situation}"
                );
                assert!(
                    answer.body.contains(answer.header("x-request-id")),
                    "{situation}: it has its reference"
                );
                assert!(
                    code.is_empty() || answer.body.contains(code),
                    "{situation}: {answer:?}"
                );
            }
            Redirect => {
                let location = answer.location();
                let told = |name: &str| {
                    let mut pairs = location.query_pairs();
                    pairs
                        .find(|(parameter, _)| parameter == name)
                        .map(|(_, value)| value.into_owned())
                };
                assert_eq!(
                    told("error").as_deref(),
                    Some(code),
                    "{situation}: {location}"
                );
                assert!(
                    told("iss").is_some() && told("code").is_none(),
                    "{situation}: {location}"
                );
                assert!(
                    told("error_description").is_some_and(|text| is_description(&text)),
                    "{situation}: {location}"
                );
            }
        }
        says_nothing_of_the_inside(&answer, situation);
    }
}

/// Q1: RFC 6749 §5.2: JSON that nobody stores, a registered code, a description of allowed characters, and
/// the reference that the log has.
#[track_caller]
fn is_told_to_a_program(answer: &Answer) {
    assert_eq!(
        answer.header("content-type"),
        "application/json",
        "{answer:?}"
    );
    assert!(
        answer.header("cache-control").contains("no-store"),
        "{answer:?}"
    );
    let body = answer.json();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["error", "error_description", "error_id"],
        "{answer:?}"
    );
    assert!(
        REGISTERED.contains(&body["error"].as_str().unwrap()),
        "{answer:?}"
    );
    assert!(
        is_description(body["error_description"].as_str().unwrap()),
        "{answer:?}"
    );
    assert_eq!(body["error_id"], answer.header("x-request-id"));
    // RFC 9110 §15.5.2, §15.5.6: what these two statuses must come with.
    assert_eq!(
        answer.status == 401,
        answer.headers.contains_key("www-authenticate"),
        "{answer:?}"
    );
    assert_eq!(
        answer.status == 405,
        answer.headers.contains_key("allow"),
        "{answer:?}"
    );
    let is_for_later = [429, 503].contains(&answer.status.as_u16());
    assert_eq!(
        is_for_later,
        answer.headers.contains_key("retry-after"),
        "{answer:?}"
    );
}

fn is_description(text: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.bytes().all(is_allowed)
}

/// Q2: no SQL, no path, no version, no stack.
#[track_caller]
fn says_nothing_of_the_inside(answer: &Answer, situation: &str) {
    let body = answer.body.to_lowercase();
    for word in [
        "sqlx",
        "select ",
        "insert ",
        "postgres",
        "panicked",
        ".rs",
        "src/",
        "serde",
        "actix",
        "backtrace",
    ] {
        assert!(!body.contains(word), "{situation}: {word} in {answer:?}");
    }
    for header in ["server", "x-powered-by", "via"] {
        assert!(
            !answer.headers.contains_key(header),
            "{situation}: {answer:?}"
        );
    }
}

/// Q1: the token endpoint.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn at_the_token_endpoint() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let public_id = scene.public.client_id.as_str();
    let refresh = |client: &'static str| {
        [
            ("grant_type", "refresh_token"),
            ("refresh_token", "x"),
            ("client_id", client),
        ]
    };
    let own = [("grant_type", "client_credentials")];
    let bad_basic = |value: &str| {
        scene
            .post("token", &own)
            .header("authorization", value.to_owned())
    };
    holds(vec![
        (
            "no client",
            scene.post("token", &own),
            401,
            "invalid_client",
            Json,
        ),
        (
            "an unknown client",
            scene.post("token", &refresh("nobody")),
            401,
            "invalid_client",
            Json,
        ),
        (
            "a malformed client_id",
            scene.post("token", &refresh("no\nbody")),
            401,
            "invalid_client",
            Json,
        ),
        (
            "Basic that is none",
            bad_basic("Basic !"),
            401,
            "invalid_client",
            Json,
        ),
        (
            "a bearer token",
            bad_basic("Bearer x"),
            401,
            "invalid_client",
            Json,
        ),
        (
            "an assertion",
            scene.post("token", &[("client_assertion", "x")]),
            401,
            "invalid_client",
            Json,
        ),
        (
            "two credentials",
            scene.for_itself(&[("client_secret", "x")]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "two clients",
            scene.for_itself(&[("client_id", "x")]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "no grant type",
            scene.public.post_request("token", &[]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "a repeated grant type",
            scene.refresh(&[("grant_type", "x")]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "an unknown grant type",
            scene.redeem("grant_type", "password"),
            400,
            "unsupported_grant_type",
            Json,
        ),
        (
            "a grant it was not registered for",
            scene.public.post_request("token", &own),
            400,
            "unauthorized_client",
            Json,
        ),
        (
            "no code",
            scene.redeem("code", ""),
            400,
            "invalid_request",
            Json,
        ),
        (
            "an unknown code",
            scene.redeem("code", "writ_ac_x"),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "a wrong verifier",
            scene.redeem("code_verifier", &"x".repeat(43)),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "no verifier",
            scene.redeem("code_verifier", ""),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "another redirect URI",
            scene.redeem("redirect_uri", "http://127.0.0.1/other"),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "an unknown refresh token",
            scene.public.post_request("token", &refresh("x")[..2]),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "more scope than granted",
            scene.refresh(&[("scope", "notes:write")]),
            400,
            "invalid_scope",
            Json,
        ),
        (
            "a malformed scope",
            scene.refresh(&[("scope", "a\"b")]),
            400,
            "invalid_scope",
            Json,
        ),
        (
            "another resource",
            scene.refresh(&[("resource", "https://other.example")]),
            400,
            "invalid_target",
            Json,
        ),
        (
            "an unknown resource",
            scene.for_itself(&[("resource", "https://other.example")]),
            400,
            "invalid_target",
            Json,
        ),
        (
            "a relative resource",
            scene.for_itself(&[("resource", "mcp")]),
            400,
            "invalid_target",
            Json,
        ),
        (
            "a scope that nobody has",
            scene.for_itself(&[("scope", "nothing:here")]),
            400,
            "invalid_scope",
            Json,
        ),
        (
            "another method",
            scene.request(Method::GET, "token"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "no content type",
            scene.request(Method::POST, "token").body("a=b"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "JSON",
            scene
                .request(Method::POST, "token")
                .json(&json!({ "client_id": public_id })),
            400,
            "invalid_request",
            Json,
        ),
        (
            "bad UTF-8",
            raw_form(&scene, "token", "client_id=%ff"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "a NUL",
            raw_form(&scene, "token", "client_id=a%00b"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "too much",
            raw_form(&scene, "token", &"x".repeat(70_000)),
            413,
            "invalid_request",
            Json,
        ),
    ])
    .await;
    // Nothing of that spent anything.
    scene.public.redeem(&scene.code).await.tokens();
    scene
        .public
        .refresh(scene.tokens.refresh_token())
        .await
        .tokens();
}

fn raw_form(scene: &Scene, endpoint: &str, body: &str) -> RequestBuilder {
    let request = scene
        .request(Method::POST, endpoint)
        .header("content-type", "application/x-www-form-urlencoded");
    request.body(body.to_owned())
}

/// Q1: the other endpoints that programs call, and what is none.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn at_the_other_back_channel_endpoints() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let (public, confidential) = (&scene.public, &scene.confidential);
    let uri = |uri: &str| json!({ "redirect_uris": [uri] });
    let named =
        |name: &str| json!({ "redirect_uris": ["https://a.example/b"], "client_name": name });
    let elsewhere = |path: &str| {
        app.wire()
            .request(Method::GET, &format!("{}{path}", app.public_url()))
    };
    holds(vec![
        (
            "introspecting without a credential",
            scene.post("introspect", &[("token", "x")]),
            401,
            "invalid_client",
            Json,
        ),
        (
            "introspecting as a client",
            confidential.post_request("introspect", &[("token", "x")]),
            401,
            "invalid_client",
            Json,
        ),
        (
            "introspecting by GET",
            scene.request(Method::GET, "introspect"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "introspecting JSON",
            scene.request(Method::POST, "introspect").json(&json!({})),
            400,
            "invalid_request",
            Json,
        ),
        (
            "introspecting bad UTF-8",
            raw_form(&scene, "introspect", "token=%ff"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "revoking as nobody",
            scene.post("revoke", &[("token", "x")]),
            401,
            "invalid_client",
            Json,
        ),
        (
            "revoking nothing",
            public.post_request("revoke", &[]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "revoking two",
            public.post_request("revoke", &[("token", "x"), ("token", "y")]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "revoking by GET",
            scene.request(Method::GET, "revoke"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "revoking bad UTF-8",
            raw_form(&scene, "revoke", "token=%ff"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "registering nothing",
            scene.register(&json!(null)),
            400,
            "invalid_client_metadata",
            Json,
        ),
        (
            "registering bad UTF-8",
            raw_form(&scene, "register", "\u{fffd}"),
            400,
            "invalid_client_metadata",
            Json,
        ),
        (
            "registering no redirect URI",
            scene.register(&json!({})),
            400,
            "invalid_redirect_uri",
            Json,
        ),
        (
            "registering http",
            scene.register(&uri("http://a.example")),
            400,
            "invalid_redirect_uri",
            Json,
        ),
        (
            "registering a script",
            scene.register(&uri("javascript:alert(\"x\")")),
            400,
            "invalid_redirect_uri",
            Json,
        ),
        (
            "registering a false name",
            scene.register(&named("a\u{202e}")),
            400,
            "invalid_client_metadata",
            Json,
        ),
        (
            "registering by GET",
            scene.request(Method::GET, "register"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "registering by PUT",
            scene.request(Method::PUT, "register"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "metadata by POST",
            scene.request(Method::POST, ".well-known/openid-configuration"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "keys by DELETE",
            scene.request(Method::DELETE, ".well-known/jwks.json"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "an unknown endpoint",
            scene.request(Method::GET, "nothing"),
            404,
            "invalid_request",
            Json,
        ),
        (
            "an unknown tenant",
            elsewhere("/t/nobody/token"),
            404,
            "invalid_request",
            Json,
        ),
        (
            "an unknown path",
            elsewhere("/nothing"),
            404,
            "invalid_request",
            Json,
        ),
        (
            "a large header",
            scene
                .request(Method::GET, "token")
                .header("x", "y".repeat(17_000)),
            400,
            "invalid_request",
            Json,
        ),
    ])
    .await;

    scene
        .acme
        .change("", &json!({ "registration_policy": "off" }))
        .await;
    let off = (
        "registering where it is off",
        scene.register(&uri("https://a.example")),
        403,
        "access_denied",
        Json,
    );
    holds(vec![off]).await;
}

/// Q1, A1, A2, A3: the authorization endpoint and the pages of a sign-in.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn at_the_authorization_endpoint() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let url = scene.confidential.authorization_request();
    let get = |url: &str| scene.acme.wire().request(Method::GET, url);
    let nobody = get(&url.clone().with("client_id", "nobody").url());
    let nobody_in_json =
        get(&url.clone().with("client_id", "nobody").url()).header("accept", "application/json");
    let elsewhere = format!("{}/t/nobody/authorize?client_id=x", app.public_url());
    holds(vec![
        (
            "no client",
            get(&url.clone().without("client_id").url()),
            400,
            "",
            Page,
        ),
        ("an unknown client", nobody, 400, "", Page),
        (
            "an unknown client, to a program",
            nobody_in_json,
            400,
            "invalid_client",
            Json,
        ),
        (
            "two clients",
            get(&url.clone().and("client_id", "x").url()),
            400,
            "",
            Page,
        ),
        (
            "an unknown redirect URI",
            scene.authorize("redirect_uri", "https://evil.example"),
            400,
            "",
            Page,
        ),
        (
            "two redirect URIs",
            get(&url.clone().and("redirect_uri", "x").url()),
            400,
            "",
            Page,
        ),
        (
            "bad UTF-8",
            get(&format!("{}&x=%ff", url.url())),
            400,
            "",
            Page,
        ),
        ("an unknown tenant", get(&elsewhere), 404, "", Page),
        (
            "another method",
            scene.request(Method::DELETE, "authorize"),
            405,
            "",
            Page,
        ),
        (
            "a post that is no form",
            scene.request(Method::POST, "authorize").json(&json!({})),
            400,
            "",
            Page,
        ),
        (
            "an unknown pending",
            scene.request(Method::GET, "authorize/continue?pending=x"),
            400,
            "",
            Page,
        ),
        (
            "no pending",
            scene.request(Method::GET, "authorize/continue"),
            400,
            "",
            Page,
        ),
        (
            "a login without a form",
            scene.request(Method::GET, "login"),
            400,
            "",
            Page,
        ),
        (
            "a consent without a form",
            scene.request(Method::GET, "consent"),
            400,
            "",
            Page,
        ),
        (
            "nobody signed in",
            scene.authorize("state", "x"),
            303,
            "login_required",
            Redirect,
        ),
        (
            "another response type",
            scene.authorize("response_type", "token"),
            303,
            "unsupported_response_type",
            Redirect,
        ),
        (
            "no response type",
            scene.authorize("response_type", ""),
            303,
            "invalid_request",
            Redirect,
        ),
        (
            "no challenge",
            scene.authorize("code_challenge", ""),
            303,
            "invalid_request",
            Redirect,
        ),
        (
            "a plain challenge",
            scene.authorize("code_challenge_method", "plain"),
            303,
            "invalid_request",
            Redirect,
        ),
        (
            "a scope that nobody has",
            scene.authorize("scope", "nothing:here"),
            303,
            "invalid_scope",
            Redirect,
        ),
        (
            "an unknown resource",
            scene.authorize("resource", "https://other.example"),
            303,
            "invalid_target",
            Redirect,
        ),
        (
            "a request object",
            scene.authorize("request", "x.y.z"),
            303,
            "request_not_supported",
            Redirect,
        ),
        (
            "a request by reference",
            scene.authorize("request_uri", "https://a.example"),
            303,
            "request_uri_not_supported",
            Redirect,
        ),
    ])
    .await;
}

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
