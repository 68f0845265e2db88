//! RSA key pairs made ahead of time: counted, not timed.

use serde_json::json;

use super::rotate;
use crate::harness::{TestApp, TestAppOptions};

const AHEAD: &str = "writ_rsa_keys_made_total{when=\"ahead\"}";
const NEEDED: &str = "writ_rsa_keys_made_total{when=\"needed\"}";

async fn has_ready(app: &TestApp, wanted: i64) {
    // Made by itself, in its own time.
    while app.metric("writ_spare_rsa_keys").await != Some(wanted) {
        tokio::task::yield_now().await;
    }
}

/// Creating a tenant and rotating its key make no RSA key while the pool has one.
#[tokio::test]
async fn creating_a_tenant_makes_no_rsa_key_while_one_is_ready() {
    let app = TestApp::start_with(TestAppOptions::default().with("WRIT_SPARE_RSA_KEYS", "2")).await;
    has_ready(&app, 2).await;
    let acme = app.tenant("acme").await;
    has_ready(&app, 2).await;
    let body = json!({ "slug": "beta", "display_name": "Beta", "signing_algorithm": "PS256" });
    app.tenant_with(body).await;
    has_ready(&app, 2).await;
    rotate(&acme).await;
    assert_eq!(
        app.metric(NEEDED).await,
        None,
        "none was made while somebody waited"
    );
    assert!(app.metric(AHEAD).await.is_some_and(|made| made >= 5));
    let (acme, beta) = (
        acme.jwks().await.json(),
        app.admin()
            .get("/admin/v1/tenants/beta/signing-keys")
            .await
            .json(),
    );
    let modulus = |key: &serde_json::Value| key["n"].as_str().unwrap().to_owned();
    let mut moduli: Vec<String> = acme["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(modulus)
        .collect();
    moduli.extend(
        beta["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| modulus(&key["public_jwk"])),
    );
    let count = moduli.len();
    moduli.sort_unstable();
    moduli.dedup();
    assert_eq!((moduli.len(), count), (4, 4), "no pair is given out twice");
}

/// Without a pool, or with an empty one, it takes the while that it takes.
#[tokio::test]
async fn a_key_is_made_when_none_is_ready() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    assert_eq!(app.metric(NEEDED).await, Some(1));
    assert_eq!(app.metric(AHEAD).await, None);
}
