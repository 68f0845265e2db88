//! The grace of rotation: an honest retry gets the same successor, and there is one live leaf
//! (a deviation that `docs/divergences.md` explains).

use std::time::Duration;

use serde_json::json;

use crate::harness::{ClientAuthentication, DpopSigner, TestApp, Tokens};
use crate::refresh_token::{live_generations, refresh_with};

/// F4: within the window too: what counts is that the successor was used.
#[tokio::test]
async fn a_used_successor_ends_the_grace_at_once() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    let elsewhere = client.clone().through(other_replica.wire());
    let third = elsewhere.refresh(second.refresh_token()).await.tokens();

    client.cannot_refresh(first.refresh_token()).await;

    elsewhere.cannot_refresh(third.refresh_token()).await;
}

/// F4: after the window the old token is dead, but it proves no theft: the successor lives on.
#[tokio::test]
async fn an_old_token_after_the_window_is_refused_and_revokes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client.refresh(first.refresh_token()).await.tokens();

    app.clock().advance(Duration::from_secs(59));
    let again = client.refresh(first.refresh_token()).await.tokens();
    assert_eq!(again.refresh_token, second.refresh_token);
    app.clock().advance(Duration::from_secs(1));
    client.cannot_refresh(first.refresh_token()).await;

    assert!(
        acme.resource_credential()
            .await
            .accepts(&second.access_token)
            .await
    );
    client.refresh(second.refresh_token()).await.tokens();
}

/// F5: an answer that was lost is asked for again, and is the same: still one live leaf.
#[tokio::test]
async fn a_retry_gets_the_same_successor() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    for client in [acme.public_client().await, acme.confidential_client().await] {
        let first = client.tokens_of(&acme.browser_of("alice").await).await;
        let elsewhere = client.clone().through(other_replica.wire());
        let second = client.refresh(first.refresh_token()).await.tokens();
        for retry in [&client, &elsewhere, &client] {
            let again = retry.refresh(first.refresh_token()).await.tokens();
            assert_eq!(again.refresh_token, second.refresh_token);
            assert_ne!(
                again.claims()["jti"],
                second.claims()["jti"],
                "the access token is a fresh one"
            );
            assert!(resource_server.accepts(&again.access_token).await);
        }
        client.refresh(second.refresh_token()).await.tokens();
    }
    assert_eq!(live_generations(&app).await, [2, 2]);
}

/// F5: the window is the tenant's to set; zero means that every retry fails, and revokes nothing.
#[tokio::test]
async fn the_grace_window_is_a_setting() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;

    acme.change("", &json!({ "refresh_grace_window": 0 })).await;
    let first = client.tokens_of(&alice).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    client.cannot_refresh(first.refresh_token()).await;
    client.refresh(second.refresh_token()).await.tokens();

    acme.change("", &json!({ "refresh_grace_window": 600 }))
        .await;
    let first = client.tokens_of(&alice).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    app.clock().advance(Duration::from_secs(599));
    assert_eq!(
        client
            .refresh(first.refresh_token())
            .await
            .tokens()
            .refresh_token,
        second.refresh_token
    );
}

/// F5, `grace_matrix`: whatever comes with the old token inside the window: the successor is kept,
/// there is one live leaf, and nothing is revoked.
#[tokio::test]
async fn grace_matrix() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let client = acme.confidential_client().await;
    let request = client
        .authorization_request()
        .with("scope", "notes:read notes:write")
        .and("resource", &mail.identifier);
    let code = request.walk(&acme.browser_of("alice").await).await.code();
    let at_first = [
        ("grant_type", "authorization_code"),
        ("code", &code.code),
        ("code_verifier", &code.verifier),
        ("resource", &acme.resource.identifier),
    ];
    let first = client.token(&at_first).await.tokens();
    let old = first.refresh_token();
    let second = refresh_with(&client, old, "resource", &acme.resource.identifier)
        .await
        .tokens();
    let unknown_resource = "https://unknown.example/";
    let notes = acme.resource.identifier.as_str();

    refresh_with(&client, old, "resource", unknown_resource)
        .await
        .is_refused(400, "invalid_target");
    for scope in ["admin", "notes:read admin"] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", old),
            ("resource", notes),
            ("scope", scope),
        ];
        client.token(&fields).await.is_refused(400, "invalid_scope");
    }
    let wrong = client
        .clone()
        .with_authentication(ClientAuthentication::Basic("wrong".to_owned()));
    wrong.refresh(old).await.is_refused(401, "invalid_client");
    let none = client
        .clone()
        .with_authentication(ClientAuthentication::None);
    none.refresh(old).await.is_refused(401, "invalid_client");
    acme.public_client().await.cannot_refresh(old).await;
    acme.confidential_client().await.cannot_refresh(old).await;
    client.cannot_refresh(&old[..old.len() - 1]).await;
    // Without the resource there is no default among the two that were granted.
    client.refresh(old).await.is_refused(400, "invalid_target");

    for (resource, scope, audience, granted) in [
        (notes, "", &acme.resource.audience, "notes:read notes:write"),
        (notes, "notes:read", &acme.resource.audience, "notes:read"),
        (
            &mail.identifier,
            "notes:write",
            &mail.audience,
            "notes:write",
        ),
        (
            &mail.identifier,
            "",
            &mail.audience,
            "notes:read notes:write",
        ),
    ] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", old),
            ("resource", resource),
            ("scope", scope),
        ];
        let again = client.token(&fields).await.tokens();
        assert_eq!(
            again.refresh_token, second.refresh_token,
            "{resource} {scope}"
        );
        assert_eq!(again.claims()["aud"], audience.as_str());
        assert_eq!(again.body["scope"], granted);
    }
    assert_eq!(live_generations(&app).await, [1]);

    refresh_with(&client, second.refresh_token(), "resource", notes)
        .await
        .tokens();
}

/// F5, T2, `grace_matrix` of a token that is bound to a key: whoever lacks the key gets nothing and spoils nothing,
/// and is told about the key before anything else.
#[tokio::test]
async fn grace_matrix_of_a_bound_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (own, other) = (DpopSigner::new(&app), DpopSigner::new(&app));
    let client = acme.public_client().await.proving(&own);
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let old = first.refresh_token();
    let second = client.refresh(old).await.tokens();

    for thief in [client.without_proof(), client.proving(&other)] {
        thief.cannot_refresh(old).await;
        thief.cannot_refresh(second.refresh_token()).await;
        for (name, value) in [
            ("scope", "notes:read admin"),
            ("resource", "https://unknown.example/"),
        ] {
            refresh_with(&thief, old, name, value)
                .await
                .is_refused(400, "invalid_grant");
        }
    }
    refresh_with(&client, old, "scope", "admin")
        .await
        .is_refused(400, "invalid_scope");
    refresh_with(&client, old, "resource", "https://unknown.example/")
        .await
        .is_refused(400, "invalid_target");
    let spent = own.proof("POST", &acme.url("token"));
    let fields = [("grant_type", "refresh_token"), ("refresh_token", old)];
    for _ in 0..2 {
        let again = client.token_with_proof(&fields, &spent).await;
        if again.status == 200 {
            assert_eq!(again.tokens().refresh_token, second.refresh_token);
        } else {
            again.is_refused(400, "invalid_dpop_proof");
        }
    }
    assert_eq!(live_generations(&app).await, [1]);

    client.refresh(second.refresh_token()).await.tokens();
}

/// F5, `two_processes_diverge`: two processes of one application share a token store, and each looks
/// into it only when its own token fails; 61 seconds apart, beyond the window, for three rounds.
#[tokio::test]
async fn two_processes_diverge() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let mut stored = client.tokens_of(&acme.browser_of("alice").await).await;
    // What each of them has in memory.
    let mut held: [Tokens; 2] = [stored.clone(), stored.clone()];
    for round in 0..3 {
        for held in &mut held {
            app.clock().advance(Duration::from_secs(61));
            let own = client.refresh(held.refresh_token()).await;
            stored = if own.status.as_u16() == 200 {
                own.tokens()
            } else {
                // Refused, but nothing was revoked by it: what the other one stored is alive.
                own.is_refused(400, "invalid_grant");
                client.refresh(stored.refresh_token()).await.tokens()
            };
            *held = stored.clone();
            assert!(
                acme.resource_credential()
                    .await
                    .accepts(&stored.access_token)
                    .await,
                "round {round}"
            );
        }
    }
    assert_eq!(
        live_generations(&app).await,
        [6],
        "six rotations of one family, no fork"
    );
}
