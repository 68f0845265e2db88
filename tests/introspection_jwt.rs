//! Introspection answered with a signed JWT (RFC 9701).

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, ResourceServer, TestApp, TestTenant, basic};
use crate::revocation_feed::verified;

const MEDIA_TYPE: &str = "application/token-introspection+jwt";

async fn ask(tenant: &TestTenant, caller: &ResourceServer, token: &str, accept: &str) -> Answer {
    let request = tenant
        .wire()
        .request(Method::POST, &tenant.url("introspect"))
        .header(
            "authorization",
            basic(&caller.client_id, &caller.client_secret),
        )
        .header("accept", accept)
        .form(&[("token", token)]);
    Answer::of(request).await
}

/// RFC 9701 §5: issuer, the caller as audience, the time, and the very answer that JSON would be.
#[tokio::test]
async fn a_resource_server_gets_the_answer_signed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let caller = acme.resource_credential().await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let plain = caller.introspect(&tokens.access_token).await;

    let answer = ask(&acme, &caller, &tokens.access_token, MEDIA_TYPE).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), MEDIA_TYPE);
    assert!(answer.header("cache-control").contains("no-store"));
    let claims = verified(&acme, &answer.body, "token-introspection+jwt").await;
    let expected = json!({
        "iss": acme.issuer,
        "aud": caller.client_id,
        "iat": app.clock().unix_seconds(),
        "token_introspection": plain,
    });
    assert_eq!(claims, expected);
    for format in ["json", "jwt"] {
        let labels = format!("format=\"{format}\",outcome=\"active\"");
        let counted = format!("writ_introspections_total{{{labels}}}");
        assert_eq!(app.metric(&counted).await, Some(1), "{format}");
    }
}

/// H2, H3: what is inactive is so in a JWT too, and for every reason alike.
#[tokio::test]
async fn an_inactive_token_is_inactive_in_the_jwt() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let caller = acme.resource_credential().await;
    let client = acme.public_client().await;
    let revoked = client.tokens_of(&acme.browser_of("alice").await).await;
    client
        .revoke(revoked.refresh_token())
        .await
        .expect_status(200);
    for token in [revoked.access_token.as_str(), "garbage"] {
        let answer = ask(&acme, &caller, token, MEDIA_TYPE).await;
        let claims = verified(&acme, &answer.body, "token-introspection+jwt").await;
        assert_eq!(claims["token_introspection"], json!({ "active": false }));
    }
}

/// H1: errors stay JSON, and come before any signature; plain JSON is for everybody who names nothing else.
#[tokio::test]
async fn json_is_for_errors_and_for_whoever_does_not_ask() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let caller = acme.resource_credential().await;
    let stranger = ResourceServer {
        client_secret: "wrong".to_owned(),
        ..caller.clone()
    };
    ask(&acme, &stranger, "x", MEDIA_TYPE)
        .await
        .is_refused(401, "invalid_client");
    let client = acme.confidential_client().await;
    let token = client.client_credentials(None).await.tokens().access_token;
    for accept in [
        "*/*",
        "application/json",
        "application/token-introspection+jwt;q=0.1, application/json",
        "application/token-introspection+jwt;q=0",
    ] {
        let answer = ask(&acme, &caller, &token, accept).await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.json()["active"], true, "{accept}");
    }
}

/// G5: the answer about a token is no token.
#[tokio::test]
async fn an_introspection_jwt_is_no_access_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let caller = acme.resource_credential().await;
    let client = acme.confidential_client().await;
    let token = client.client_credentials(None).await.tokens().access_token;
    let answer = ask(&acme, &caller, &token, MEDIA_TYPE).await;
    assert!(!caller.accepts(&answer.body).await);
    client.revoke(&answer.body).await.expect_status(200);
    assert!(caller.accepts(&token).await);
}
