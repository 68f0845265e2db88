//! A plain sign-in: `openid` and no resource. Its access token is for our userinfo endpoint and for nobody else.

use serde_json::json;

use super::*;
use crate::harness::TestApp;

/// Where no resource is meant by default, `openid` alone is a whole request.
#[tokio::test]
async fn openid_without_a_resource_is_a_sign_in_and_nothing_else() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.another_resource("https://mail.acme.test/mcp").await;
    let client = web_client(&acme).await.with_resource(None);
    let browser = acme.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid email notes:read");
    let consent = asked.open(&browser).await;
    let alice = acme.user("alice").await;
    let consent = browser
        .log_in(&consent, &alice.username, &alice.password)
        .await;
    assert!(consent.html().contains("sign you in"), "{consent:?}");
    assert!(consent.html().contains("asked every time"), "{consent:?}");
    let ended = browser
        .decide(&consent, crate::harness::Decision::Allow)
        .await;
    let code = asked.ended_at(ended).code();
    let tokens = client.redeem(&code).await.tokens();

    let claims = tokens.claims();
    assert_eq!(claims["aud"], acme.url("userinfo").as_str());
    assert_eq!(claims["scope"], "openid email", "narrowed");
    verified(&acme, &client, &id_token_of(&tokens)).await;
    let found = userinfo(&acme, &tokens.access_token).await;
    assert_eq!(found.expect_status(200).json()["sub"], claims["sub"]);
    let renewed = client.refresh(tokens.refresh_token()).await.tokens();
    assert_eq!(renewed.claims()["aud"], acme.url("userinfo").as_str());

    // Without `openid` it stays what it was: a request for a resource that it does not name.
    let unnamed = client.authorization_request().with("scope", "notes:read");
    assert_eq!(unnamed.walk(&browser).await.error(), "invalid_target");
}

/// Where one resource is meant by default, that one still is: MCP clients ask for `openid` out of habit.
#[tokio::test]
async fn openid_does_not_push_the_only_resource_aside() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await.with_resource(None);
    let tokens = tokens_with(&acme, &client, "openid email profile").await;
    assert_eq!(tokens.claims()["aud"], acme.resource.audience.as_str());
    let refused = userinfo(&acme, &tokens.access_token).await;
    refused.is_refused(401, "invalid_token");
}

/// The userinfo endpoint may be named as a resource: at the beginning, or later for another token.
#[tokio::test]
async fn userinfo_may_be_asked_for_by_its_url() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let endpoint = acme.url("userinfo");
    let plain = plain_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    let unsaid = plain.authorization_request().without("scope");
    let code = unsaid.walk(&browser).await.code();
    let tokens = plain.redeem(&code).await.tokens();
    assert_eq!(tokens.claims()["aud"], endpoint.as_str());
    assert_eq!(tokens.claims()["scope"], "openid");

    let web = web_client(&acme).await;
    let asked = web
        .authorization_request()
        .with("scope", "openid profile notes:read")
        .and("resource", &endpoint);
    let code = asked.walk(&browser).await.code();
    let tokens = web.redeem(&code).await.tokens();
    assert_eq!(tokens.claims()["aud"], acme.resource.audience.as_str());
    let for_userinfo = web
        .token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh_token()),
            ("resource", &endpoint),
        ])
        .await
        .tokens();
    assert_eq!(for_userinfo.claims()["aud"], endpoint.as_str());
    assert_eq!(for_userinfo.claims()["scope"], "openid profile");
    let found = userinfo(&acme, &for_userinfo.access_token).await;
    assert_eq!(
        found.expect_status(200).json()["preferred_username"],
        "alice"
    );
}

/// A grant without `openid` opens it for nobody, and neither does a machine's.
#[tokio::test]
async fn userinfo_is_not_for_grants_without_openid() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let endpoint = acme.url("userinfo");
    let web = web_client(&acme).await;
    let tokens = tokens_with(&acme, &web, "notes:read").await;
    let refused = web
        .token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh_token()),
            ("resource", &endpoint),
        ])
        .await;
    refused.is_refused(400, "invalid_target");
    let renewed = web.refresh(tokens.refresh_token()).await;
    renewed.tokens();
    let machine = acme
        .confidential_client()
        .await
        .with_resource(Some(&endpoint));
    let refused = machine.client_credentials(Some("openid")).await;
    refused.is_refused(400, "invalid_target");
}

/// Another tenant's endpoint is nobody's resource here.
#[tokio::test]
async fn another_tenants_userinfo_is_an_unknown_resource() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let client = web_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid")
        .with("resource", &umbrella.url("userinfo"));
    assert_eq!(asked.walk(&browser).await.error(), "invalid_target");
}

/// A client registered for some scopes only gets `openid` if it is one of them.
#[tokio::test]
async fn a_client_without_openid_cannot_sign_anybody_in() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = client_with(&acme, &json!({ "scope": "notes:read" })).await;
    let browser = acme.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid")
        .with("resource", &acme.url("userinfo"));
    assert_eq!(asked.walk(&browser).await.error(), "invalid_scope");
}
