//! The id and the secret that a registration is given.

use serde_json::json;

use super::{goes_all_the_way, register};
use crate::harness::TestApp;

/// J3: the id is ours: no URL, plain characters, another one each time, whatever the client wished.
#[tokio::test]
async fn a_client_id_is_made_here() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let now = app.clock().unix_seconds();
    let body = json!({ "redirect_uris": ["https://client.example/callback"], "client_id": "admin", "client_name": "A" });
    let (first, second) = (register(&acme, &body).await, register(&acme, &body).await);
    assert_ne!(first["client_id"], second["client_id"]);
    for made in [first, second] {
        let (id, secret) = (
            made["client_id"].as_str().unwrap(),
            made["client_secret"].as_str().unwrap(),
        );
        let is_plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        assert!(
            is_plain(id) && is_plain(secret),
            "Basic is encoded in two ways: {made}"
        );
        assert!(id != "admin" && id.len() >= 16 && secret.len() >= 43);
        assert_eq!(made["client_id_issued_at"], now);
    }
}

/// J5: a public client gets no secret; a confidential one needs its secret from then on.
#[tokio::test]
async fn a_secret_is_given_to_who_asked_and_then_required() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = |method: &str| {
        json!({
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": method,
        })
    };
    let public = register(&acme, &body("none")).await;
    assert_eq!(public.get("client_secret"), None);
    goes_all_the_way(&acme, &acme.client_of(&public)).await;

    for method in ["client_secret_basic", "client_secret_post"] {
        let confidential = acme.client_of(&register(&acme, &body(method)).await);
        goes_all_the_way(&acme, &confidential).await;
        let code = confidential
            .code_from(&acme.browser_of("alice").await)
            .await;
        let without = confidential
            .clone()
            .with_authentication(crate::harness::ClientAuthentication::None);
        without
            .redeem(&code)
            .await
            .is_refused(401, "invalid_client");
    }
}
