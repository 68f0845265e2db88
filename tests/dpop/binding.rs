//! T2: what is bound to a key: codes that were asked for with `dpop_jkt`, the refresh tokens of public
//! clients, and everything of clients that registered for it.

use std::time::Duration;

use serde_json::json;

use crate::harness::{DpopSigner, OAuthClient, TestApp, TestTenant, Tokens};

/// RFC 9449 §10: asked for with a key's name, the code is for that key alone, and a mistake does not spend it.
#[tokio::test]
async fn a_code_for_a_key_is_redeemed_with_that_key() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let (own, other) = (DpopSigner::new(&app), DpopSigner::new(&app));
    for client in [acme.public_client().await, acme.confidential_client().await] {
        let asked = client
            .authorization_request()
            .with("dpop_jkt", &own.thumbprint());
        let code = asked.walk(&browser).await.code();
        client.cannot_redeem(&code).await;
        client.proving(&other).cannot_redeem(&code).await;
        let tokens = client.proving(&own).redeem(&code).await.tokens();
        assert_eq!(tokens.claims()["cnf"]["jkt"], own.thumbprint());
        // D2: a replay without the key revokes nothing.
        client.proving(&other).cannot_redeem(&code).await;
        let resource_server = acme.resource_credential().await;
        assert!(resource_server.accepts(&tokens.access_token).await);
        // D1: one with it does.
        client.proving(&own).cannot_redeem(&code).await;
        assert!(!resource_server.accepts(&tokens.access_token).await);
    }
}

/// A name of a key that is none is told to the client before anybody signs in for it.
#[tokio::test]
async fn dpop_jkt_is_a_thumbprint() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.browser_of("alice").await;
    client.authorize(&browser).await.code();
    for bad in ["x", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs=", "ü"] {
        let refused = client
            .authorization_request()
            .with("dpop_jkt", bad)
            .walk(&browser)
            .await;
        assert_eq!(refused.error(), "invalid_request", "{bad}");
    }
    let twice = client
        .authorization_request()
        .and("dpop_jkt", &DpopSigner::new(&app).thumbprint())
        .and("dpop_jkt", &DpopSigner::new(&app).thumbprint())
        .walk(&browser)
        .await;
    assert_eq!(twice.error(), "invalid_request");
}

/// RFC 9449 §5: whoever steals a public client's refresh token needs its key too, and spoils nothing without.
#[tokio::test]
async fn a_public_clients_refresh_token_is_for_its_key_alone() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let (own, other) = (DpopSigner::new(&app), DpopSigner::new(&app));
    let client = acme.public_client().await.proving(&own);
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let thieves = || {
        [
            client.without_proof(),
            client.proving(&other),
            client.proving(&other).through(replica.wire()),
        ]
    };
    // The live leaf, one that was just spent, and one whose successor was used.
    for thief in thieves() {
        thief.cannot_refresh(first.refresh_token()).await;
    }
    let second = client.refresh(first.refresh_token()).await.tokens();
    for thief in thieves() {
        thief.cannot_refresh(first.refresh_token()).await;
    }
    let again = client.refresh(first.refresh_token()).await.tokens();
    assert_eq!(again.refresh_token, second.refresh_token);
    let third = client.refresh(second.refresh_token()).await.tokens();
    for thief in thieves() {
        thief.cannot_refresh(first.refresh_token()).await;
    }
    // Nobody was signed out by any of it.
    assert!(
        acme.resource_credential()
            .await
            .accepts(&third.access_token)
            .await
    );
    let fourth = client.refresh(third.refresh_token()).await.tokens();
    // The rightful holder's own reuse is still reuse.
    client.cannot_refresh(first.refresh_token()).await;
    client.cannot_refresh(fourth.refresh_token()).await;
}

/// RFC 9449 §5: a confidential client's refresh token is guarded by its own authentication; the key may
/// change, and may be left out.
#[tokio::test]
async fn a_confidential_clients_refresh_token_is_for_any_key() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (one, two) = (DpopSigner::new(&app), DpopSigner::new(&app));
    let client = acme.confidential_client().await;
    let first = client
        .proving(&one)
        .tokens_of(&acme.browser_of("alice").await)
        .await;
    let second = client
        .proving(&two)
        .refresh(first.refresh_token())
        .await
        .tokens();
    assert_eq!(second.claims()["cnf"]["jkt"], two.thumbprint());
    let third = client.refresh(second.refresh_token()).await.tokens();
    assert!(third.claims().get("cnf").is_none());
}

/// A public client that began without a key may show one later: the access token is then bound, the
/// refresh token stays as it was issued.
#[tokio::test]
async fn a_refresh_token_that_was_issued_without_a_key_is_not_bound_later() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client
        .proving(&signer)
        .refresh(first.refresh_token())
        .await
        .tokens();
    assert_eq!(second.claims()["cnf"]["jkt"], signer.thumbprint());
    client.refresh(second.refresh_token()).await.tokens();
}

/// The order of checks at refresh: client, key, token, scope and resource; whatever fails changes nothing.
#[tokio::test]
async fn the_key_is_asked_after_the_client_and_before_the_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (own, other) = (DpopSigner::new(&app), DpopSigner::new(&app));
    let client = acme.public_client().await.proving(&own);
    let browser = acme.browser_of("alice").await;
    let tokens = client.tokens_of(&browser).await;
    let another = acme.public_client().await.proving(&other);
    // Another client hears nothing of keys.
    let refused = another.refresh(tokens.refresh_token()).await;
    refused.is_refused(400, "invalid_grant");
    assert!(!refused.text("error_description").contains("key"));
    // The wrong key hears nothing of scopes and resources.
    for (name, value) in [
        ("scope", "nothing-like-it"),
        ("resource", "https://x.example/"),
    ] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh_token()),
            (name, value),
        ];
        client
            .proving(&other)
            .token(&fields)
            .await
            .is_refused(400, "invalid_grant");
        let told = client.token(&fields).await;
        assert_ne!(told.text("error"), "invalid_grant", "{told:?}");
    }
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// `grace_matrix`, the rows of the key: within the window the old token answers its own key with the same
/// successor, and nobody else with anything.
#[tokio::test]
async fn within_the_grace_only_the_key_gets_the_successor() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (own, other) = (DpopSigner::new(&app), DpopSigner::new(&app));
    let client = acme.public_client().await.proving(&own);
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    for _ in 0..2 {
        client
            .without_proof()
            .cannot_refresh(first.refresh_token())
            .await;
        client
            .proving(&other)
            .cannot_refresh(first.refresh_token())
            .await;
        let again = client.refresh(first.refresh_token()).await.tokens();
        assert_eq!(again.refresh_token, second.refresh_token);
        assert_eq!(again.claims()["cnf"]["jkt"], own.thumbprint());
        app.clock().advance(Duration::from_secs(20));
    }
    client.refresh(second.refresh_token()).await.tokens();
}

async fn bound_client(tenant: &TestTenant) -> OAuthClient {
    let metadata = json!({
        "client_name": "A machine that proves its key",
        "redirect_uris": ["https://bound.example/callback"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
        "dpop_bound_access_tokens": true,
    });
    tenant.client(&metadata).await
}

/// RFC 9449 §5.2: who registered for it gets nothing without a proof, at any grant.
#[tokio::test]
async fn a_client_that_registered_for_it_always_proves_its_key() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let bare = bound_client(&acme).await;
    let client = bare.proving(&signer);
    let browser = acme.browser_of("alice").await;
    let code = bare.code_from(&browser).await;
    let told = bare.redeem(&code).await;
    told.is_refused(400, "invalid_dpop_proof");
    let tokens: Tokens = client.redeem(&code).await.tokens();
    for refused in [
        bare.refresh(tokens.refresh_token()).await,
        bare.client_credentials(None).await,
    ] {
        refused.is_refused(400, "invalid_dpop_proof");
        let description = refused.text("error_description");
        assert!(description.contains("must send a DPoP proof"));
    }
    client.refresh(tokens.refresh_token()).await.tokens();
    client.client_credentials(None).await.tokens();
    // Revoking is no token request.
    bare.revoke(tokens.refresh_token()).await.expect_status(200);
}

/// The same for a client that registered itself, and the answer says so.
#[tokio::test]
async fn a_client_registers_itself_for_bound_tokens() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let metadata = json!({
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none",
        "dpop_bound_access_tokens": true,
    });
    let made = acme.register(&metadata).await.expect_status(201).json();
    assert_eq!(made["dpop_bound_access_tokens"], true);
    let client = acme.client_of(&made);
    let code = client.code_from(&acme.browser_of("alice").await).await;
    client
        .redeem(&code)
        .await
        .is_refused(400, "invalid_dpop_proof");
    client
        .proving(&DpopSigner::new(&app))
        .redeem(&code)
        .await
        .tokens();
}
