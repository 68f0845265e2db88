//! Revocation (RFC 7009): a client gives a token back.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::{ClientAuthentication, OAuthClient, TestApp, TestTenant, Tokens};

async fn signed_in(tenant: &TestTenant) -> (OAuthClient, Tokens) {
    let client = tenant.public_client().await;
    let tokens = client.tokens_of(&tenant.browser_of("alice").await).await;
    (client, tokens)
}

/// I1: RFC 7009 §2.2: what is unknown is as good as revoked; hints do not matter; a missing token does.
#[tokio::test]
async fn what_is_unknown_is_as_good_as_revoked() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let malformed_refresh = "writ_rt_AAAA";
    for token in ["garbage", "a.b.c", malformed_refresh, &"x".repeat(4096)] {
        let answer = client.revoke(token).await.expect_status(200);
        assert!(answer.header("cache-control").contains("no-store"));
    }
    client
        .post("revoke", &[])
        .await
        .is_refused(400, "invalid_request");
    client
        .post("revoke", &[("token", "")])
        .await
        .is_refused(400, "invalid_request");
    client
        .post("revoke", &[("token", "a"), ("token", "b")])
        .await
        .is_refused(400, "invalid_request");
}

/// I1: a wrong or unknown hint does not keep a token alive.
#[tokio::test]
async fn a_wrong_hint_does_not_save_a_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    for hint in ["refresh_token", "access_token", "unheard_of"] {
        let (client, tokens) = signed_in(&acme).await;
        for token in [&tokens.access_token, tokens.refresh_token()] {
            client
                .post("revoke", &[("token", token), ("token_type_hint", hint)])
                .await
                .expect_status(200);
        }
        assert!(
            !resource_server.accepts(&tokens.access_token).await,
            "{hint}"
        );
        client.cannot_refresh(tokens.refresh_token()).await;
    }
}

/// I2: the refresh token takes everything of its sign-in with it, and nothing of another one.
#[tokio::test]
async fn a_refresh_token_takes_the_tokens_of_its_sign_in_with_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let (client, first) = signed_in(&acme).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    let elsewhere = client.tokens_of(&acme.browser_of("alice").await).await;

    client
        .revoke(second.refresh_token())
        .await
        .expect_status(200);
    for tokens in [&first, &second] {
        assert!(!resource_server.accepts(&tokens.access_token).await);
        client.cannot_refresh(tokens.refresh_token()).await;
    }
    assert!(resource_server.accepts(&elsewhere.access_token).await);
    client.refresh(elsewhere.refresh_token()).await.tokens();
}

/// I2: a client that lost the last answer still signs out with the token that it has.
#[tokio::test]
async fn a_spent_refresh_token_signs_out_as_well() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let (client, first) = signed_in(&acme).await;
    let second = client.refresh(first.refresh_token()).await.tokens();

    client
        .revoke(first.refresh_token())
        .await
        .expect_status(200);
    assert!(!resource_server.accepts(&second.access_token).await);
    client.cannot_refresh(second.refresh_token()).await;
}

/// I2: a stated decision: the access token goes alone (RFC 7009 §2.1 leaves it open).
#[tokio::test]
async fn an_access_token_goes_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let (client, first) = signed_in(&acme).await;
    let second = client.refresh(first.refresh_token()).await.tokens();

    client.revoke(&second.access_token).await.expect_status(200);
    assert!(!resource_server.accepts(&second.access_token).await);
    assert!(resource_server.accepts(&first.access_token).await);
    let third = client.refresh(second.refresh_token()).await.tokens();
    assert!(resource_server.accepts(&third.access_token).await);
}

/// I3: 200 as for anything that is not the caller's, and nothing happened.
#[tokio::test]
async fn another_clients_token_is_left_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let (client, tokens) = signed_in(&acme).await;
    let own = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    let stranger = acme.registered_client("http://127.0.0.1/stranger").await;

    for token in [
        &tokens.access_token,
        tokens.refresh_token(),
        &own.access_token,
    ] {
        let theirs = stranger.revoke(token).await.expect_status(200);
        let unknown = stranger.revoke("garbage").await.expect_status(200);
        assert_eq!(theirs.body, unknown.body);
    }
    assert!(resource_server.accepts(&tokens.access_token).await);
    assert!(resource_server.accepts(&own.access_token).await);
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// I4: once more is fine.
#[tokio::test]
async fn revoking_again_changes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, tokens) = signed_in(&acme).await;
    for _ in 0..3 {
        client
            .revoke(tokens.refresh_token())
            .await
            .expect_status(200);
        client.revoke(&tokens.access_token).await.expect_status(200);
    }
    let events = acme.audit_events("grant.revoked").await;
    assert_eq!(events.len(), 1, "{events:?}");
}

/// I4: however a revocation and refreshes of one family fall together, nothing lives afterwards.
#[tokio::test]
async fn no_refresh_survives_a_revocation_beside_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    for round in 0..4 {
        let (client, tokens) = signed_in(&acme).await;
        let revoking = async {
            for _ in 0..round {
                client.revoke("garbage").await.expect_status(200);
            }
            client
                .revoke(tokens.refresh_token())
                .await
                .expect_status(200)
        };
        let refreshing = join_all((0..8).map(|_| client.refresh(tokens.refresh_token())));
        let (_, answers) = tokio::join!(revoking, refreshing);

        for answer in answers {
            if answer.status != 200 {
                answer.is_refused(400, "invalid_grant");
                continue;
            }
            let renewed = answer.tokens();
            assert!(!resource_server.accepts(&renewed.access_token).await);
            client.cannot_refresh(renewed.refresh_token()).await;
        }
        assert!(!resource_server.accepts(&tokens.access_token).await);
    }
}

/// RFC 7009 §2.1: a client proves itself here as at the token endpoint.
#[tokio::test]
async fn a_client_proves_itself_before_it_revokes() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;

    for wrong in [
        ClientAuthentication::None,
        ClientAuthentication::Basic("wrong".to_owned()),
        ClientAuthentication::Post("wrong".to_owned()),
    ] {
        let impostor = client.clone().with_authentication(wrong);
        impostor
            .revoke(tokens.refresh_token())
            .await
            .is_refused(401, "invalid_client");
    }
    assert!(resource_server.accepts(&tokens.access_token).await);
    let refused = app.wire().get(&acme.url("revoke")).await;
    refused.is_refused(405, "invalid_request");
    assert_eq!(refused.header("allow"), "POST, OPTIONS");

    client
        .revoke(tokens.refresh_token())
        .await
        .expect_status(200);
    assert!(!resource_server.accepts(&tokens.access_token).await);
}

/// What an administrator disabled may still be given back: signing out only ever takes away.
#[tokio::test]
async fn a_disabled_client_may_still_sign_out() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, tokens) = signed_in(&acme).await;
    let path = format!("/clients/{}", client.client_id);
    acme.change(&path, &json!({ "is_enabled": false })).await;
    client
        .revoke(tokens.refresh_token())
        .await
        .expect_status(200);
    acme.change(&path, &json!({ "is_enabled": true })).await;
    client.cannot_refresh(tokens.refresh_token()).await;
}

/// RFC 7009 §2.2: an expired token needs no revoking.
#[tokio::test]
async fn an_expired_access_token_is_answered_like_any_other() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, tokens) = signed_in(&acme).await;
    app.clock().advance(Duration::from_secs(901));
    client.revoke(&tokens.access_token).await.expect_status(200);
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// A token in a URL would be in every log on the way.
#[tokio::test]
async fn a_token_in_the_url_is_not_read() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, tokens) = signed_in(&acme).await;
    let url = format!(
        "{}?token={}&client_id={}",
        acme.url("revoke"),
        tokens.refresh_token(),
        client.client_id
    );
    let answer = crate::harness::Answer::of(
        app.wire()
            .request(Method::POST, &url)
            .form(&[("client_id", &client.client_id)]),
    )
    .await;
    answer.is_refused(400, "invalid_request");
    client.refresh(tokens.refresh_token()).await.tokens();
}
