//! The tutorial: what an MCP client does from "401, go and find a token" to giving the token back.

use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::harness::TestApp;

#[tokio::test]
async fn an_mcp_client_goes_from_discovery_to_revocation() {
    // An operator runs Writ, makes a tenant with a resource, and a person who may sign in.
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let resource_server = acme.resource_credential().await;

    // The client learns everything from one document (RFC 8414 §3): where to go, and what is supported.
    let metadata = acme.metadata().await.expect_status(200).json();
    assert_eq!(metadata["issuer"], acme.issuer.as_str());
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );

    // Nobody told us about this client, so it registers itself (RFC 7591 §3).
    let registered = acme
        .register(&json!({
            "client_name": "A new MCP client",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "token_endpoint_auth_method": "none",
        }))
        .await
        .expect_status(201)
        .json();
    let client = acme
        .client_of(&registered)
        .with_redirect_uri("http://127.0.0.1:49152/callback");

    // It sends the person's browser to us, naming the resource it wants to use (RFC 8707 §2.1).
    let request = client
        .authorization_request()
        .with("scope", "notes:read notes:write");
    let login = request.open(&browser).await;
    assert!(login.is_login());
    let alice = acme.user("alice").await;
    let consent = browser
        .log_in(&login, &alice.username, &alice.password)
        .await;
    assert!(consent.html().contains("A new MCP client"));
    assert!(consent.html().contains("Read your notes"));

    // She allows it, and the browser goes back to the client with a code, its state, and our name.
    let code = request.walk(&browser).await.code();

    // Whoever has the code and the verifier gets the tokens (RFC 7636 §4.5).
    let tokens = client.redeem(&code).await.tokens();
    assert_eq!(tokens.body["scope"], "notes:read notes:write");
    assert_eq!(tokens.body["expires_in"], 900);

    // The MCP server checks the access token with our public keys. It is good for that server alone.
    let keys: JwkSet = serde_json::from_value(acme.jwks().await.expect_status(200).json()).unwrap();
    let claims = verify(
        &tokens.access_token,
        &keys,
        &acme.issuer,
        &acme.resource.audience,
    );
    assert_eq!(claims["sub"], alice.id.as_str());
    assert_eq!(claims["aud"], acme.resource.audience.as_str());
    assert_eq!(claims["client_id"], client.client_id.as_str());

    // Or it asks us (RFC 7662 §2).
    assert_eq!(
        resource_server.introspect(&tokens.access_token).await["active"],
        true
    );

    // When the access token is old, the client gets a new one; the refresh token changes with each use.
    app.clock().advance(Duration::from_secs(901));
    assert!(!resource_server.accepts(&tokens.access_token).await);
    let renewed = client.refresh(tokens.refresh_token()).await.tokens();
    assert_ne!(renewed.refresh_token(), tokens.refresh_token());
    assert!(resource_server.accepts(&renewed.access_token).await);

    // At the end it gives the refresh token back, and everything that came of the sign-in is dead.
    client
        .revoke(renewed.refresh_token())
        .await
        .expect_status(200);
    assert!(!resource_server.accepts(&renewed.access_token).await);
    client.cannot_refresh(renewed.refresh_token()).await;
}

/// What a resource server's library does with a token (RFC 9068 §4), expiry aside: the clock is ours.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the other side: it verifies what crypto signed"
)]
fn verify(token: &str, keys: &JwkSet, issuer: &str, audience: &str) -> Value {
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.validate_exp = false;
    jsonwebtoken::decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation)
        .unwrap()
        .claims
}
