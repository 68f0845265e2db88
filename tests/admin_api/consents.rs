//! Consents: what a person allowed, listed, and withdrawn with all that came of it.

use serde_json::json;

use super::is_problem;
use crate::harness::TestApp;

/// What is remembered is shown with names.
#[tokio::test]
async fn a_users_consents_say_what_was_allowed_to_whom() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    client.code_from(&acme.browser_of("alice").await).await;
    // Asked for every time, so never remembered.
    let asked = acme.public_client().await;
    asked.code_from(&acme.browser_of("alice").await).await;
    let path = acme.path(&format!("/users/{}/consents", acme.user("alice").await.id));
    let listed = app.admin().get(&path).await.expect_status(200).json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
    let consent = &listed["data"][0];
    assert_eq!(consent["client_id"], client.client_id.as_str());
    assert_eq!(consent["client_name"], "Notes on the web");
    assert_eq!(consent["resource"], acme.resource.identifier.as_str());
    assert_eq!(consent["redirect_uri"], client.redirect_uri.as_str());
    assert_eq!(consent["scope"], "notes:read");
    let nobody = acme.path("/users/019a0000-0000-7000-8000-000000000000/consents");
    is_problem(&app.admin().get(&nobody).await, 404, "not-found");
}

/// F8, H3: the consent is forgotten, its grants end, and nobody else's do.
#[tokio::test]
async fn a_withdrawn_consent_ends_what_came_of_it_and_nothing_else() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let (client, other) = (
        acme.confidential_client().await,
        acme.confidential_client().await,
    );
    let alice = acme.browser_of("alice").await;
    let ended = client.tokens_of(&alice).await;
    let unredeemed = client.code_from(&alice).await;
    let of_another_client = other.tokens_of(&alice).await;
    let of_another_user = client.tokens_of(&acme.browser_of("bob").await).await;
    let consents = acme.path(&format!("/users/{}/consents", acme.user("alice").await.id));
    let path = format!("{consents}/{}", client.client_id);

    app.admin().delete(&path).await.expect_status(204);

    assert!(!resource_server.accepts(&ended.access_token).await);
    client.cannot_refresh(ended.refresh_token()).await;
    client.cannot_redeem(&unredeemed).await;
    for (client, tokens) in [(&other, &of_another_client), (&client, &of_another_user)] {
        assert!(resource_server.accepts(&tokens.access_token).await);
        client.refresh(tokens.refresh_token()).await.tokens();
    }
    let listed = app.admin().get(&consents).await.expect_status(200).json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    let page = client.authorization_request().open(&alice).await;
    assert!(page.is_consent(), "asked again");

    // Again, or where there is nothing: done already, and no second event.
    app.admin().delete(&path).await.expect_status(204);
    let events = acme.audit_events("consent.withdrawn").await;
    assert_eq!(events.len(), 1, "{events:?}");
    let details = &events[0]["details"]["before"];
    assert_eq!(
        *details,
        json!({ "client_id": client.client_id, "consents": 1, "grants": 2 })
    );
    let withdrawn = "writ_consents_total{outcome=\"withdrawn\"}";
    assert_eq!(app.metric(withdrawn).await, Some(1));
    let unknown = format!("{consents}/nobody");
    is_problem(&app.admin().delete(&unknown).await, 404, "not-found");
}

/// What public clients got is withdrawn as well, though nothing of it was remembered.
#[tokio::test]
async fn a_client_that_is_asked_for_every_time_can_be_withdrawn_too() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let path = format!(
        "/users/{}/consents/{}",
        acme.user("alice").await.id,
        client.client_id
    );
    app.admin()
        .delete(&acme.path(&path))
        .await
        .expect_status(204);
    client.cannot_refresh(tokens.refresh_token()).await;
}
