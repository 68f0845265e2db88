//! What the MCP clients that people use today send, word for word, and that it takes them to a refresh.

use reqwest::Method;
use serde_json::json;

use super::{goes_all_the_way, register};
use crate::harness::{Answer, TestApp};

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
