//! Initial access tokens: made with bounds, listed, revoked. What they open is in `registration`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{id_of, is_problem, is_problem_of};
use crate::harness::TestApp;

/// A token is shown once, listed with what it is good for, and stays in the list when it is revoked.
#[tokio::test]
async fn an_initial_access_token_is_made_listed_and_revoked() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let tokens = acme.path("/initial-access-tokens");
    let body = json!({ "name": "the mobile team", "max_uses": 2, "lifetime": 3_600 });
    let mut made = app.admin().create(&tokens, &body).await;
    let token = made["initial_access_token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("writ_iat_"), "{token}");
    made.as_object_mut().unwrap().remove("initial_access_token");
    assert_eq!(made["uses"], 0);
    assert!(made["expires_at"].is_string() && made["revoked_at"].is_null());
    // What was made in one moment has no order.
    app.clock().advance(Duration::from_secs(1));
    let lasting = app.admin().create(&tokens, &json!({ "name": "us" })).await;
    assert_eq!(
        [&lasting["max_uses"], &lasting["expires_at"]],
        [&Value::Null, &Value::Null]
    );
    let list = async || app.admin().get(&tokens).await.json()["data"].clone();
    assert_eq!(list().await[0], made);

    let path = format!("{tokens}/{}", id_of(&made));
    app.admin().delete(&path).await.expect_status(204);
    assert!(list().await[0]["revoked_at"].is_string());
    is_problem(&app.admin().delete(&path).await, 404, "not-found");
}

/// What could not be meant is refused by name.
#[tokio::test]
async fn an_initial_access_token_has_sensible_bounds() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let tokens = acme.path("/initial-access-tokens");
    for (changes, field) in [
        (json!({ "name": " " }), "name"),
        (json!({ "max_uses": 0 }), "max_uses"),
        (json!({ "max_uses": 1_000_001 }), "max_uses"),
        (json!({ "lifetime": 59 }), "lifetime"),
        (
            json!({ "expires_at": "2001-01-01T00:00:00Z" }),
            "expires_at",
        ),
        (
            json!({ "expires_at": "2500-01-01T00:00:00Z" }),
            "expires_at",
        ),
        (
            json!({ "expires_at": "2030-01-01T00:00:00Z", "lifetime": 60 }),
            "lifetime",
        ),
    ] {
        let mut body = json!({ "name": "made" });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = app.admin().post(&tokens, &body).await;
        is_problem_of(&refused, 400, "invalid-value", field);
    }
    assert_eq!(app.admin().get(&tokens).await.json()["data"], json!([]));
}

/// J1: with the policy `initial_access_token`, a client registers with a token of its tenant and not without.
#[tokio::test]
async fn a_token_registers_as_many_clients_as_it_says() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    for tenant in [&acme, &globex] {
        let policy = json!({ "registration_policy": "initial_access_token" });
        tenant.change("", &policy).await;
    }
    let tokens = acme.path("/initial-access-tokens");
    let made = app
        .admin()
        .create(&tokens, &json!({ "name": "one", "max_uses": 1 }))
        .await;
    let token = made["initial_access_token"].as_str().unwrap();
    let register = async |tenant: &crate::harness::TestTenant, token: &str| {
        let request = app
            .wire()
            .request(reqwest::Method::POST, &tenant.url("register"))
            .bearer_auth(token)
            .json(&json!({ "redirect_uris": ["https://made.example/callback"] }));
        crate::harness::Answer::of(request).await.status.as_u16()
    };
    assert_eq!(register(&globex, token).await, 401);
    assert_eq!(register(&acme, token).await, 201);
    assert_eq!(register(&acme, token).await, 401);
    let listed = app.admin().get(&tokens).await.json()["data"][0].clone();
    assert_eq!(listed["uses"], 1, "{listed}");
}
