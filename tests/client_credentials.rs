//! A client that acts for itself (OAuth 2.1 §4.2).

use serde_json::json;

use crate::harness::{OAuthClient, TestApp, TestTenant};

/// A service account: no person, no redirect.
async fn machine(tenant: &TestTenant) -> OAuthClient {
    let metadata = json!({
        "client_id": "nightly-job",
        "client_name": "Nightly job",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    tenant.client(&metadata).await
}

/// E13, OAuth 2.1 §4.2.3: an access token and no refresh token; nothing in it speaks of a person.
#[tokio::test]
async fn a_client_gets_an_access_token_for_itself() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = machine(&acme).await;

    let tokens = client
        .client_credentials(Some("notes:write"))
        .await
        .tokens();

    assert_eq!(tokens.refresh_token, None);
    assert_eq!(tokens.body["scope"], "notes:write");
    let claims = tokens.claims();
    assert_eq!(claims["sub"], "client:nightly-job");
    assert_eq!(claims["client_id"], "nightly-job");
    assert_eq!(claims["aud"], acme.resource.audience.as_str());
    for personal in ["auth_time", "grant_id", "username"] {
        assert!(claims.get(personal).is_none(), "{personal}: {claims}");
    }
    assert_eq!(
        resource_server.introspect(&tokens.access_token).await["sub"],
        "client:nightly-job"
    );
}

/// G3: a client that is named like a person's id is still not that person.
#[tokio::test]
async fn a_client_never_has_the_subject_of_a_person() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let metadata = json!({
        "client_id": alice.id,
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
    });

    let impostor = acme
        .client(&metadata)
        .await
        .client_credentials(None)
        .await
        .tokens();

    assert_ne!(impostor.claims()["sub"], alice.id.as_str());
    assert_eq!(impostor.claims()["sub"], format!("client:{}", alice.id));
    let refused = json!({ "client_id": format!("client:{}", alice.id), "grant_types": ["client_credentials"] });
    acme.admin()
        .post(&acme.path("/clients"), &refused)
        .await
        .expect_status(400);
}

/// E13: client_credentials is for clients that somebody vouches for: nobody registers for it.
#[tokio::test]
async fn a_client_that_registered_itself_cannot_act_for_itself() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let metadata = json!({
        "redirect_uris": ["https://stranger.example/callback"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let registered = acme.register(&metadata).await.expect_status(201).json();
    assert!(
        !registered["grant_types"]
            .as_array()
            .unwrap()
            .contains(&json!("client_credentials")),
        "{registered}"
    );

    acme.client_of(&registered)
        .client_credentials(None)
        .await
        .is_refused(400, "unauthorized_client");
}

/// A10: who names no resource gets the default; without one the refusal says so.
#[tokio::test]
async fn the_resource_is_the_one_named_or_the_default() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = machine(&acme).await.with_resource(None);
    let audience_of =
        |tokens: crate::harness::Tokens| tokens.claims()["aud"].as_str().unwrap().to_owned();
    assert_eq!(
        audience_of(client.client_credentials(None).await.tokens()),
        acme.resource.audience
    );

    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let refused = client.client_credentials(None).await;
    refused.is_refused(400, "invalid_target");
    assert!(
        refused.text("error_description").contains("default"),
        "{refused:?}"
    );
    let named = client.clone().with_resource(Some(&mail.identifier));
    assert_eq!(
        audience_of(named.client_credentials(None).await.tokens()),
        mail.audience
    );

    acme.change(
        "/clients/nightly-job",
        &json!({ "default_resource": mail.identifier }),
    )
    .await;
    assert_eq!(
        audience_of(client.client_credentials(None).await.tokens()),
        mail.audience
    );

    for resource in [
        "https://unknown.example/",
        "*",
        "mail",
        &format!("{}#part", mail.identifier),
        &acme.issuer,
    ] {
        let unknown = client.clone().with_resource(Some(resource));
        unknown
            .client_credentials(None)
            .await
            .is_refused(400, "invalid_target");
    }
    let two = [
        ("grant_type", "client_credentials"),
        ("resource", &acme.resource.identifier),
        ("resource", &mail.identifier),
    ];
    client.token(&two).await.is_refused(400, "invalid_target");
}

/// A11: scopes are narrowed to what may be had; `invalid_scope` when nothing is left.
#[tokio::test]
async fn scopes_are_narrowed_to_what_the_client_may_have() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = machine(&acme).await;
    for (asked, granted) in [
        (None, "notes:read"),
        (Some(""), "notes:read"),
        (Some("notes:write notes:read"), "notes:write notes:read"),
        (Some("notes:write admin"), "notes:write"),
        (Some("notes:write notes:write"), "notes:write"),
    ] {
        assert_eq!(
            client.client_credentials(asked).await.tokens().body["scope"],
            granted,
            "{asked:?}"
        );
    }
    client
        .client_credentials(Some("admin"))
        .await
        .is_refused(400, "invalid_scope");
    client
        .client_credentials(Some("notes:read\u{e4}"))
        .await
        .is_refused(400, "invalid_scope");

    acme.change("/clients/nightly-job", &json!({ "scope": "notes:read" }))
        .await;
    assert_eq!(
        client
            .client_credentials(Some("notes:read notes:write"))
            .await
            .tokens()
            .body["scope"],
        "notes:read"
    );
    client
        .client_credentials(Some("notes:write"))
        .await
        .is_refused(400, "invalid_scope");
}

/// O1: the credentials of one tenant are nothing in another.
#[tokio::test]
async fn a_client_is_unknown_in_another_tenant() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let client = machine(&acme).await;
    let same_name = machine(&umbrella).await;

    let elsewhere = OAuthClient {
        issuer: umbrella.issuer.clone(),
        ..client.clone()
    };
    elsewhere
        .with_resource(None)
        .client_credentials(None)
        .await
        .is_refused(401, "invalid_client");

    let tokens = [
        client.client_credentials(None).await.tokens(),
        same_name.client_credentials(None).await.tokens(),
    ];
    assert_eq!(
        tokens[0].claims()["sub"],
        tokens[1].claims()["sub"],
        "names are each tenant's own"
    );
    let resource_server = umbrella.resource_credential().await;
    assert!(!resource_server.accepts(&tokens[0].access_token).await);
    assert!(resource_server.accepts(&tokens[1].access_token).await);
}
