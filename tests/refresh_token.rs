//! Refreshing: rotation that an honest retry survives and a thief does not.

use std::time::Duration;

use serde_json::json;

use crate::harness::{ClientAuthentication, OAuthClient, TestApp};

/// F1: each refresh brings a new token that works in its turn, and access tokens of the same person.
#[tokio::test]
async fn each_refresh_returns_a_new_refresh_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    for client in [acme.public_client().await, acme.confidential_client().await] {
        let first = client.tokens_of(&alice).await;
        let mut seen = vec![first.refresh_token().to_owned()];
        for _ in 0..3 {
            let renewed = client.refresh(seen.last().unwrap()).await.tokens();
            assert!(!seen.contains(&renewed.refresh_token().to_owned()));
            for claim in [
                "sub",
                "aud",
                "scope",
                "client_id",
                "auth_time",
                "grant_id",
                "iss",
            ] {
                assert_eq!(renewed.claims()[claim], first.claims()[claim], "{claim}");
            }
            assert_ne!(renewed.claims()["jti"], first.claims()["jti"]);
            seen.push(renewed.refresh_token().to_owned());
        }
    }
}

/// F2: a stranger with somebody's token gets nothing and costs nobody a session.
#[tokio::test]
async fn a_refresh_token_is_good_only_for_its_client_and_tenant() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let token = tokens.refresh_token();

    acme.public_client().await.cannot_refresh(token).await;
    acme.confidential_client().await.cannot_refresh(token).await;
    umbrella
        .confidential_client()
        .await
        .cannot_refresh(token)
        .await;
    umbrella.public_client().await.cannot_refresh(token).await;
    let wrong = client
        .clone()
        .with_authentication(ClientAuthentication::Basic("wrong".to_owned()));
    wrong.refresh(token).await.is_refused(401, "invalid_client");

    let renewed = client.refresh(token).await.tokens();
    assert!(
        acme.resource_credential()
            .await
            .accepts(&renewed.access_token)
            .await
    );
}

/// F2, O1: a spent token in the hands of another client is no reuse either.
#[tokio::test]
async fn a_strangers_reuse_revokes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let stranger = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    let third = client.refresh(second.refresh_token()).await.tokens();

    for spent in [&first, &second, &third] {
        stranger.cannot_refresh(spent.refresh_token()).await;
    }

    client.refresh(third.refresh_token()).await.tokens();
}

/// F3: what goes beyond the grant is refused before anything changed; a part of it is fine, and the
/// refresh token keeps the whole.
#[tokio::test]
async fn a_refused_scope_or_resource_rotates_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let client = acme.public_client().await;
    let request = client
        .authorization_request()
        .with("scope", "notes:read notes:write");
    let code = request.walk(&acme.browser_of("alice").await).await.code();
    let first = client.redeem(&code).await.tokens();
    let token = first.refresh_token();

    refresh_with(&client, token, "scope", "notes:read admin")
        .await
        .is_refused(400, "invalid_scope");
    refresh_with(&client, token, "scope", "admin")
        .await
        .is_refused(400, "invalid_scope");
    refresh_with(&client, token, "scope", "notes:\u{e4}")
        .await
        .is_refused(400, "invalid_scope");
    refresh_with(&client, token, "resource", &mail.identifier)
        .await
        .is_refused(400, "invalid_target");
    refresh_with(&client, token, "resource", "https://unknown.example/")
        .await
        .is_refused(400, "invalid_target");
    assert_eq!(live_generations(&app).await, [0], "nothing was rotated");

    let narrower = refresh_with(&client, token, "scope", "notes:read")
        .await
        .tokens();
    assert_eq!(narrower.body["scope"], "notes:read");
    assert_eq!(narrower.claims()["scope"], "notes:read");
    let whole = client.refresh(narrower.refresh_token()).await.tokens();
    assert_eq!(whole.body["scope"], "notes:read notes:write");
}

/// F4: a spent token whose successor was used: two parties have this grant, so nobody keeps it.
#[tokio::test]
async fn reuse_after_the_successor_was_used_revokes_the_grant() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;
    let bystander = client.tokens_of(&alice).await;
    let first = client.tokens_of(&alice).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    let third = client.refresh(second.refresh_token()).await.tokens();

    client.cannot_refresh(first.refresh_token()).await;

    for tokens in [&first, &second, &third] {
        assert!(!resource_server.accepts(&tokens.access_token).await);
        client.cannot_refresh(tokens.refresh_token()).await;
    }
    let events = acme.audit_events("refresh_token.reused").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(
        resource_server.accepts(&bystander.access_token).await,
        "another grant of the same client lives on"
    );
    client.refresh(bystander.refresh_token()).await.tokens();
}

/// F7: a token that is not used for the idle lifetime is dead; each use begins it anew.
#[tokio::test]
async fn an_unused_refresh_token_dies_of_idleness() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change(
        "",
        &json!({ "refresh_idle_lifetime": 300, "refresh_absolute_lifetime": 10_000 }),
    )
    .await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;

    app.clock().advance(Duration::from_secs(299));
    let second = client.refresh(first.refresh_token()).await.tokens();
    app.clock().advance(Duration::from_secs(299));
    let third = client.refresh(second.refresh_token()).await.tokens();
    app.clock().advance(Duration::from_mins(5));
    client.cannot_refresh(third.refresh_token()).await;
}

/// F7: the absolute lifetime is that of the sign-in: no rotation makes it longer.
#[tokio::test]
async fn the_absolute_lifetime_survives_rotation() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change(
        "",
        &json!({ "refresh_idle_lifetime": 300, "refresh_absolute_lifetime": 600 }),
    )
    .await;
    let client = acme.public_client().await;
    let mut tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    for _ in 0..2 {
        app.clock().advance(Duration::from_secs(250));
        tokens = client.refresh(tokens.refresh_token()).await.tokens();
    }

    app.clock().advance(Duration::from_secs(99));
    tokens = client.refresh(tokens.refresh_token()).await.tokens();
    app.clock().advance(Duration::from_secs(1));
    client.cannot_refresh(tokens.refresh_token()).await;
}

/// F10: what was cut, lengthened or altered anywhere is nothing to us, and costs the real one nothing.
#[tokio::test]
async fn a_mangled_refresh_token_is_unknown() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let token = tokens.refresh_token();
    let mut mangled = vec![
        token[..token.len() - 1].to_owned(),
        token[..token.len() / 2].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        format!("{token} "),
        token.to_uppercase(),
        token.replacen("writ_rt_", "", 1),
        token.replacen("writ_rt_", "writ_ac_", 1),
        "writ_rt_".to_owned(),
        format!("writ_rt_{}", "A".repeat(82)),
        "\u{1f511}".to_owned(),
    ];
    for at in (8..token.len()).step_by(7).chain([token.len() - 1]) {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        mangled.push(format!("{}{other}{}", &token[..at], &token[at + 1..]));
    }

    for mangled in mangled {
        let answer = client.refresh(&mangled).await;
        assert_eq!(answer.status.as_u16(), 400, "{mangled}: {answer:?}");
        answer.is_refused(400, "invalid_grant");
    }

    assert_eq!(live_generations(&app).await, [0]);
    client.refresh(token).await.tokens();
}

pub async fn refresh_with(
    client: &OAuthClient,
    token: &str,
    name: &str,
    value: &str,
) -> crate::harness::Answer {
    client
        .token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            (name, value),
        ])
        .await
}

/// The generation of each family's one live leaf, in the order in which they were made.
pub async fn live_generations(app: &TestApp) -> Vec<i32> {
    let mut database = app.database().db_connect_as_superuser().await;
    let live = "select generation from refresh_families where revoked_at is null order by created_at, family_id";
    sqlx::query_scalar(live)
        .fetch_all(&mut database)
        .await
        .unwrap()
}
