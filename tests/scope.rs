//! What a token may do, from the grant to the wire.

use serde_json::json;

use crate::harness::{OAuthClient, TestApp, TestTenant, Tokens};

async fn refresh_with(client: &OAuthClient, tokens: &Tokens, scope: &str) -> Tokens {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token()),
        ("scope", scope),
    ];
    client.token(&fields).await.tokens()
}

/// A11: what was granted is said in the answer and in the token, in the same words.
#[tokio::test]
async fn the_answer_says_what_was_granted() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    for (asked, granted) in [
        ("", "notes:read"),
        ("notes:write", "notes:write"),
        ("notes:write notes:read", "notes:write notes:read"),
        ("notes:read notes:read", "notes:read"),
        ("notes:write admin", "notes:write"),
        (
            "openid notes:read offline_access",
            "openid notes:read offline_access",
        ),
    ] {
        let client = acme.public_client().await;
        let tokens = client.tokens_for(&alice, asked).await;
        assert_eq!(tokens.body["scope"], granted, "{asked}");
        assert_eq!(tokens.claims()["scope"], granted, "{asked}");
    }
}

/// F3: an access token may get less for a while; the refresh token keeps what the person allowed.
#[tokio::test]
async fn a_refresh_may_ask_for_less_and_then_for_all_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let whole = client
        .tokens_for(&acme.browser_of("alice").await, "notes:read notes:write")
        .await;

    let less = refresh_with(&client, &whole, "notes:read").await;
    assert_eq!(less.body["scope"], "notes:read");
    let other = refresh_with(&client, &less, "notes:write").await;
    assert_eq!(other.body["scope"], "notes:write");
    let again = refresh_with(&client, &other, "").await;
    assert_eq!(again.body["scope"], "notes:read notes:write");
    assert_eq!(again.claims()["scope"], "notes:read notes:write");
}

/// A11: what a person was never asked for cannot be had later.
#[tokio::test]
async fn a_refresh_never_widens() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client
        .tokens_for(&acme.browser_of("alice").await, "notes:read")
        .await;
    for scope in [
        "notes:write",
        "notes:read notes:write",
        "openid",
        "notes:read offline_access",
    ] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh_token()),
            ("scope", scope),
        ];
        client.token(&fields).await.is_refused(400, "invalid_scope");
    }

    assert_eq!(
        client.refresh(tokens.refresh_token()).await.tokens().body["scope"],
        "notes:read"
    );
}

/// A11: at the redemption of a code there is no scope to be asked for: what was allowed is what there is.
#[tokio::test]
async fn a_scope_at_redemption_changes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.code.as_str()),
        ("code_verifier", code.verifier.as_str()),
        ("scope", "notes:read notes:write admin"),
    ];
    assert_eq!(
        client.token(&fields).await.tokens().body["scope"],
        "notes:read"
    );
}

/// Scopes of a resource go to that resource alone; those of the tenant go everywhere.
#[tokio::test]
async fn a_token_carries_the_scopes_of_its_own_resource() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let files = resource_with_scopes(
        &acme,
        "https://files.acme.test/",
        &["files:read", "api://files/.default"],
    )
    .await;
    let client = acme.public_client().await;
    let request = client
        .authorization_request()
        .with(
            "scope",
            "notes:write files:read api://files/.default openid",
        )
        .and("resource", &files);
    let code = request.walk(&acme.browser_of("alice").await).await.code();
    let first = client
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code.code),
            ("code_verifier", &code.verifier),
            ("resource", &acme.resource.identifier),
        ])
        .await
        .tokens();
    assert_eq!(first.body["scope"], "notes:write openid");

    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.refresh_token()),
        ("resource", &files),
    ];
    let second = client.token(&fields).await.tokens();
    assert_eq!(
        second.body["scope"],
        "files:read api://files/.default openid"
    );
    assert_eq!(
        second.claims()["scope"],
        "files:read api://files/.default openid"
    );
}

/// `scope` is omitted where there is none; never null, never an empty string.
#[tokio::test]
async fn a_resource_without_scopes_gives_tokens_without_scope() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let plain = resource_with_scopes(&acme, "https://plain.acme.test/", &[]).await;
    let client = acme.confidential_client().await.with_resource(Some(&plain));
    let by_itself = client.client_credentials(None).await.tokens();
    let by_alice = client.tokens_of(&acme.browser_of("alice").await).await;
    for tokens in [by_itself, by_alice] {
        assert!(tokens.body.get("scope").is_none(), "{}", tokens.body);
        assert!(
            tokens.claims().get("scope").is_none(),
            "{}",
            tokens.claims()
        );
    }
    client
        .client_credentials(Some("notes:read"))
        .await
        .is_refused(400, "invalid_scope");
}

/// A11: a scope that the resource no longer has leaves the tokens at the next refresh.
#[tokio::test]
async fn a_scope_that_was_removed_is_no_longer_issued() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client
        .tokens_for(&acme.browser_of("alice").await, "notes:read notes:write")
        .await;
    let left = json!({ "scopes": [{ "name": "notes:read", "description": "Read your notes", "default": true }] });
    acme.change(&format!("/resources/{}", acme.resource.id), &left)
        .await;

    let renewed = client.refresh(tokens.refresh_token()).await.tokens();

    assert_eq!(renewed.body["scope"], "notes:read");
    assert_eq!(renewed.claims()["scope"], "notes:read");
}

/// RFC 6749 §3.3: a scope has its characters, and everything else is not one.
#[tokio::test]
async fn a_scope_of_other_characters_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    for scope in [
        "notes:read\tnotes:write",
        "notes:read\nnotes:write",
        "\"notes:read\"",
        "notes\\read",
        "notes:\u{e9}",
    ] {
        client
            .client_credentials(Some(scope))
            .await
            .is_refused(400, "invalid_scope");
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh_token()),
            ("scope", scope),
        ];
        client.token(&fields).await.is_refused(400, "invalid_scope");
    }
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// The identifier of a new resource that has these scopes, all of them by default.
async fn resource_with_scopes(tenant: &TestTenant, identifier: &str, scopes: &[&str]) -> String {
    let scopes: Vec<_> = scopes
        .iter()
        .map(|name| json!({ "name": name, "description": format!("Do what {name} means"), "default": true }))
        .collect();
    let body = json!({ "identifier": identifier, "name": "Another one", "scopes": scopes });
    let made = tenant
        .admin()
        .create(&tenant.path("/resources"), &body)
        .await;
    made["identifier"].as_str().unwrap().to_owned()
}
