//! What is written, when, and what a document that changes does to what people allowed.

use serde_json::json;

use super::{CALLBACK, Documents, URL, client_at};
use crate::harness::{Decision, Served};

const TWO_HOURS: u64 = 2 * 3_600;

/// Strangers can make us fetch, and nothing more.
#[tokio::test]
async fn nothing_is_written_before_somebody_consents() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = client_at(&acme, URL);
    let before = world.app.database().db_rows().await;
    client
        .authorization_request()
        .send()
        .await
        .expect_status(200);
    let page = client.authorization_request().open(&alice).await;
    assert!(page.is_consent());
    assert_eq!(world.app.database().db_rows().await, before);
    client.code_from(&alice).await;
    assert_ne!(world.app.database().db_rows().await, before);
    assert_eq!(acme.audit_events("client.registered").await.len(), 1);
}

/// Row K13: redirect URIs or method or the place of the keys: asked again, recorded; grants go on.
#[tokio::test]
async fn a_document_that_leads_elsewhere_is_asked_about_again() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = client_at(&acme, URL);
    let request = client.authorization_request();
    let tokens = client.tokens_of(&alice).await;
    request.open(&alice).await.location();

    // A new name is routine.
    world.later(TWO_HOURS);
    world.serve_with(&json!({"client_name": "Renamed"}));
    request.open(&alice).await.location();
    assert_eq!(world.asked(), 2);

    world.later(TWO_HOURS);
    world.serve_with(&json!({"redirect_uris": [CALLBACK, "https://other.test/callback"]}));
    assert!(request.open(&alice).await.is_consent(), "asked again");
    assert!(
        request.open(&alice).await.is_consent(),
        "until it is answered"
    );
    assert_eq!(acme.audit_events("client.document_changed").await.len(), 0);
    request.walk(&alice).await.code();
    request.open(&alice).await.location();
    let changed = acme.audit_events("client.document_changed").await;
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(changed[0]["target_id"], URL, "{changed:?}");

    client.refresh(tokens.refresh_token()).await.tokens();
}

/// Everybody's consent goes, also of those who are not there.
#[tokio::test]
async fn a_change_that_one_person_meets_voids_the_consent_of_all() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let bob = acme.signed_in_browser_of("bob").await;
    let request = client_at(&acme, URL).authorization_request();
    request.walk(&alice).await.code();
    request.walk(&bob).await.code();
    world.later(TWO_HOURS);
    world.serve_with(&json!({"redirect_uris": [CALLBACK]}));
    request.walk(&alice).await.code();
    assert!(request.open(&bob).await.is_consent());
}

/// A key that rotates behind its place is no change of the document.
#[tokio::test]
async fn the_place_of_the_keys_counts_and_not_the_keys() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let request = client_at(&acme, URL).authorization_request();
    let at = |uri: &str| json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri});
    world.serve_with(&at("https://keys.test/a"));
    request.walk(&alice).await.code();
    world
        .internet
        .serve("https://keys.test/a", Served::text("{\"keys\":[]}"));
    world.later(TWO_HOURS);
    request.open(&alice).await.location();
    world.later(TWO_HOURS);
    world.serve_with(&at("https://keys.test/b"));
    assert!(request.open(&alice).await.is_consent());
}

/// What an administrator decided outlasts whatever the document says.
#[tokio::test]
async fn a_client_that_was_disabled_stays_so() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = client_at(&acme, URL);
    let tokens = client.tokens_of(&alice).await;
    let encoded: String = url::form_urlencoded::byte_serialize(URL.as_bytes()).collect();
    let path = format!("/clients/{encoded}");
    acme.change(&path, &json!({"is_enabled": false})).await;
    world.later(TWO_HOURS);
    world.serve_with(&json!({"client_name": "Renamed"}));
    let asked = world.asked();
    client.authorization_request().send().await.is_shown(400);
    assert_eq!(world.asked(), asked, "and nobody is asked");
    client.cannot_refresh(tokens.refresh_token()).await;
}

/// Document clients do not fill a tenant without bound.
#[tokio::test]
async fn a_tenant_takes_so_many_document_clients_and_no_more() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    acme.change("", &json!({"registration_max_clients": 1}))
        .await;
    let alice = acme.signed_in_browser_of("alice").await;
    client_at(&acme, URL).code_from(&alice).await;
    let second = "https://other.test/client.json";
    let served = super::document(second, &json!({}));
    world.internet.serve(second, Served::json(&served));
    let page = client_at(&acme, second).authorize(&alice).await.page;
    page.answer().is_shown(403);
    assert!(page.html().contains("No more applications"), "{page:?}");
    // The one that is there goes on.
    client_at(&acme, URL).code_from(&alice).await;
}

/// An answer counts for the document that the person was shown.
#[tokio::test]
async fn a_document_that_changes_under_the_persons_eyes_is_shown_again() {
    let world = Documents::start().await;
    world.serve(Served::json(&super::document(URL, &json!({}))).with("cache-control", "no-store"));
    let acme = world.app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = client_at(&acme, URL);
    let request = client.authorization_request();
    let page = request.open(&alice).await;
    world.later(120);
    world.serve_with(&json!({"redirect_uris": [CALLBACK, "https://other.test/callback"]}));
    let again = alice.decide(&page, Decision::Allow).await;
    assert!(again.is_consent(), "{again:?}");
    assert!(again.html().contains("has just changed"), "{again:?}");
    let page = alice.decide(&again, Decision::Allow).await;
    request.ended_at(page).code();
}
