//! Lifetimes of one client's refresh tokens: what an operator said of it counts, else the tenant's.

use std::time::Duration;

use serde_json::{Value, json};

use super::is_problem_of;
use crate::harness::TestApp;

const MINUTE: u64 = 60;

/// A client's own lifetimes, shorter or longer, stand in place of the tenant's.
#[tokio::test]
async fn a_client_has_refresh_lifetimes_of_its_own() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let tenants =
        json!({ "refresh_idle_lifetime": 20 * MINUTE, "refresh_absolute_lifetime": 40 * MINUTE });
    acme.change("", &tenants).await;
    let of = async |changes: Value| {
        let client = acme.public_client().await;
        let shown = acme
            .change(&format!("/clients/{}", client.client_id), &changes)
            .await;
        for (name, value) in changes.as_object().unwrap() {
            assert_eq!(shown[name], *value);
        }
        client
    };
    let usual = of(json!({})).await;
    let short = of(json!({ "refresh_idle_lifetime": 5 * MINUTE })).await;
    let ending = of(json!({ "refresh_absolute_lifetime": 15 * MINUTE })).await;
    let long = of(json!({
        "refresh_idle_lifetime": 60 * MINUTE,
        "refresh_absolute_lifetime": 24 * 60 * MINUTE,
    }))
    .await;
    let browser = acme.browser_of("alice").await;
    let mut tokens = Vec::new();
    for client in [&usual, &short, &ending, &long] {
        let got = client.tokens_of(&browser).await;
        tokens.push(got.refresh_token().to_owned());
    }
    let refresh = async |client: &crate::harness::OAuthClient, token: &str| {
        let tokens = client.refresh(token).await.tokens();
        tokens.refresh_token().to_owned()
    };

    app.clock().advance(Duration::from_secs(10 * MINUTE));
    let dead = short.refresh(&tokens[1]).await;
    dead.is_refused(400, "invalid_grant");
    let usual_token = refresh(&usual, &tokens[0]).await;
    let ending_token = refresh(&ending, &tokens[2]).await;

    app.clock().advance(Duration::from_secs(10 * MINUTE));
    let dead = ending.refresh(&ending_token).await;
    dead.is_refused(400, "invalid_grant");

    app.clock().advance(Duration::from_secs(25 * MINUTE));
    let dead = usual.refresh(&usual_token).await;
    dead.is_refused(400, "invalid_grant");
    refresh(&long, &tokens[3]).await;
}

/// Out of bounds, or idle for longer than it lives at all: refused by name; null is the tenant's again.
#[tokio::test]
async fn a_clients_lifetimes_have_bounds() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let idle = "refresh_idle_lifetime";
    let absolute = "refresh_absolute_lifetime";
    let client = acme.public_client().await;
    let path = format!("/clients/{}", client.client_id);
    acme.change(&path, &json!({ absolute: 3_600 })).await;
    for (changes, field) in [
        (json!({ idle: 299 }), idle),
        (json!({ idle: 31_536_001 }), idle),
        (json!({ absolute: 299 }), absolute),
        (json!({ absolute: 63_072_001 }), absolute),
        (json!({ idle: 3_601 }), idle),
    ] {
        let refused = app.admin().patch(&acme.path(&path), &changes).await;
        is_problem_of(&refused, 400, "invalid-value", field);
        let mut body =
            json!({ "redirect_uris": ["https://made.example/callback"], absolute: 3_600 });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = app.admin().post(&acme.path("/clients"), &body).await;
        is_problem_of(&refused, 400, "invalid-value", field);
    }
    acme.change(&path, &json!({ idle: 3_600 })).await;
    let shown = acme
        .change(&path, &json!({ idle: null, absolute: null }))
        .await;
    assert_eq!(
        [&shown[idle], &shown[absolute]],
        [&Value::Null, &Value::Null]
    );
}
