//! People who sign in for this API: by code and PKCE or from a device, at the system tenant's issuer and no other.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{id_of, is_problem, key_for};
use crate::harness::{
    ADMIN_URL, AdminApi, Answer, Decision, DpopSigner, TestApp, TestAppOptions, TestTenant, Tokens,
    within_a_second,
};

const TENANTS: &str = "/admin/v1/tenants";

/// A system tenant in which `alice` administers the platform.
async fn with_an_administrator() -> (TestApp, TestTenant) {
    let app = TestApp::start_with_administrators().await;
    let system = app.system_tenant();
    let alice = system.user("alice").await.id;
    let body = json!({ "user_id": alice, "role": "administrator" });
    app.admin().create("/admin/v1/memberships", &body).await;
    (app, system)
}

async fn tokens_of(system: &TestTenant, scope: &str) -> Tokens {
    let browser = system.browser_of("alice").await;
    system.writ_cli().tokens_for(&browser, scope).await
}

fn api_with(app: &TestApp, token: &str) -> AdminApi {
    app.admin().with_key(token)
}

/// The whole way of a client that was told nothing but this API's address.
#[tokio::test]
async fn a_client_finds_where_to_sign_in() {
    let (app, system) = with_an_administrator().await;
    let wire = app.admin().wire();
    let refused = wire.get(&app.admin().url(TENANTS)).await;
    is_problem(&refused, 401, "unauthorized");
    let metadata_url = format!("{ADMIN_URL}/.well-known/oauth-protected-resource");
    let challenge = refused.header("www-authenticate");
    // RFC 9728 §5.1.
    assert!(
        challenge.contains(&format!("resource_metadata=\"{metadata_url}\"")),
        "{challenge}"
    );
    let path = "/.well-known/oauth-protected-resource";
    let metadata = wire
        .get(&app.admin().url(path))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        metadata,
        json!({
            "resource": ADMIN_URL,
            "authorization_servers": [system.issuer],
            "scopes_supported": ["admin:read", "admin:write"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Admin API",
        })
    );
    let issuer = system.metadata().await.expect_status(200).json();
    assert_eq!(issuer["issuer"], system.issuer.as_str());
    assert!(issuer.get("registration_endpoint").is_none(), "{issuer}");
    let tokens = tokens_of(&system, "admin:read").await;
    assert_eq!(tokens.claims()["aud"], ADMIN_URL);
    api_with(&app, &tokens.access_token)
        .get(TENANTS)
        .await
        .expect_status(200);
}

/// What every call was made with is counted: a bootstrap key in daily use is seen, and so is somebody who guesses.
#[tokio::test]
async fn callers_are_counted_by_what_they_came_with() {
    let (app, system) = with_an_administrator().await;
    let (key, _) = key_for(&app, None, "read").await;
    let tokens = tokens_of(&system, "admin:read").await;
    let counted = async |by: &str| {
        let name = format!("writ_admin_calls_total{{by=\"{by}\"}}");
        app.metric(&name).await.unwrap_or(0)
    };
    let kinds = ["bootstrap_key", "admin_key", "administrator", "nobody"];
    let mut before = Vec::new();
    for by in kinds {
        before.push(counted(by).await);
    }
    app.admin().get(TENANTS).await.expect_status(200);
    key.get(TENANTS).await.expect_status(200);
    let person = api_with(&app, &tokens.access_token);
    person.get(TENANTS).await.expect_status(200);
    api_with(&app, "guessed")
        .get(TENANTS)
        .await
        .expect_status(401);
    for (by, before) in kinds.into_iter().zip(before) {
        assert_eq!(counted(by).await, before + 1, "{by}");
    }
}

/// RFC 8628: `writ login` where there is no browser.
#[tokio::test]
async fn a_person_signs_in_from_a_device() {
    let (app, system) = with_an_administrator().await;
    let cli = system.writ_cli();
    let codes = cli
        .ask_for_device(&[("scope", "admin:write")])
        .await
        .device_codes();
    let browser = system.browser_of("alice").await;
    system
        .answer_device(&browser, &codes, Decision::Allow)
        .await;
    let tokens = cli.poll(&codes).await.tokens();
    let api = api_with(&app, &tokens.access_token);
    let body = json!({ "slug": "acme", "display_name": "Acme" });
    api.create(TENANTS, &body).await;
    let refreshed = cli.refresh(tokens.refresh_token()).await.tokens();
    api_with(&app, &refreshed.access_token)
        .get(TENANTS)
        .await
        .expect_status(200);
}

/// N8: what a person did is in the audit under their own id.
#[tokio::test]
async fn what_a_person_did_is_recorded_as_theirs() {
    let (app, system) = with_an_administrator().await;
    let api = api_with(&app, &tokens_of(&system, "admin:write").await.access_token);
    let body = json!({ "slug": "acme", "display_name": "Acme" });
    api.create(TENANTS, &body).await;
    let events = api.get("/admin/v1/tenants/acme/audit-events").await;
    let event = events.expect_status(200).json()["data"][0].clone();
    assert_eq!(event["action"], "tenant.created");
    assert_eq!(event["actor_kind"], "administrator");
    assert_eq!(event["actor_id"], system.user("alice").await.id.as_str());
}

/// Whatever else there is that looks like a token: the same 401.
#[tokio::test]
async fn no_other_token_is_one_for_this_api() {
    let (app, system) = with_an_administrator().await;
    let acme = app.tenant("acme").await;
    let browser = system.browser_of("alice").await;
    let mut refused: Vec<(&str, String)> = Vec::new();
    // Of another tenant, for its own resource.
    let foreign = acme.public_client().await;
    let foreign = foreign.tokens_of(&acme.browser_of("alice").await).await;
    refused.push(("another tenant's", foreign.access_token));
    // Of the system tenant, for another resource.
    let other = system.another_resource("https://mcp.system.test/mcp").await;
    let client = system.public_client().await;
    let elsewhere = client.clone().with_resource(Some(&other.identifier));
    let elsewhere = elsewhere.tokens_of(&browser).await;
    refused.push(("another resource's", elsewhere.access_token));
    // A client's own, though it is called like a person.
    let alice = system.user("alice").await.id;
    let metadata = json!({
        "client_id": alice,
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let program = system.client(&metadata).await;
    let program = program
        .client_credentials(Some("admin:write"))
        .await
        .tokens();
    assert_eq!(program.claims()["aud"], ADMIN_URL);
    refused.push(("a client's own", program.access_token));
    // Everything else that a sign-in gives.
    let signed_in = tokens_of(&system, "openid offline_access admin:write").await;
    refused.push(("a refresh token", signed_in.refresh_token().to_owned()));
    if let Some(id_token) = signed_in.body["id_token"].as_str() {
        refused.push(("an ID token", id_token.to_owned()));
    }
    let parts: Vec<&str> = signed_in.access_token.split('.').collect();
    refused.push(("without a signature", format!("{}.{}.", parts[0], parts[1])));
    refused.push(("not a JWT", format!("{}.x.y", parts[0])));
    for (what, token) in &refused {
        for path in [TENANTS, "/admin/v1/tenants/acme", "/admin/v1/memberships"] {
            let answer = api_with(&app, token).get(path).await;
            is_problem(&answer, 401, "unauthorized");
            assert_eq!(
                answer.json()["detail"],
                unauthorized(&app).await["detail"],
                "{what}"
            );
        }
        // Thirty failures a minute are answered with 401.
        app.clock().advance(Duration::from_secs(12));
    }
    api_with(&app, &signed_in.access_token)
        .get(TENANTS)
        .await
        .expect_status(200);
}

async fn unauthorized(app: &TestApp) -> Value {
    app.admin()
        .with_key("writ_ak_garbage")
        .get(TENANTS)
        .await
        .json()
}

/// RFC 9449 §7.1: a token that is bound to a key is none without the proof, whatever the scheme says.
#[tokio::test]
async fn a_bound_token_is_not_taken_as_a_bearer() {
    let (app, system) = with_an_administrator().await;
    let signer = DpopSigner::new(&app);
    let cli = system.writ_cli().proving(&signer);
    let tokens = cli
        .tokens_for(&system.browser_of("alice").await, "admin:write")
        .await;
    assert_eq!(tokens.claims()["cnf"]["jkt"], signer.thumbprint());
    for scheme in ["Bearer", "DPoP"] {
        let url = app.admin().url(TENANTS);
        let request = app.admin().wire().request(Method::GET, &url);
        let value = format!("{scheme} {}", tokens.access_token);
        let answer = Answer::of(request.header("authorization", value)).await;
        is_problem(&answer, 401, "unauthorized");
    }
}

/// A client that nobody vouches for gets nobody's rights, even where somebody opened the door to it.
#[tokio::test]
async fn a_client_that_registered_itself_is_not_listened_to() {
    let (app, system) = with_an_administrator().await;
    let client = system.public_client().await;
    let tokens = client
        .tokens_for(&system.browser_of("alice").await, "admin:write")
        .await;
    let api = api_with(&app, &tokens.access_token);
    api.get(TENANTS).await.expect_status(200);
    app.database()
        .db_execute("update clients set origin = 'registered' where client_id <> 'writ-cli'")
        .await;
    let replica = app.start_replica().await;
    let elsewhere = replica.admin().with_key(api.key());
    is_problem(&elsewhere.get(TENANTS).await, 401, "unauthorized");
}

/// H3: revoked, disabled, signed out everywhere: within a second on another replica.
#[tokio::test]
async fn what_ends_a_token_ends_it_here() {
    let (app, system) = with_an_administrator().await;
    let replica = app.start_replica().await;
    let is_out = async |token: &str| {
        let elsewhere = replica.admin().with_key(token);
        let statuses = [
            api_with(&app, token).get(TENANTS).await.status.as_u16(),
            elsewhere.get(TENANTS).await.status.as_u16(),
        ];
        statuses == [401, 401]
    };
    let tokens = tokens_of(&system, "admin:write").await;
    let token = tokens.access_token.as_str();
    assert!(!is_out(token).await);
    system
        .writ_cli()
        .revoke(tokens.refresh_token())
        .await
        .expect_status(200);
    within_a_second("the revocation", async || is_out(token).await).await;

    let tokens = tokens_of(&system, "admin:write").await;
    let token = tokens.access_token.as_str();
    assert!(!is_out(token).await);
    system.disable_user("alice").await;
    within_a_second("the end of alice", async || is_out(token).await).await;
    let path = format!("/users/{}", system.user("alice").await.id);
    system.change(&path, &json!({ "is_enabled": true })).await;
    // What ended with her being disabled does not come back.
    assert!(is_out(token).await);

    let tokens = tokens_of(&system, "admin:write").await;
    let token = tokens.access_token.as_str();
    assert!(!is_out(token).await);
    app.clock().advance(Duration::from_mins(15));
    assert!(is_out(token).await);

    let tokens = tokens_of(&system, "admin:write").await;
    let token = tokens.access_token.as_str();
    system
        .change("/clients/writ-cli", &json!({ "is_enabled": false }))
        .await;
    within_a_second("the end of the client", async || is_out(token).await).await;
}

/// The audience is where it is sent: with another WRIT_ADMIN_URL, tokens of before are for somewhere else.
#[tokio::test]
async fn another_admin_url_is_another_audience() {
    let (app, system) = with_an_administrator().await;
    let tokens = tokens_of(&system, "admin:write").await;
    let moved = "https://console.writ.test/admin";
    let replica = app.start_replica_with("WRIT_ADMIN_URL", moved).await;
    let elsewhere = replica.admin().with_key(&tokens.access_token);
    is_problem(&elsewhere.get(TENANTS).await, 401, "unauthorized");
    let path = "/.well-known/oauth-protected-resource/admin";
    let metadata = replica.admin().wire().get(&replica.admin().url(path)).await;
    assert_eq!(metadata.expect_status(200).json()["resource"], moved);
    let cli = system.writ_cli().with_resource(Some(moved));
    let tokens = cli
        .tokens_for(&system.browser_of("alice").await, "admin:write")
        .await;
    let elsewhere = replica.admin().with_key(&tokens.access_token);
    elsewhere.get(TENANTS).await.expect_status(200);
    let resource = system.path(&format!("/resources/{}", system.resource.id));
    let found = app.admin().get(&resource).await.expect_status(200).json();
    assert_eq!(
        (&found["identifier"], &found["audience"]),
        (&json!(moved), &json!(moved))
    );
}

/// Without WRIT_ADMIN_URL there are keys alone, and nothing says otherwise.
#[tokio::test]
async fn without_an_admin_url_nobody_signs_in() {
    let app = TestApp::start().await;
    let refused = app.admin().with_key("x").get(TENANTS).await;
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer realm=\"writ admin\""
    );
    let path = "/.well-known/oauth-protected-resource";
    let metadata = app.admin().wire().get(&app.admin().url(path)).await;
    is_problem(&metadata, 404, "not-found");
    let listed = app.admin().get(TENANTS).await.expect_status(200).json();
    assert_eq!(listed["data"], json!([]));
    // A token of a time when there was one.
    let options = TestAppOptions::default().with("WRIT_ADMIN_URL", ADMIN_URL);
    let app = TestApp::start_with(options).await;
    let system = app.system_tenant();
    system.user("alice").await;
    let body = json!({ "user_id": system.user("alice").await.id, "role": "administrator" });
    let membership = app.admin().create("/admin/v1/memberships", &body).await;
    assert!(!id_of(&membership).is_empty());
    let tokens = tokens_of(&system, "admin:write").await;
    let keys_only = app.start_replica_with("WRIT_ADMIN_URL", "").await;
    let elsewhere = keys_only.admin().with_key(&tokens.access_token);
    is_problem(&elsewhere.get(TENANTS).await, 401, "unauthorized");
}
