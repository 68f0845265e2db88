//! A tenant where only those register who were given a token for it (RFC 7591 §3).

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp, TestTenant};

async fn tenant_by_token(app: &TestApp, slug: &str) -> TestTenant {
    let tenant = app.tenant(slug).await;
    let policy = json!({ "registration_policy": "initial_access_token" });
    tenant.change("", &policy).await;
    tenant
}

async fn token(tenant: &TestTenant, limits: Value) -> Value {
    let mut body = json!({ "name": "the mobile team" });
    for (member, value) in limits.as_object().unwrap() {
        body[member] = value.clone();
    }
    let path = tenant.path("/initial-access-tokens");
    tenant.admin().create(&path, &body).await
}

async fn register(tenant: &TestTenant, authorization: Option<&str>, body: &Value) -> Answer {
    let mut request = tenant
        .wire()
        .request(Method::POST, &tenant.url("register"))
        .json(body);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    Answer::of(request).await
}

async fn register_with(tenant: &TestTenant, token: &Value) -> Answer {
    let token = token["initial_access_token"].as_str().unwrap();
    let body = json!({ "redirect_uris": ["https://client.example/callback"] });
    register(tenant, Some(&format!("Bearer {token}")), &body).await
}

/// One answer for every token that is not good, and it says whom to ask.
#[track_caller]
fn is_turned_away(answer: &Answer) -> String {
    answer.is_refused(401, "invalid_token");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with("Bearer "), "{answer:?}");
    let reason = answer.text("error_description");
    assert!(reason.contains("administrator"), "{reason}");
    reason
}

/// J1: none, a malformed one, an unknown one, one of another tenant, an ended, a used-up and a revoked one.
#[tokio::test]
async fn only_a_good_token_opens_registration() {
    let app = TestApp::start().await;
    let acme = tenant_by_token(&app, "acme").await;
    let globex = tenant_by_token(&app, "globex").await;
    assert_eq!(
        acme.metadata().await.json()["registration_endpoint"],
        acme.url("register")
    );
    let once = token(&acme, json!({ "max_uses": 1 })).await;
    let short = token(&acme, json!({ "lifetime": 60 })).await;
    let revoked = token(&acme, json!({})).await;
    let foreign = token(&globex, json!({})).await;
    register_with(&acme, &once).await.expect_status(201);
    register_with(&acme, &short).await.expect_status(201);
    register_with(&acme, &revoked).await.expect_status(201);
    register_with(&globex, &foreign).await.expect_status(201);
    app.clock().advance(Duration::from_secs(61));
    let path = acme.path("/initial-access-tokens");
    let id = revoked["id"].as_str().unwrap();
    acme.admin()
        .delete(&format!("{path}/{id}"))
        .await
        .expect_status(204);

    let mut reasons = Vec::new();
    for dead in [&once, &short, &revoked, &foreign] {
        reasons.push(is_turned_away(&register_with(&acme, dead).await));
    }
    let good = once["initial_access_token"].as_str().unwrap();
    let body = json!({ "redirect_uris": ["https://client.example/callback"] });
    for authorization in [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer writ_iat_garbage".to_owned()),
        Some(format!("Basic {good}")),
        Some(format!("Bearer {}", good.replace("writ_iat_", "writ_rat_"))),
    ] {
        reasons.push(is_turned_away(
            &register(&acme, authorization.as_deref(), &body).await,
        ));
    }
    reasons.dedup();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
}

/// J1: who has no token learns nothing about its body; a body that is refused costs no use.
#[tokio::test]
async fn a_refused_body_gives_the_use_back() {
    let app = TestApp::start().await;
    let acme = tenant_by_token(&app, "acme").await;
    let once = token(&acme, json!({ "max_uses": 1 })).await;
    let header = format!("Bearer {}", once["initial_access_token"].as_str().unwrap());
    let bad = json!({ "redirect_uris": ["http://client.example/callback"] });
    is_turned_away(&register(&acme, None, &bad).await);
    register(&acme, Some(&header), &bad)
        .await
        .is_refused(400, "invalid_redirect_uri");
    register_with(&acme, &once).await.expect_status(201);
    is_turned_away(&register(&acme, Some(&header), &bad).await);
}

/// J1: however many come at once, a token is used as often as it says.
#[tokio::test]
async fn a_token_is_used_as_often_as_it_says() {
    let app = TestApp::start().await;
    let acme = tenant_by_token(&app, "acme").await;
    let thrice = token(&acme, json!({ "max_uses": 3 })).await;
    let answers = join_all((0..8).map(|_| register_with(&acme, &thrice))).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 3, "{answers:?}");
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 201 || answer.status == 401)
    );
}

/// J1: the token of a registration is in the audit by its id, and nowhere by itself.
#[tokio::test]
async fn the_audit_says_which_token_was_used() {
    let app = TestApp::start().await;
    let acme = tenant_by_token(&app, "acme").await;
    let made = token(&acme, json!({})).await;
    register_with(&acme, &made).await.expect_status(201);
    let event = super::next_event(&acme, "client.registered").await;
    assert_eq!(event["details"]["initial_access_token_id"], made["id"]);
    let secret = made["initial_access_token"].as_str().unwrap();
    assert!(!event.to_string().contains(secret));
}
