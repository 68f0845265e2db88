//! What a well-known client is let pass, once it is certain that it is the one.

use serde_json::json;

use crate::harness::{
    ClientAuthentication, ClientKey, OAuthClient, Served, TestApp, TestAppOptions, TestInternet,
};

const CLIENT: &str = "https://chatgpt.com/oauth/client.json";
const KEYS: &str = "https://chatgpt.com/oauth/jwks.json";
const CALLBACK: &str = "https://chatgpt.com/connector_platform_oauth_redirect";

/// E7, E12: ChatGPT's document lists two methods and a `jwks_uri`, and its assertions name the token
/// endpoint: the stronger method is taken, its habit let pass, counted, and the weaker one never taken.
#[tokio::test]
async fn chatgpt_signs_for_the_token_endpoint() {
    let internet = TestInternet::of(&["chatgpt.com"]).await;
    let key = ClientKey::generate("RS256", "of chatgpt");
    let document = json!({
        "client_id": CLIENT,
        "client_name": "ChatGPT",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg": "RS256",
        "jwks_uri": KEYS,
    });
    internet.serve(CLIENT, Served::json(&document));
    internet.serve(KEYS, Served::json(&key.jwks()));
    let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
    let acme = app.tenant("acme").await;
    let client = OAuthClient {
        issuer: acme.issuer.clone(),
        wire: acme.wire().clone(),
        client_id: CLIENT.to_owned(),
        authentication: ClientAuthentication::None,
        redirect_uri: CALLBACK.to_owned(),
        resource: Some(acme.resource.identifier.clone()),
        dpop: None,
    };
    let browser = acme.browser_of("alice").await;
    let code = client.authorize(&browser).await.code();
    client.redeem(&code).await.is_refused(401, "invalid_client");
    let mut chatgpt = client.clone().signing(&key, app.shared_clock());
    if let ClientAuthentication::Assertion(signer) = &mut chatgpt.authentication {
        signer.audience = acme.url("token");
    }
    let tokens = chatgpt.redeem(&code).await.tokens();
    chatgpt.refresh(tokens.refresh_token()).await.tokens();
    assert_eq!(internet.requests_of(KEYS), 1);
    let used = "writ_tolerances_used_total{tolerance=\"token_endpoint_audience\"}";
    assert_eq!(app.metric(used).await, Some(2));
    // The keys' host being away lets nobody in by the other method.
    internet.set_down(true);
    app.clock().advance(std::time::Duration::from_hours(25));
    chatgpt
        .refresh(tokens.refresh_token())
        .await
        .is_refused(503, "temporarily_unavailable");
    client
        .refresh(tokens.refresh_token())
        .await
        .is_refused(401, "invalid_client");
}
