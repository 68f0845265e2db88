//! Which resource and which scopes an authorization request gets.

use serde_json::json;

use crate::harness::TestApp;

/// A10: a resource that is not registered in this tenant, or not a resource at all.
#[tokio::test]
async fn a_resource_that_is_not_registered_is_an_invalid_target() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let with_fragment = format!("{}#part", acme.resource.identifier);
    let with_empty_fragment = format!("{}#", acme.resource.identifier);
    let other_path = format!("{}/other", acme.resource.identifier);

    for resource in [
        "https://unknown.example/mcp",
        "/mcp",
        "mcp.acme.test/mcp",
        "not a uri",
        "https://",
        "*",
        &umbrella.resource.identifier,
        &acme.issuer,
        &with_fragment,
        &with_empty_fragment,
        &other_path,
    ] {
        let refused = client
            .authorization_request()
            .with("resource", resource)
            .walk(&alice)
            .await;
        assert_eq!(refused.error(), "invalid_target", "{resource}");
        let one_of_two = client
            .authorization_request()
            .and("resource", resource)
            .walk(&alice)
            .await;
        assert_eq!(one_of_two.error(), "invalid_target", "{resource}");
    }
}

/// A10: RFC 8707 §2: spellings of one URI are one resource, and the token names the registered one.
#[tokio::test]
async fn spellings_of_a_resource_lead_to_the_registered_audience() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let bare = acme.another_resource("http://localhost:9902").await;
    let client = acme.confidential_client().await;

    for (spelling, audience) in [
        ("https://mcp.acme.test/mcp", &acme.resource.audience),
        ("https://mcp.acme.test/mcp/", &acme.resource.audience),
        ("HTTPS://MCP.acme.test:443/mcp", &acme.resource.audience),
        ("http://localhost:9902", &bare.audience),
        ("http://localhost:9902/", &bare.audience),
    ] {
        let tokens = client
            .clone()
            .with_resource(Some(spelling))
            .tokens_of(&alice)
            .await;
        assert_eq!(tokens.claims()["aud"], audience.as_str(), "{spelling}");
    }
}

/// A10: who names no resource means the client's default, the tenant's, or the only
/// one that the client may use.
#[tokio::test]
async fn a_request_without_resource_means_the_default() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.confidential_client().await.with_resource(None);
    let only = client.tokens_of(&alice).await;
    assert_eq!(
        only.claims()["aud"],
        acme.resource.audience.as_str(),
        "the only one there is"
    );

    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let refused = client.authorize(&alice).await;
    assert_eq!(refused.error(), "invalid_target");
    let description = refused.parameter("error_description").unwrap();
    assert!(description.contains("default"), "it says so: {description}");

    let client_path = format!("/clients/{}", client.client_id);
    acme.change(&client_path, &json!({ "resources": [mail.identifier] }))
        .await;
    let only_of_client = client.tokens_of(&alice).await;
    assert_eq!(only_of_client.claims()["aud"], mail.audience.as_str());

    acme.change(&client_path, &json!({ "resources": null }))
        .await;
    acme.change("", &json!({ "default_resource": mail.id }))
        .await;
    let of_tenant = client.tokens_of(&alice).await;
    assert_eq!(of_tenant.claims()["aud"], mail.audience.as_str());

    acme.change(
        &client_path,
        &json!({ "default_resource": acme.resource.identifier }),
    )
    .await;
    let of_client = client.tokens_of(&alice).await;
    assert_eq!(of_client.claims()["aud"], acme.resource.audience.as_str());
}

/// A10: a resource that the client may not use is as good as none.
#[tokio::test]
async fn a_resource_beyond_the_client_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let client = acme
        .client(&json!({
            "client_name": "Mail only",
            "redirect_uris": ["https://mail-client.example/callback"],
            "resources": [mail.identifier],
        }))
        .await;

    assert_eq!(client.authorize(&alice).await.error(), "invalid_target");
    client
        .with_resource(Some(&mail.identifier))
        .tokens_of(&alice)
        .await;
}

/// A11: a scope that cannot be had is dropped and the answer says what was given; when nothing is
/// left the request is refused; nothing is ever added.
#[tokio::test]
async fn scopes_are_narrowed_and_never_widened() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    for (asked, given) in [
        ("notes:read notes:write", "notes:read notes:write"),
        ("notes:write", "notes:write"),
        ("notes:write unknown admin", "notes:write"),
        ("notes:read notes:read", "notes:read"),
        ("", "notes:read"),
        ("notes:write offline_access", "notes:write offline_access"),
    ] {
        let client = acme.confidential_client().await;
        let tokens = client.tokens_for(&alice, asked).await;
        assert_eq!(tokens.body["scope"], given, "{asked}");
        assert_eq!(tokens.claims()["scope"], given, "{asked}");
    }
    let client = acme.confidential_client().await;
    for nothing_left in ["unknown", "admin unknown", "NOTES:READ"] {
        let refused = client
            .authorization_request()
            .with("scope", nothing_left)
            .walk(&alice)
            .await;
        assert_eq!(refused.error(), "invalid_scope", "{nothing_left}");
    }
}

/// A11: what the client was registered for bounds what it gets.
#[tokio::test]
async fn a_client_gets_no_scope_that_it_was_not_registered_for() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let reader = acme
        .client(&json!({
            "client_name": "Reader",
            "redirect_uris": ["https://reader.example/callback"],
            "scope": "notes:read",
        }))
        .await;

    let tokens = reader.tokens_for(&alice, "notes:read notes:write").await;
    assert_eq!(tokens.body["scope"], "notes:read");
    let refused = reader
        .authorization_request()
        .with("scope", "notes:write")
        .walk(&alice)
        .await;
    assert_eq!(refused.error(), "invalid_scope");
}

/// A11: a refresh token comes without `offline_access` being asked.
#[tokio::test]
async fn offline_access_is_never_required() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.public_client().await;

    let tokens = client.tokens_of(&alice).await;
    assert!(tokens.refresh_token.is_some());
    assert_eq!(tokens.body["scope"], "notes:read");
}
