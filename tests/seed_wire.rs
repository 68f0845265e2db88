//! The wire contracts of two systems that bring an authorization server of their own, byte by byte as
//! their programs send them: one with a client entered by hand and registration refused, one that
//! registers itself, knows nothing of PKCE and speaks JSON at the token endpoint.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::harness::{Answer, Browser, Page, TestApp, TestAppOptions, TestTenant};

/// Seed C: `static-mcp-client-001`, its secret and its addresses are chosen; endpoints at the root; a
/// registration is refused with 403 and none is announced; how long a token lives is a setting, and a
/// secret is exchanged without a gap.
#[tokio::test]
async fn a_client_entered_by_hand_at_a_root_issuer() {
    let options = TestAppOptions::default().at("http://localhost:9003");
    let app = TestApp::start_with(options).await;
    let tenant = app.tenant_at("sample", "http://localhost:9003").await;
    tenant
        .change("", &json!({ "registration_policy": "off" }))
        .await;
    let secret = "static-mcp-secret-at-least-32-characters";
    let redirects = [
        "http://localhost:3031/callback",
        "http://localhost:3030/callback",
    ];
    let entered = json!({
        "client_id": "static-mcp-client-001",
        "client_secret": secret,
        "client_name": "Static MCP client",
        "redirect_uris": redirects,
        "token_endpoint_auth_method": "client_secret_post",
        "access_token_lifetime": 3600,
    });
    tenant
        .admin()
        .create(&tenant.path("/clients"), &entered)
        .await;

    let metadata = tenant.metadata().await.expect_status(200).json();
    assert_eq!(metadata["issuer"], "http://localhost:9003");
    assert_eq!(
        metadata["authorization_endpoint"],
        "http://localhost:9003/authorize"
    );
    assert_eq!(metadata["token_endpoint"], "http://localhost:9003/token");
    assert_eq!(
        metadata["introspection_endpoint"],
        "http://localhost:9003/introspect"
    );
    assert_eq!(metadata.get("registration_endpoint"), None);
    let body = json!({ "client_name": "X", "redirect_uris": redirects });
    let refused = tenant.register(&body).await;
    refused.is_refused(403, "access_denied");
    assert!(refused.text("error_description").contains("administrator"));

    let alice = tenant.browser_of("alice").await;
    for redirect_uri in redirects {
        let code = sign_in(&tenant, &alice, redirect_uri).await;
        let tokens = redeem(&tenant, &code, redirect_uri, secret).await;
        let tokens = tokens.expect_status(200).json();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 3600);
        let resource_server = tenant.resource_credential().await;
        let seen = resource_server
            .introspect(tokens["access_token"].as_str().unwrap())
            .await;
        assert_eq!(seen["client_id"], "static-mcp-client-001");
    }
    let without = sign_in_without_pkce(&tenant, &alice, redirects[0]).await;
    let query = without.location().query().unwrap_or_default().to_owned();
    assert!(query.contains("error=invalid_request"), "{query}");
}

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn sign_in(tenant: &TestTenant, browser: &Browser, redirect_uri: &str) -> String {
    let query = [
        ("response_type", "code"),
        ("client_id", "static-mcp-client-001"),
        ("redirect_uri", redirect_uri),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let url = Url::parse_with_params(&tenant.url("authorize"), query).unwrap();
    let page = browser.walk(url.as_str()).await;
    assert!(page.location().as_str().starts_with(redirect_uri));
    parameter(page.location(), "code").unwrap()
}

async fn sign_in_without_pkce(tenant: &TestTenant, browser: &Browser, redirect_uri: &str) -> Page {
    let query = [
        ("response_type", "code"),
        ("client_id", "static-mcp-client-001"),
        ("redirect_uri", redirect_uri),
    ];
    let url = Url::parse_with_params(&tenant.url("authorize"), query).unwrap();
    browser.walk(url.as_str()).await
}

async fn redeem(tenant: &TestTenant, code: &str, redirect_uri: &str, secret: &str) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("client_id", "static-mcp-client-001"),
        ("client_secret", secret),
        ("code_verifier", VERIFIER),
    ];
    tenant.wire().post_form(&tenant.url("token"), &fields).await
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// What the client of seed D has built in: a prefix, and three paths under it.
struct DemoClient<'a> {
    tenant: &'a TestTenant,
    registered: Value,
}

const DEMO_REDIRECT: &str = "http://localhost:3001/callback";

impl<'a> DemoClient<'a> {
    /// `POST {S}/register`; it wants 2xx and reads `redirect_uris[0]`.
    async fn register(tenant: &'a TestTenant) -> Self {
        let body = json!({
            "client_name": "MCP Demo Client",
            "redirect_uris": [DEMO_REDIRECT],
            "grant_types": ["authorization_code"],
            "scope": "mcp:tools",
        });
        let answer = tenant.register(&body).await.expect_status(201);
        let registered = answer.json();
        assert_eq!(registered["redirect_uris"][0], DEMO_REDIRECT);
        assert_eq!(registered["grant_types"], json!(["authorization_code"]));
        assert_eq!(registered["scope"], "mcp:tools");
        Self { tenant, registered }
    }

    fn id(&self) -> &str {
        self.registered["client_id"].as_str().unwrap()
    }

    /// `GET {S}/oauth/authorize?…`: no PKCE, no state, no resource.
    fn authorize_url(&self) -> Url {
        let query = [
            ("response_type", "code"),
            ("client_id", self.id()),
            ("redirect_uri", DEMO_REDIRECT),
            ("scope", "mcp:tools"),
        ];
        Url::parse_with_params(&self.tenant.url("oauth/authorize"), query).unwrap()
    }

    /// `POST {S}/oauth/token`, JSON, the secret in the body.
    async fn redeem(&self, code: &str) -> Answer {
        let mut body = json!({
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": DEMO_REDIRECT,
            "client_id": self.id(),
        });
        // JSON.stringify leaves out what is undefined.
        if let Some(secret) = self.registered.get("client_secret") {
            body["client_secret"] = secret.clone();
        }
        let url = self.tenant.url("oauth/token");
        let request = self.tenant.wire().request(Method::POST, &url);
        let request = request.header("content-type", "application/json");
        Answer::of(request.body(body.to_string())).await
    }
}

async fn tenant_with_tools(app: &TestApp) -> TestTenant {
    let tenant = app.tenant("acme").await;
    let path = format!("/resources/{}", tenant.resource.id);
    let scopes = json!([{ "name": "mcp:tools", "description": "Use the tools", "default": true }]);
    tenant.change(&path, &json!({ "scopes": scopes })).await;
    tenant
}

/// Seed D with both switches on: register, authorize and token go through as its program sends them.
#[tokio::test]
async fn a_client_of_before_pkce_goes_through_with_the_switches_on() {
    let options = TestAppOptions::default().at("http://localhost:9100");
    let app = TestApp::start_with(options).await;
    let tenant = tenant_with_tools(&app).await;
    let switches = json!({ "json_token_body": true, "confidential_without_pkce": true });
    tenant
        .change("", &json!({ "compatibility": switches }))
        .await;
    let client = DemoClient::register(&tenant).await;
    assert!(client.registered["client_secret"].is_string());
    assert_eq!(client.registered["client_secret_expires_at"], 0);

    let alice = tenant.browser_of("alice").await;
    let page = alice.walk(client.authorize_url().as_str()).await;
    let location = page.location();
    assert!(location.as_str().starts_with(DEMO_REDIRECT));
    assert_eq!(parameter(location, "state"), None);
    let code = parameter(location, "code").unwrap();
    let tokens = client.redeem(&code).await.expect_status(200).json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(
        tokens["expires_in"]
            .as_u64()
            .is_some_and(|seconds| seconds > 0)
    );
    assert_eq!(tokens["scope"], "mcp:tools");
    let token = tokens["access_token"].as_str().unwrap();
    assert!(tenant.resource_credential().await.accepts(token).await);
    // A code is good once, here as everywhere.
    client.redeem(&code).await.is_refused(400, "invalid_grant");
}

/// Seed D with the switches off: nothing goes through, and each answer names what is missing.
#[tokio::test]
async fn a_client_of_before_pkce_is_told_what_is_missing_with_the_switches_off() {
    let options = TestAppOptions::default().at("http://localhost:9100");
    let app = TestApp::start_with(options).await;
    let tenant = tenant_with_tools(&app).await;
    let client = DemoClient::register(&tenant).await;
    assert_eq!(client.registered.get("client_secret"), None);

    let alice = tenant.browser_of("alice").await;
    let page = alice.walk(client.authorize_url().as_str()).await;
    // Nobody vouches for it: the person sees the error first, and takes it back with a button.
    let back = page.back_link().expect("a way back");
    assert!(back.as_str().starts_with(DEMO_REDIRECT));
    assert_eq!(
        parameter(&back, "error").as_deref(),
        Some("invalid_request")
    );
    let reason = parameter(&back, "error_description").unwrap();
    assert!(reason.contains("code_challenge"), "{reason}");
    assert_eq!(parameter(&back, "iss"), Some(tenant.issuer.clone()));

    let refused = client.redeem("writ_ac_any").await;
    refused.is_refused(400, "invalid_request");
    let reason = refused.text("error_description");
    assert!(
        reason.contains("application/x-www-form-urlencoded"),
        "{reason}"
    );

    // One switch alone helps with one of the two.
    let one = json!({ "compatibility": { "json_token_body": true } });
    tenant.change("", &one).await;
    client
        .redeem("writ_ac_any")
        .await
        .is_refused(400, "invalid_grant");
}
