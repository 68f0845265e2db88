//! Who may ask for a device, for what, and what it is told.

use serde_json::json;

use crate::client_documents::{Documents, URL, client_at};
use crate::harness::{
    ClientAuthentication, DEVICE_CODE_GRANT, Decision, OAuthClient, TestApp, TestTenant,
};

async fn mode(tenant: &TestTenant, mode: &str) {
    tenant
        .change("", &json!({ "device_authorization": mode }))
        .await;
}

/// Row U2: RFC 8628 §3.2, member by member.
#[tokio::test]
async fn the_answer_says_what_to_show_and_what_to_ask_with() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let answer = television.ask_for_device(&[("scope", "notes:write")]).await;
    assert!(answer.header("cache-control").contains("no-store"));
    let codes = answer.device_codes();
    let page = acme.url("device");
    assert_eq!(codes.body["verification_uri"], page.as_str());
    let complete = format!("{page}?user_code={}", codes.user_code);
    assert_eq!(codes.body["verification_uri_complete"], complete.as_str());
    assert_eq!(codes.body["expires_in"], 600);
    assert_eq!(codes.body["interval"], 5);
    let (left, right) = codes.user_code.split_once('-').unwrap();
    for half in [left, right] {
        assert_eq!(half.len(), 4);
        let is_letter = |letter| "BCDFGHJKLMNPQRSTVWXZ".contains(letter);
        assert!(half.chars().all(is_letter), "{half}");
    }
    assert!(codes.device_code.starts_with("writ_dc_"));
    let again = television.device_codes().await;
    assert_ne!(again.device_code, codes.device_code);
    assert_ne!(again.user_code, codes.user_code);
}

/// Row U2: the client authenticates as at the token endpoint, and asks within what authorize would give.
#[tokio::test]
async fn what_is_asked_is_held_to_the_rules_of_authorize() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let kiosk = acme
        .client(&json!({
            "client_name": "Kiosk",
            "grant_types": [DEVICE_CODE_GRANT],
            "token_endpoint_auth_method": "client_secret_basic",
        }))
        .await;
    kiosk.device_codes().await;
    let nobody = kiosk
        .clone()
        .with_authentication(ClientAuthentication::None);
    nobody
        .ask_for_device(&[])
        .await
        .is_refused(401, "invalid_client");
    let television = acme.device_client().await;
    for (name, value, error) in [
        ("scope", "nothing:here", "invalid_scope"),
        ("resource", "https://unknown.example/mcp", "invalid_target"),
        ("resource", "no uri", "invalid_target"),
    ] {
        let refused = television.ask_for_device(&[(name, value)]).await;
        refused.is_refused(400, error);
    }
    let twice = [("scope", "notes:read"), ("scope", "notes:write")];
    let refused = television.ask_for_device(&twice).await;
    refused.is_refused(400, "invalid_request");
    // The grant has to be registered.
    let desktop = acme.public_client().await;
    desktop
        .ask_for_device(&[])
        .await
        .is_refused(400, "unauthorized_client");
}

/// Row U2: scopes are narrowed as everywhere, and the person may narrow them more.
#[tokio::test]
async fn a_device_gets_no_more_than_it_asked_and_was_allowed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let asked = [("scope", "notes:read notes:write admin:all")];
    let codes = television.ask_for_device(&asked).await.device_codes();
    let consent = acme.type_code(&browser, &codes.user_code).await;
    let form = consent.consent_form().untick("scope", "notes:write");
    let form = form
        .press("decision", "allow")
        .fill("forged", "notes:admin");
    browser.submit(&form).await;
    let tokens = television.poll(&codes).await.tokens();
    assert_eq!(tokens.claims()["scope"], "notes:read");
    assert_eq!(tokens.body["scope"], "notes:read");
}

/// One that came by itself, while the tenant let such clients have the grant.
async fn stranger(tenant: &TestTenant) -> OAuthClient {
    mode(tenant, "open").await;
    let metadata = json!({
        "client_name": "Somebody's television",
        "redirect_uris": ["https://stranger.example/callback"],
        "grant_types": ["authorization_code", DEVICE_CODE_GRANT, "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    let made = tenant.register(&metadata).await.expect_status(201).json();
    tenant.client_of(&made)
}

/// Row U3: off, of clients that somebody entered (the default), or of all; a change holds at once.
#[tokio::test]
async fn the_tenant_says_whose_devices_may_ask() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let entered = acme.device_client().await;
    entered.device_codes().await;
    let stranger = stranger(&acme).await;
    mode(&acme, "vouched_for").await;
    entered.device_codes().await;
    let refused = stranger.ask_for_device(&[]).await;
    refused.is_refused(400, "unauthorized_client");

    mode(&acme, "open").await;
    let codes = stranger.device_codes().await;
    let browser = acme.browser_of("alice").await;
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    mode(&acme, "off").await;
    let polled = stranger.poll(&codes).await;
    polled.is_refused(400, "unauthorized_client");
    for client in [&entered, &stranger] {
        let refused = client.ask_for_device(&[]).await;
        refused.is_refused(400, "unauthorized_client");
    }
    browser
        .open(&acme.url("device"))
        .await
        .answer()
        .is_shown(404);
    mode(&acme, "open").await;
    stranger.poll(&codes).await.tokens();
}

/// Row U3: what is under way when the tenant changes its mind goes no further.
#[tokio::test]
async fn a_change_of_mind_stops_a_person_on_the_way() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let stranger = stranger(&acme).await;
    let browser = acme.signed_in_browser_of("alice").await;
    let codes = stranger.device_codes().await;
    let consent = acme.type_code(&browser, &codes.user_code).await;
    mode(&acme, "vouched_for").await;
    let page = browser.decide(&consent, Decision::Allow).await;
    page.answer().is_shown(400);
    mode(&acme, "open").await;
    let polled = stranger.poll(&codes).await;
    polled.is_refused(400, "authorization_pending");
}

/// Row U3: a client that its document alone describes is written down when its first device asks, within the
/// tenant's number.
#[tokio::test]
async fn a_client_with_a_document_may_ask_where_all_may() {
    let documents = Documents::start().await;
    let acme = documents.app.tenant("acme").await;
    let client = client_at(&acme, URL);
    let grants = json!(["authorization_code", DEVICE_CODE_GRANT, "refresh_token"]);
    documents.serve_with(&json!({ "grant_types": grants }));
    let refused = client.ask_for_device(&[]).await;
    refused.is_refused(400, "unauthorized_client");
    mode(&acme, "open").await;
    let codes = client.device_codes().await;
    let browser = acme.browser_of("alice").await;
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    let asked = documents.asked();
    client.poll(&codes).await.tokens();
    assert_eq!(
        documents.asked(),
        asked,
        "the token endpoint fetches nothing"
    );

    acme.change("", &json!({ "registration_max_clients": 1 }))
        .await;
    let another = "https://other.test/client.json";
    let document = crate::client_documents::document(
        another,
        &json!({
            "redirect_uris": ["https://other.test/callback"],
            "grant_types": grants,
        }),
    );
    documents
        .internet
        .serve(another, crate::harness::Served::json(&document));
    let full = client_at(&acme, another).ask_for_device(&[]).await;
    full.is_refused(503, "temporarily_unavailable");
}

/// RFC 8414: metadata name the endpoint unless the tenant has switched it off.
#[tokio::test]
async fn metadata_name_the_endpoint_unless_it_is_off() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let metadata = acme.metadata().await.json();
    let endpoint = acme.url("device_authorization");
    assert_eq!(metadata["device_authorization_endpoint"], endpoint.as_str());
    let grants = metadata["grant_types_supported"].as_array().unwrap();
    assert!(grants.contains(&json!(DEVICE_CODE_GRANT)));
    mode(&acme, "off").await;
    let metadata = acme.metadata().await.json();
    assert!(metadata.get("device_authorization_endpoint").is_none());
}
