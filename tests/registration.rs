//! Dynamic client registration (RFC 7591): what shipping clients send is understood, what they get back
//! they can read, and nobody gives themselves more than a stranger may have.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::{Answer, OAuthClient, TestApp, TestAppOptions, TestTenant};

/// Registers, and looks at the answer as the strictest of the SDKs would.
async fn register(tenant: &TestTenant, body: &Value) -> Value {
    let answer = tenant.register(body).await.expect_status(201);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("cache-control").contains("no-store"));
    let made = answer.json();
    for (member, value) in made.as_object().unwrap() {
        assert!(
            !value.is_null() && *value != json!(""),
            "{member} in {made}"
        );
        let is_ours = [
            "client_id",
            "client_id_issued_at",
            "client_secret",
            "client_secret_expires_at",
        ];
        // What the rules of absence settle (RFC 7591 §2): stated, since it is in force.
        let is_settled = [
            "grant_types",
            "response_types",
            "token_endpoint_auth_method",
        ];
        assert!(
            body.get(member).is_some()
                || is_ours.contains(&member.as_str())
                || is_settled.contains(&member.as_str()),
            "{member} was not asked for: {made}"
        );
    }
    assert_eq!(made["redirect_uris"], body["redirect_uris"]);
    assert_eq!(
        made.get("client_secret").is_some(),
        made.get("client_secret_expires_at").is_some()
    );
    made
}

/// The way from a registration to a refresh, with the redirect URI that the application really uses.
async fn goes_all_the_way(tenant: &TestTenant, client: &OAuthClient) {
    let browser = tenant.browser_of("alice").await;
    let tokens = client.tokens_of(&browser).await;
    assert_eq!(tokens.claims()["client_id"], client.client_id.as_str());
    client.refresh(tokens.refresh_token()).await.tokens();
}

async fn is_refused(tenant: &TestTenant, change: &Value, error: &str) {
    let mut body =
        json!({ "client_name": "A client", "redirect_uris": ["https://client.example/callback"] });
    for (member, value) in change.as_object().unwrap() {
        body[member] = value.clone();
    }
    let refused = tenant.register(&body).await;
    assert_eq!(refused.status, 400, "{change}: {refused:?}");
    refused.is_refused(400, error);
}

/// MCP13: the TypeScript SDK 1.x sends what its application wrote, and nothing more.
#[tokio::test]
async fn the_typescript_sdk_registers() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let made = register(
        &acme,
        &json!({
            "redirect_uris": ["http://localhost:8090/callback"],
            "client_name": "Simple OAuth MCP Client",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_post",
            "scope": "notes:read",
        }),
    )
    .await;
    assert_eq!(made["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(made["client_secret_expires_at"], 0);
    assert_eq!(made["scope"], "notes:read");
    goes_all_the_way(&acme, &acme.client_of(&made)).await;

    let bare = register(
        &acme,
        &json!({ "redirect_uris": ["http://localhost:8090/callback"] }),
    )
    .await;
    assert_eq!(
        bare["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(bare["token_endpoint_auth_method"], "none");
    goes_all_the_way(&acme, &acme.client_of(&bare)).await;
}

/// MCP13: the Python SDK names no method; before 1.23 it refused a `client_secret_basic` that it did not ask for.
#[tokio::test]
async fn the_python_sdk_registers() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut body = json!({
        "redirect_uris": ["http://localhost:3030/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "Simple Auth Client",
        "scope": "notes:read notes:write",
    });
    let local = register(&acme, &body).await;
    assert_eq!(local["token_endpoint_auth_method"], "none");
    assert_eq!(local.get("application_type"), None);
    goes_all_the_way(&acme, &acme.client_of(&local)).await;

    body["application_type"] = json!("native");
    assert_eq!(register(&acme, &body).await["application_type"], "native");

    body["application_type"] = json!("web");
    body["redirect_uris"] = json!(["https://agent.example/callback"]);
    let hosted = register(&acme, &body).await;
    assert_eq!(hosted.get("token_endpoint_auth_method"), None);
    goes_all_the_way(&acme, &acme.client_of(&hosted)).await;
}

/// MCP13: VS Code registers four redirect URIs and a grant that we do not have, and listens on any port.
#[tokio::test]
async fn visual_studio_code_registers() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let made = register(&acme, &json!({
        "client_name": "Visual Studio Code",
        "client_uri": "https://code.visualstudio.com",
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        "response_types": ["code"],
        "redirect_uris": [
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        "scope": "notes:read notes:write",
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    })).await;
    assert_eq!(
        made["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(made["token_endpoint_auth_method"], "none");
    let client = acme.client_of(&made);
    for redirect_uri in [
        "https://vscode.dev/redirect",
        "http://127.0.0.1:33418/",
        "http://127.0.0.1:51999/",
    ] {
        goes_all_the_way(&acme, &client.clone().with_redirect_uri(redirect_uri)).await;
    }
}

/// MCP13: Cursor's two addresses of today, and the private scheme of before where the tenant lists it.
#[tokio::test]
async fn cursor_registers() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let today = register(&acme, &json!({
        "client_name": "Cursor",
        "redirect_uris": ["http://localhost:8787/callback", "https://www.cursor.com/agents/mcp/oauth/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })).await;
    goes_all_the_way(&acme, &acme.client_of(&today)).await;

    let before = json!({
        "client_name": "Cursor",
        "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"],
        "token_endpoint_auth_method": "none",
    });
    acme.register(&before)
        .await
        .is_refused(400, "invalid_redirect_uri");
    acme.change(
        "",
        &json!({ "private_use_redirect_uris": before["redirect_uris"] }),
    )
    .await;
    goes_all_the_way(&acme, &acme.client_of(&register(&acme, &before).await)).await;
}

/// MCP13: Gemini CLI listens on a port of the moment; the name `localhost` is not the address 127.0.0.1.
#[tokio::test]
async fn gemini_cli_registers() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let made = register(
        &acme,
        &json!({
            "client_name": "Gemini CLI MCP Client",
            "redirect_uris": ["http://localhost:42137/oauth/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": "",
        }),
    )
    .await;
    assert_eq!(made.get("scope"), None);
    let client = acme.client_of(&made);
    goes_all_the_way(
        &acme,
        &client
            .clone()
            .with_redirect_uri("http://localhost:50001/oauth/callback"),
    )
    .await;
    let other_name = client.with_redirect_uri("http://127.0.0.1:42137/oauth/callback");
    other_name
        .authorization_request()
        .send()
        .await
        .is_shown(400);
}

/// MCP13: NAT asks for a secret in the body, and for all scopes there are; every 270 s anew.
#[tokio::test]
async fn the_agent_toolkit_registers() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({
        "redirect_uris": ["http://localhost:8000/auth/redirect"],
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "notes:read notes:write",
        "client_name": "NAT MCP Client",
    });
    let (first, second) = (register(&acme, &body).await, register(&acme, &body).await);
    assert_ne!(first["client_id"], second["client_id"]);
    assert_ne!(first["client_secret"], second["client_secret"]);
    let client = acme.client_of(&first);
    let browser = acme.browser_of("alice").await;
    let request = client
        .authorization_request()
        .with("scope", "notes:read notes:write");
    let code = request.walk(&browser).await.code();
    let tokens = client.redeem(&code).await.tokens();
    assert_eq!(tokens.body["scope"], "notes:read notes:write");
    goes_all_the_way(&acme, &acme.client_of(&second)).await;
}

/// MCP13: the Inspector, of 2025 and of today.
#[tokio::test]
async fn the_inspector_registers() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let of_2025 = register(
        &acme,
        &json!({
            "redirect_uris": ["http://localhost:6274/oauth/callback"],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "client_name": "MCP Inspector",
            "client_uri": "https://github.com/modelcontextprotocol/inspector",
        }),
    )
    .await;
    let client = acme.client_of(&of_2025);
    // No state and no scope.
    let request = client
        .authorization_request()
        .without("state")
        .without("scope");
    let walked = request.walk(&acme.browser_of("alice").await).await;
    assert_eq!(walked.parameter("state"), None);
    assert!(walked.parameter("code").is_some());

    let of_today = register(
        &acme,
        &json!({
            "redirect_uris": ["http://127.0.0.1:6276/oauth/callback"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
            "scope": "",
            "client_name": "MCP Inspector",
        }),
    )
    .await;
    goes_all_the_way(&acme, &acme.client_of(&of_today)).await;
}

/// MCP13: mcp-remote, with everything that it says about itself.
#[tokio::test]
async fn mcp_remote_registers() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let made = register(
        &acme,
        &json!({
            "redirect_uris": ["http://localhost:3736/oauth/callback"],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "client_name": "MCP CLI Proxy",
            "client_uri": "https://github.com/geelen/mcp-remote",
            "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
            "software_version": "0.15.1",
            "scope": "openid email profile",
        }),
    )
    .await;
    assert_eq!(made["software_version"], "0.15.1");
    assert_eq!(made["scope"], "openid email profile");
    goes_all_the_way(&acme, &acme.client_of(&made)).await;
}

/// MCP13: a gateway passes registrations on to the older path without a Content-Type.
#[tokio::test]
async fn a_registration_needs_no_content_type() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body =
        r#"{"redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"none"}"#;
    for endpoint in ["register", "clients-registrations/openid-connect"] {
        for content_type in [
            None,
            Some("application/json; charset=utf-8"),
            Some("text/plain"),
        ] {
            let mut request = app
                .wire()
                .request(Method::POST, &acme.url(endpoint))
                .body(body);
            if let Some(content_type) = content_type {
                request = request.header("content-type", content_type);
            }
            let made = Answer::of(request).await.expect_status(201).json();
            goes_all_the_way(
                &acme,
                &acme
                    .client_of(&made)
                    .with_redirect_uri("http://127.0.0.1:50001/callback"),
            )
            .await;
        }
    }
}

/// J1: switched off: a reason that a person can act on, and no endpoint in the metadata.
#[tokio::test]
async fn registration_can_be_switched_off() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({ "redirect_uris": ["http://127.0.0.1/callback"] });
    assert_eq!(
        acme.metadata().await.json()["registration_endpoint"],
        acme.url("register")
    );
    acme.register(&body).await.expect_status(201);

    acme.change("", &json!({ "registration_policy": "off" }))
        .await;
    assert_eq!(
        acme.metadata().await.json().get("registration_endpoint"),
        None
    );
    let refused = acme.register(&body).await;
    refused.is_refused(403, "access_denied");
    assert!(
        refused.text("error_description").contains("administrator"),
        "{refused:?}"
    );
    // A fault in the body is nobody's business then.
    acme.register(&json!([]))
        .await
        .is_refused(403, "access_denied");

    acme.change("", &json!({ "registration_policy": "open" }))
        .await;
    acme.register(&body).await.expect_status(201);
}

/// J3: the id is ours: no URL, plain characters, another one each time, whatever the client wished.
#[tokio::test]
async fn a_client_id_is_made_here() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let now = app.clock().unix_seconds();
    let body = json!({ "redirect_uris": ["https://client.example/callback"], "client_id": "admin", "client_name": "A" });
    let (first, second) = (register(&acme, &body).await, register(&acme, &body).await);
    assert_ne!(first["client_id"], second["client_id"]);
    for made in [first, second] {
        let (id, secret) = (
            made["client_id"].as_str().unwrap(),
            made["client_secret"].as_str().unwrap(),
        );
        let is_plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        assert!(
            is_plain(id) && is_plain(secret),
            "Basic is encoded in two ways: {made}"
        );
        assert!(id != "admin" && id.len() >= 16 && secret.len() >= 43);
        assert_eq!(made["client_id_issued_at"], now);
    }
}

/// J4: RFC 7591 §2: contradictions and secrets where none belong.
#[tokio::test]
async fn contradictory_metadata_are_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let public_key = json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y" });
    let private_key = json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "d" });
    let keys = |key: &Value| json!({ "keys": [key] });
    for change in [
        json!({ "jwks": keys(&public_key), "jwks_uri": "https://client.example/jwks" }),
        json!({ "jwks": keys(&private_key) }),
        json!({ "jwks": keys(&json!({ "kty": "oct", "k": "c2VjcmV0" })) }),
        json!({ "jwks": "keys" }),
        json!({ "token_endpoint_auth_method": "none", "client_secret": "mine" }),
        json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
        json!({ "token_endpoint_auth_method": "tls_client_auth" }),
        json!({ "token_endpoint_auth_method": "NONE" }),
        json!({ "token_endpoint_auth_method": 5 }),
        json!({ "grant_types": ["implicit", "password"] }),
        json!({ "grant_types": ["client_credentials"] }),
        json!({ "response_types": ["token"] }),
        json!({ "scope": "a\\b" }),
    ] {
        is_refused(&acme, &change, "invalid_client_metadata").await;
    }
    for change in [
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": "https://a.example" }),
        json!({ "redirect_uris": null }),
    ] {
        is_refused(&acme, &change, "invalid_redirect_uri").await;
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"redirect_uris\":[\"https://a.example/\u{fffd}",
    ] {
        let request = app
            .wire()
            .request(Method::POST, &acme.url("register"))
            .body(body);
        Answer::of(request)
            .await
            .is_refused(400, "invalid_client_metadata");
    }
}

/// J5: a public client gets no secret; a confidential one needs its secret from then on.
#[tokio::test]
async fn a_secret_is_given_to_who_asked_and_then_required() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = |method: &str| {
        json!({
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": method,
        })
    };
    let public = register(&acme, &body("none")).await;
    assert_eq!(public.get("client_secret"), None);
    goes_all_the_way(&acme, &acme.client_of(&public)).await;

    for method in ["client_secret_basic", "client_secret_post"] {
        let confidential = acme.client_of(&register(&acme, &body(method)).await);
        goes_all_the_way(&acme, &confidential).await;
        let code = confidential
            .authorize(&acme.browser_of("alice").await)
            .await
            .code();
        let without = confidential
            .clone()
            .with_authentication(crate::harness::ClientAuthentication::None);
        without
            .redeem(&code)
            .await
            .is_refused(401, "invalid_client");
    }
}

/// J6: what a client says about itself is an https URL, and nothing of it is fetched.
#[tokio::test]
async fn urls_in_the_metadata_are_https_and_never_fetched() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for member in [
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "jwks_uri",
    ] {
        for url in [
            "http://client.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "client.example",
            "https://",
            "https://a@b.example",
        ] {
            is_refused(&acme, &json!({ member: url }), "invalid_client_metadata").await;
        }
    }

    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", trap.local_addr().unwrap());
    let client = acme.client_of(
        &register(
            &acme,
            &json!({
                "redirect_uris": ["https://client.example/callback"],
                "client_uri": url, "logo_uri": url, "tos_uri": url, "policy_uri": url,
            }),
        )
        .await,
    );
    goes_all_the_way(&acme, &client).await;
    let fetched = tokio::time::timeout(Duration::ZERO, trap.accept()).await;
    assert!(fetched.is_err(), "somebody came: {fetched:?}");
}

/// J7: a name may not pretend; it stands beside the host it returns to and the mark that nobody vouches for it.
#[tokio::test]
async fn a_name_is_honest_and_shown_with_the_redirect_host() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for name in [
        "a\u{202e}b",
        "a\u{200b}b",
        "a\nb",
        "a\u{1b}[31mb",
        "a\u{feff}b",
        &"x".repeat(129),
        &"e\u{301}".repeat(129),
    ] {
        is_refused(
            &acme,
            &json!({ "client_name": name }),
            "invalid_client_metadata",
        )
        .await;
    }
    // 128 characters once the accents are composed.
    let long = "e\u{301}".repeat(128);
    let metadata =
        json!({ "redirect_uris": ["https://client.example/callback"], "client_name": long });
    let made = acme.register(&metadata).await.expect_status(201).json();
    assert_eq!(made["client_name"], "é".repeat(128));

    let metadata = json!({
        "redirect_uris": ["https://evil.example/callback"],
        "client_name": "Acme <b>Official</b>",
        "token_endpoint_auth_method": "none",
    });
    let client = acme.client_of(&register(&acme, &metadata).await);
    let browser = acme.signed_in_browser_of("alice").await;
    for _ in 0..2 {
        let consent = client.authorization_request().open(&browser).await;
        assert!(consent.is_consent());
        let html = consent.html();
        assert!(
            html.contains("Acme &#60;b&#62;Official&#60;/b&#62;")
                || html.contains("Acme &lt;b&gt;Official&lt;/b&gt;")
        );
        assert!(html.contains("evil.example"));
        assert!(
            html.to_lowercase().contains("unverified") || html.contains("Not verified"),
            "{html}"
        );
    }
}

/// J8: what only an administrator decides has nowhere to go.
#[tokio::test]
async fn privileged_members_do_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let made = acme.register(&json!({
        "redirect_uris": ["https://client.example/callback"],
        "grant_types": ["authorization_code", "client_credentials", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "notes:read admin writ:admin",
        "tenant_id": globex.slug, "tenant": globex.slug, "id": 1, "origin": "static", "is_enabled": true,
        "trusted": true, "skip_consent": true, "first_party": true, "role": "owner",
        "access_token_lifetime": 86_400, "resources": ["everything"], "client_secret": "mine",
    })).await.expect_status(201).json();
    assert_eq!(made["scope"], "notes:read");
    assert_eq!(
        made["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_ne!(made["client_secret"], "mine");
    for member in [
        "tenant_id",
        "trusted",
        "skip_consent",
        "id",
        "role",
        "access_token_lifetime",
        "resources",
    ] {
        assert_eq!(made.get(member), None, "{member}");
    }

    let client = acme.client_of(&made);
    client
        .client_credentials(None)
        .await
        .is_refused(400, "unauthorized_client");
    let consent = client
        .authorization_request()
        .open(&acme.signed_in_browser_of("alice").await)
        .await;
    assert!(consent.is_consent());
    let stored = acme
        .admin()
        .get(&acme.path(&format!("/clients/{}", client.client_id)))
        .await
        .expect_status(200)
        .json();
    assert_eq!(stored["access_token_lifetime"], Value::Null);
    globex
        .admin()
        .get(&globex.path(&format!("/clients/{}", client.client_id)))
        .await
        .expect_status(404);
}

/// J10: `web` means https; `native` means the person's device, beside which an https page may stand.
#[tokio::test]
async fn the_application_type_is_honoured() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (https, loopback) = (
        "https://client.example/callback",
        "http://127.0.0.1/callback",
    );
    for (application_type, uris, status) in [
        ("web", vec![https], 201),
        ("web", vec![loopback], 400),
        ("web", vec![https, loopback], 400),
        ("native", vec![loopback], 201),
        ("native", vec![https, loopback], 201),
    ] {
        let body = json!({ "application_type": application_type, "redirect_uris": uris });
        let answer = acme.register(&body).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        if status == 400 {
            answer.is_refused(400, "invalid_redirect_uri");
        }
    }
    is_refused(
        &acme,
        &json!({ "application_type": "desktop" }),
        "invalid_client_metadata",
    )
    .await;
}

/// J2: a registration that led to nothing is removed after a while; one with a live grant never.
#[tokio::test]
async fn a_registration_that_nobody_used_is_removed() {
    let interval = Some(Duration::from_millis(20));
    let app = TestApp::start_with(TestAppOptions {
        job_interval: interval,
        ..TestAppOptions::default()
    })
    .await;
    let acme = app.tenant("acme").await;
    let used = acme.registered_client("http://127.0.0.1/callback").await;
    let unused = acme.registered_client("http://127.0.0.1/callback").await;
    let tokens = used.tokens_of(&acme.browser_of("alice").await).await;

    app.clock().advance(Duration::from_hours(6 * 24));
    unused
        .refresh("writ_rt_garbage")
        .await
        .is_refused(400, "invalid_grant");
    app.clock().advance(Duration::from_hours(2 * 24));
    let is_removed = async { while unused.refresh("writ_rt_garbage").await.status != 401 {} };
    let patience = Duration::from_secs(30);
    let removed = tokio::time::timeout(patience, is_removed).await;
    assert!(removed.is_ok(), "the sweep did not come");
    used.refresh(tokens.refresh_token()).await.tokens();
}
