//! Grants: what a person allowed, shown with names, and revoked with all that descends from it.

use serde_json::{Value, json};

use super::id_of;
use crate::harness::TestApp;

/// A grant says who allowed what to whom.
#[tokio::test]
async fn a_grant_says_who_allowed_what_to_whom() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let grants = app
        .admin()
        .get(&acme.path("/grants"))
        .await
        .expect_status(200)
        .json();
    let grant = &grants["data"][0];
    assert_eq!(grant["user_id"], acme.user("alice").await.id.as_str());
    assert_eq!(grant["client_id"], client.client_id.as_str());
    assert_eq!(grant["scope"], tokens.body["scope"]);
    assert_eq!(grant["resources"], json!([acme.resource.identifier]));
    assert_eq!(grant["revoked_at"], Value::Null);
    let found = app
        .admin()
        .get(&acme.path(&format!("/grants/{}", id_of(grant))))
        .await
        .expect_status(200)
        .json();
    assert_eq!(found, *grant);
}

/// I2, H5: revoking a grant ends its tokens and no others; again, it is revoked already.
#[tokio::test]
async fn a_revoked_grant_ends_its_own_tokens() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.confidential_client().await;
    let of_alice = client.tokens_of(&acme.browser_of("alice").await).await;
    let of_bob = client.tokens_of(&acme.browser_of("bob").await).await;
    let alice = acme.user("alice").await.id;
    let grants = app.admin().get(&acme.path("/grants")).await.json();
    let grants = grants["data"].as_array().unwrap();
    let grant = grants
        .iter()
        .find(|grant| grant["user_id"] == alice.as_str())
        .unwrap();
    let path = acme.path(&format!("/grants/{}", id_of(grant)));

    app.admin().delete(&path).await.expect_status(204);
    assert!(!resource_server.accepts(&of_alice.access_token).await);
    client.cannot_refresh(of_alice.refresh_token()).await;
    assert!(resource_server.accepts(&of_bob.access_token).await);
    client.refresh(of_bob.refresh_token()).await.tokens();
    let revoked = app.admin().get(&path).await.expect_status(200).json();
    assert!(revoked["revoked_at"].is_string(), "{revoked}");

    app.admin().delete(&path).await.expect_status(204);
    assert_eq!(app.admin().get(&path).await.json(), revoked);
    let events = acme.audit_events("grant.revoked").await;
    assert_eq!(events.len(), 1, "{events:?}");
    let revocations = "writ_revocations_total{kind=\"operator_grant\"}";
    assert_eq!(app.metric(revocations).await, Some(1));
}
