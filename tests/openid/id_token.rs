//! The ID token beside the access token (OpenID Connect Core §2, §3.1.3, §12.2).

use std::time::Duration;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::harness::TestApp;

fn at_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(token)[..16])
}

#[tokio::test]
async fn an_id_token_says_who_signed_in_when_and_how() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid profile notes:read")
        .with("nonce", "n-0S6_WzA2Mj / \"odd\" ü");
    let signed_in_at = app.clock().unix_seconds();
    let code = asked.walk(&browser).await.code();
    app.clock().advance(Duration::from_secs(30));
    let tokens = client.redeem(&code).await.tokens();

    let id_token = id_token_of(&tokens);
    let claims = verified(&acme, &client, &id_token).await;
    assert_eq!(claims["sub"], acme.user("alice").await.id.as_str());
    assert_eq!(claims["sub"], tokens.claims()["sub"]);
    assert_eq!(claims["aud"], client.client_id.as_str(), "a string");
    assert_eq!(claims["nonce"], "n-0S6_WzA2Mj / \"odd\" ü");
    assert_eq!(claims["at_hash"], at_hash(&tokens.access_token));
    assert_eq!(claims["auth_time"], signed_in_at);
    assert_eq!(claims["iat"], app.clock().unix_seconds());
    assert_eq!(claims["acr"], PASSWORD);
    assert_eq!(tokens.claims()["acr"], PASSWORD, "RFC 9068 §2.2.1");
    assert!(claims["sid"].is_string());
    assert!(
        !claims.to_string().contains("alice"),
        "who wants to know more asks userinfo"
    );
    let header = part(&id_token, 0);
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["typ"], "JWT");
    assert_eq!(tokens.claims()["scope"], "openid profile notes:read");
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let tokens = tokens_with(&acme, &client, "profile notes:read").await;
    assert_eq!(tokens.body.get("id_token"), None);
    let renewed = client.refresh(tokens.refresh_token()).await.tokens();
    assert_eq!(renewed.body.get("id_token"), None);
}

/// Core §12.2: the same person and sign-in, a new token, no nonce.
#[tokio::test]
async fn a_refresh_brings_a_new_id_token_of_the_same_sign_in() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid notes:read")
        .with("nonce", "n-1");
    let code = asked.walk(&browser).await.code();
    let tokens = client.redeem(&code).await.tokens();
    let first = verified(&acme, &client, &id_token_of(&tokens)).await;
    app.clock().advance(Duration::from_hours(2));

    let renewed = client.refresh(tokens.refresh_token()).await.tokens();
    let second = verified(&acme, &client, &id_token_of(&renewed)).await;
    for same in ["iss", "sub", "aud", "auth_time", "acr", "sid"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert_eq!(second["iat"], app.clock().unix_seconds());
    assert_eq!(second.get("nonce"), None);
    assert_eq!(second["at_hash"], at_hash(&renewed.access_token));

    // A narrower refresh that leaves `openid` out gets none.
    let narrower = client
        .token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", renewed.refresh_token()),
            ("scope", "notes:read"),
        ])
        .await
        .tokens();
    assert_eq!(narrower.body.get("id_token"), None);
}

/// Discovery §3: RS256 is always there, whatever the tenant signs its access tokens with.
#[tokio::test]
async fn rs256_is_there_whatever_the_tenant_signs_with() {
    let app = TestApp::start().await;
    let body = json!({ "slug": "acme", "display_name": "Acme", "signing_algorithm": "ES256" });
    let acme = app.tenant_with(body).await;
    let metadata = acme.metadata().await.json();
    assert_eq!(
        metadata["id_token_signing_alg_values_supported"],
        json!(["RS256", "ES256"])
    );
    for (members, expected) in [
        (json!({}), "RS256"),
        (json!({ "id_token_signed_response_alg": "RS256" }), "RS256"),
        (json!({ "id_token_signed_response_alg": "ES256" }), "ES256"),
    ] {
        let client = client_with(&acme, &members).await;
        let tokens = tokens_with(&acme, &client, "openid notes:read").await;
        assert_eq!(tokens.header()["alg"], "ES256");
        let id_token = id_token_of(&tokens);
        assert_eq!(part(&id_token, 0)["alg"], expected);
        let claims = verified(&acme, &client, &id_token).await;
        assert_eq!(claims["at_hash"], at_hash(&tokens.access_token));
    }
}

/// `max_age` asks for a fresh sign-in, and `auth_time` shows that it was one.
#[tokio::test]
async fn auth_time_is_that_of_the_sign_in_that_max_age_asked_for() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid notes:read");
    let auth_time = async |asked: &crate::harness::AuthorizationRequest| {
        let code = asked.walk(&browser).await.code();
        let tokens = client.redeem(&code).await.tokens();
        verified(&acme, &client, &id_token_of(&tokens)).await["auth_time"].clone()
    };
    let first = auth_time(&asked).await;
    app.clock().advance(Duration::from_mins(10));

    assert_eq!(
        auth_time(&asked.clone().with("max_age", "900")).await,
        first
    );
    let fresh = auth_time(&asked.clone().with("max_age", "60")).await;
    assert_eq!(fresh, app.clock().unix_seconds());
    app.clock().advance(Duration::from_secs(1));
    let silent = asked.with("max_age", "0").with("prompt", "none");
    assert_eq!(silent.walk(&browser).await.error(), "login_required");
}

/// Core §3.1.2.1: `acr_values` is a wish, and the answer says what came of it.
#[tokio::test]
async fn acr_values_are_voluntary() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    for wish in [PASSWORD, "urn:example:a-second-factor", "gold silver"] {
        let asked = client
            .authorization_request()
            .with("scope", "openid notes:read")
            .with("acr_values", wish);
        let code = asked.walk(&browser).await.code();
        let tokens = client.redeem(&code).await.tokens();
        let claims = verified(&acme, &client, &id_token_of(&tokens)).await;
        assert_eq!(claims["acr"], PASSWORD, "{wish}");
    }
    let twice = client
        .authorization_request()
        .and("acr_values", "a")
        .and("acr_values", "b");
    assert_eq!(twice.walk(&browser).await.error(), "invalid_request");
}

/// A nonce of 2 KB survives the whole sign-in, and its ID token is below what verifiers take.
#[tokio::test]
async fn a_long_nonce_comes_back_whole() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    let nonce = "n".repeat(2_048);
    let asked = client
        .authorization_request()
        .with("scope", "openid notes:read")
        .with("nonce", &nonce);
    let code = asked.walk(&browser).await.code();
    let id_token = id_token_of(&client.redeem(&code).await.tokens());
    assert!(id_token.len() < 8 * 1_024);
    let claims = verified(&acme, &client, &id_token).await;
    assert_eq!(claims["nonce"], nonce.as_str());
}
