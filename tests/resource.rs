//! Which resource a token is for (RFC 8707): a mapping, never an echo.

use serde_json::json;

use crate::harness::{Answer, IssuedCode, OAuthClient, TestApp, TestResource, TestTenant};

/// G2, A10: every spelling of a registered identifier means it, and the token says the registered one.
#[tokio::test]
async fn spellings_at_the_token_endpoint_lead_to_the_registered_audience() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let bare = acme.another_resource("http://localhost:9902").await;
    let slashed = acme
        .another_resource("https://slashed.acme.test/mcp/")
        .await;
    let client = acme.confidential_client().await;
    for (spelling, resource) in [
        ("https://mcp.acme.test/mcp", &acme.resource),
        ("https://mcp.acme.test/mcp/", &acme.resource),
        ("HTTPS://MCP.ACME.TEST:443/mcp", &acme.resource),
        ("http://localhost:9902", &bare),
        ("http://localhost:9902/", &bare),
        ("https://slashed.acme.test/mcp/", &slashed),
        ("https://slashed.acme.test/mcp", &slashed),
    ] {
        let tokens = client
            .clone()
            .with_resource(Some(spelling))
            .client_credentials(None)
            .await
            .tokens();
        assert_eq!(
            tokens.claims()["aud"],
            resource.audience.as_str(),
            "{spelling}"
        );
    }
    for spelling in [
        "https://mcp.acme.test/MCP",
        "https://mcp.acme.test/mcp//",
        "https://mcp.acme.test/mcp?x=1",
        "https://mcp.acme.test/mcp#",
        "https://mcp.acme.test/",
        "http://mcp.acme.test/mcp",
        "https://mcp.acme.test:8443/mcp",
        "https://mcp.acme.test/x/../mcp",
        "https://user@mcp.acme.test/mcp",
        "//mcp.acme.test/mcp",
        "mcp",
    ] {
        let answer = client
            .clone()
            .with_resource(Some(spelling))
            .client_credentials(None)
            .await;
        assert_eq!(answer.status.as_u16(), 400, "{spelling}: {answer:?}");
        answer.is_refused(400, "invalid_target");
    }
}

/// G2: `/mcp` and `/mcp/` are two where both are registered: neither is taken for the other.
#[tokio::test]
async fn a_slash_counts_where_it_tells_two_resources_apart() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let answer = acme
        .admin()
        .post(
            &acme.path("/resources"),
            &json!({ "identifier": "https://mcp.acme.test/mcp/", "name": "With a slash", "audience": "slashed", "scopes": [] }),
        )
        .await;
    let client = acme.confidential_client().await;
    let audience_at = async |resource: &str| {
        let tokens = client
            .clone()
            .with_resource(Some(resource))
            .client_credentials(None)
            .await
            .tokens();
        tokens.claims()["aud"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        audience_at("https://mcp.acme.test/mcp").await,
        acme.resource.audience
    );
    let expected = if answer.status.as_u16() == 201 {
        "slashed"
    } else {
        &acme.resource.audience
    };
    assert_eq!(
        audience_at("https://mcp.acme.test/mcp/").await,
        expected,
        "{answer:?}"
    );
}

/// G2: an audience may be anything that the resource server expects, a bare word too, in the token
/// and in introspection, and is a string in both.
#[tokio::test]
async fn the_emitted_audience_is_the_resources_own() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let proxy = acme
        .admin()
        .create(
            &acme.path("/resources"),
            &json!({
                "identifier": "https://proxy.acme.test/",
                "aliases": ["https://proxy.internal/mcp"],
                "audience": "mcp_proxy",
                "name": "The proxy",
                "scopes": [{ "name": "proxy", "description": "Use it", "default": true }],
            }),
        )
        .await;
    let resource = TestResource {
        id: proxy["id"].as_str().unwrap().to_owned(),
        identifier: "https://proxy.acme.test/".to_owned(),
        audience: "mcp_proxy".to_owned(),
    };
    let resource_server = acme.resource_credential_of(&resource).await;
    let client = acme.confidential_client().await;
    for identifier in [
        "https://proxy.acme.test",
        "https://proxy.acme.test/",
        "https://proxy.internal/mcp",
    ] {
        let tokens = client
            .clone()
            .with_resource(Some(identifier))
            .client_credentials(None)
            .await
            .tokens();
        assert_eq!(tokens.claims()["aud"], "mcp_proxy");
        assert_eq!(
            resource_server.introspect(&tokens.access_token).await["aud"],
            "mcp_proxy"
        );
    }
    client
        .with_resource(Some("mcp_proxy"))
        .client_credentials(None)
        .await
        .is_refused(400, "invalid_target");
}

/// A code for two resources of a tenant.
async fn code_for_both(
    acme: &TestTenant,
    client: &OAuthClient,
    other: &TestResource,
) -> IssuedCode {
    let request = client
        .authorization_request()
        .with("resource", &acme.resource.identifier);
    request
        .and("resource", &other.identifier)
        .walk(&acme.browser_of("alice").await)
        .await
        .code()
}

async fn redeem_for(client: &OAuthClient, code: &IssuedCode, resources: &[&str]) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code.code.as_str()),
        ("code_verifier", code.verifier.as_str()),
    ];
    fields.extend(resources.iter().map(|resource| ("resource", *resource)));
    client.token(&fields).await
}

async fn refresh_for(client: &OAuthClient, token: &str, resources: &[&str]) -> Answer {
    let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    fields.extend(resources.iter().map(|resource| ("resource", *resource)));
    client.token(&fields).await
}

/// G2, F3: RFC 8707 §2.2: several resources may be granted, one goes into each token, and each token
/// is nothing at the other resource.
#[tokio::test]
async fn one_grant_for_two_resources_gives_tokens_for_either() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let third = acme.another_resource("https://third.acme.test/mcp").await;
    let client = acme.public_client().await;
    let code = code_for_both(&acme, &client, &mail).await;
    let (notes, both) = (
        acme.resource.identifier.as_str(),
        [acme.resource.identifier.as_str(), &mail.identifier],
    );

    redeem_for(&client, &code, &both)
        .await
        .is_refused(400, "invalid_target");
    redeem_for(&client, &code, &[&third.identifier])
        .await
        .is_refused(400, "invalid_target");
    let first = redeem_for(&client, &code, &[notes]).await.tokens();
    assert_eq!(first.claims()["aud"], acme.resource.audience.as_str());

    refresh_for(&client, first.refresh_token(), &both)
        .await
        .is_refused(400, "invalid_target");
    refresh_for(&client, first.refresh_token(), &[&third.identifier])
        .await
        .is_refused(400, "invalid_target");
    let second = refresh_for(&client, first.refresh_token(), &[&mail.identifier])
        .await
        .tokens();
    assert_eq!(second.claims()["aud"], mail.audience.as_str());
    let third = refresh_for(&client, second.refresh_token(), &[notes, notes])
        .await
        .tokens();
    assert_eq!(
        third.claims()["aud"],
        acme.resource.audience.as_str(),
        "the same one twice is one"
    );

    let of_notes = acme.resource_credential().await;
    let of_mail = acme.resource_credential_of(&mail).await;
    assert!(
        of_notes.accepts(&first.access_token).await && !of_mail.accepts(&first.access_token).await
    );
    assert!(
        of_mail.accepts(&second.access_token).await
            && !of_notes.accepts(&second.access_token).await
    );
}

/// G2: without a resource: the one that was granted; of several, the default; else a refusal that
/// costs neither code nor token.
#[tokio::test]
async fn a_token_request_without_resource_means_the_granted_or_the_default_one() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let third = acme.another_resource("https://third.acme.test/mcp").await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;

    let one = client
        .clone()
        .with_resource(Some(&mail.identifier))
        .tokens_of(&alice)
        .await;
    assert_eq!(
        one.claims()["aud"],
        mail.audience.as_str(),
        "the one that was granted"
    );

    let code = code_for_both(&acme, &client, &mail).await;
    redeem_for(&client, &code, &[])
        .await
        .is_refused(400, "invalid_target");
    acme.change("", &json!({ "default_resource": third.id }))
        .await;
    redeem_for(&client, &code, &[])
        .await
        .is_refused(400, "invalid_target");
    acme.change("", &json!({ "default_resource": mail.id }))
        .await;
    let tokens = redeem_for(&client, &code, &[]).await.tokens();
    assert_eq!(
        tokens.claims()["aud"],
        mail.audience.as_str(),
        "the tenant's default is among them"
    );

    let client_path = format!("/clients/{}", client.client_id);
    acme.change(
        &client_path,
        &json!({ "default_resource": acme.resource.identifier }),
    )
    .await;
    let renewed = refresh_for(&client, tokens.refresh_token(), &[])
        .await
        .tokens();
    assert_eq!(
        renewed.claims()["aud"],
        acme.resource.audience.as_str(),
        "the client's own default goes first"
    );
}

/// F3: a resource that was removed, or taken from the client, is granted to nobody any more; the
/// refresh token waits for better days.
#[tokio::test]
async fn a_resource_that_is_gone_is_an_invalid_target_and_spends_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let client = acme
        .public_client()
        .await
        .with_resource(Some(&mail.identifier));
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let client_path = format!("/clients/{}", client.client_id);

    acme.change(
        &client_path,
        &json!({ "resources": [acme.resource.identifier] }),
    )
    .await;
    client
        .refresh(tokens.refresh_token())
        .await
        .is_refused(400, "invalid_target");
    acme.change(&client_path, &json!({ "resources": null }))
        .await;
    let renewed = client.refresh(tokens.refresh_token()).await.tokens();
    assert_eq!(renewed.claims()["aud"], mail.audience.as_str());

    acme.admin()
        .delete(&acme.path(&format!("/resources/{}", mail.id)))
        .await
        .expect_status(204);
    client
        .refresh(renewed.refresh_token())
        .await
        .is_refused(400, "invalid_target");
    refresh_for(&client, renewed.refresh_token(), &[&mail.identifier])
        .await
        .is_refused(400, "invalid_target");
}

/// G2: identifiers and audiences are each tenant's own.
#[tokio::test]
async fn two_tenants_may_have_the_same_resource_and_never_share_it() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let shared = [
        acme.another_resource("https://shared.test/mcp").await,
        umbrella.another_resource("https://shared.test/mcp").await,
    ];
    let (here, there) = (
        acme.confidential_client().await,
        umbrella.confidential_client().await,
    );
    let mut tokens = Vec::new();
    for client in [here, there] {
        tokens.push(
            client
                .with_resource(Some("https://shared.test/mcp"))
                .client_credentials(None)
                .await
                .tokens(),
        );
    }

    let servers = [
        acme.resource_credential_of(&shared[0]).await,
        umbrella.resource_credential_of(&shared[1]).await,
    ];
    for (at, server) in servers.iter().enumerate() {
        assert!(server.accepts(&tokens[at].access_token).await);
        assert!(!server.accepts(&tokens[1 - at].access_token).await);
    }
}
