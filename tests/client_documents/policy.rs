//! Whose documents a tenant takes, and that tenants know nothing of each other's.

use serde_json::json;

use super::{Documents, URL, client_at, document};
use crate::harness::{Served, TestTenant};

async fn status(tenant: &TestTenant, url: &str) -> u16 {
    let request = client_at(tenant, url).authorization_request();
    request.send().await.status.as_u16()
}

/// Row K15: decided before anything is fetched.
#[tokio::test]
async fn the_tenants_lists_are_asked_before_any_host_is() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let below = "https://app.client.test/client.json";
    let other = "https://other.test/client.json";
    for url in [below, other] {
        world
            .internet
            .serve(url, Served::json(&document(url, &json!({}))));
    }
    let set = |mode: &'static str, domains: serde_json::Value| {
        let change = json!({"client_document_policy": mode, "client_document_domains": domains});
        let acme = &acme;
        async move { acme.change("", &change).await }
    };
    set("allow_list", json!(["client.test"])).await;
    assert_eq!(status(&acme, other).await, 403);
    assert_eq!(world.internet.connections(), 0);
    assert_eq!(
        (status(&acme, URL).await, status(&acme, below).await),
        (200, 200)
    );
    set("deny_list", json!(["client.test"])).await;
    assert_eq!(
        (status(&acme, URL).await, status(&acme, below).await),
        (403, 403)
    );
    assert_eq!(status(&acme, other).await, 200);
    let connections = world.internet.connections();
    set("off", json!([])).await;
    for url in [URL, below, other] {
        assert_eq!(status(&acme, url).await, 403);
    }
    assert_eq!(world.internet.connections(), connections);
    set("open", json!([])).await;
    assert_eq!(status(&acme, URL).await, 200);
}

/// Row K15: what was granted before counts as long as the tenant takes the client, and again when it does.
#[tokio::test]
async fn a_client_that_the_tenant_no_longer_takes_gets_no_tokens() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = client_at(&acme, URL);
    let tokens = client.tokens_of(&alice).await;
    let code = client.code_from(&alice).await;
    let entered = acme.public_client().await;
    let of_entered = entered.tokens_of(&alice).await;
    for closed in [
        json!({"client_document_policy": "off"}),
        json!({"client_document_policy": "deny_list", "client_document_domains": ["client.test"]}),
        json!({"client_document_policy": "allow_list", "client_document_domains": ["other.test"]}),
    ] {
        acme.change("", &closed).await;
        client.cannot_refresh(tokens.refresh_token()).await;
        client.cannot_redeem(&code).await;
    }
    entered.refresh(of_entered.refresh_token()).await.tokens();
    let open = json!({"client_document_policy": "open", "client_document_domains": []});
    acme.change("", &open).await;
    client.refresh(tokens.refresh_token()).await.tokens();
    client.redeem(&code).await.tokens();
}

/// Client ID Metadata Documents §6.
#[tokio::test]
async fn metadata_says_whether_documents_are_taken() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let member = "client_id_metadata_document_supported";
    assert_eq!(acme.metadata().await.json()[member], true);
    acme.change("", &json!({"client_document_policy": "off"}))
        .await;
    assert_eq!(acme.metadata().await.json()[member], false);
}

/// Rows L4, O1: one document, two tenants, nothing shared.
#[tokio::test]
async fn what_one_tenant_knows_of_a_document_another_does_not() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let globex = world.app.tenant("globex").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let tokens = client_at(&acme, URL).tokens_of(&alice).await;
    assert_eq!(world.asked(), 1);

    // Not the row, not the copy, not the consent, not the tokens.
    let elsewhere = client_at(&globex, URL);
    let refused = elsewhere.refresh(tokens.refresh_token()).await;
    refused.is_refused(401, "invalid_client");
    let her_namesake = globex.signed_in_browser_of("alice").await;
    let page = elsewhere.authorization_request().open(&her_namesake).await;
    assert!(page.is_consent(), "{page:?}");
    assert_eq!(world.asked(), 2);
    elsewhere.tokens_of(&her_namesake).await;
    elsewhere.cannot_refresh(tokens.refresh_token()).await;

    // A change that one of them meets is not yet the other's.
    world.later(2 * 3_600);
    world.serve(Served::status(410));
    assert!(status(&acme, URL).await >= 400);
    client_at(&acme, URL)
        .refresh(tokens.refresh_token())
        .await
        .tokens();
}

/// Somebody of the tenant entered it: then it is that client, and its document is nobody's business.
#[tokio::test]
async fn a_client_that_was_entered_under_a_url_is_the_entered_one() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let entered = acme
        .admin()
        .post(
            &acme.path("/clients"),
            &json!({
                "client_id": URL,
                "client_name": "Entered by hand",
                "redirect_uris": [super::CALLBACK],
                "token_endpoint_auth_method": "none",
            }),
        )
        .await;
    if !entered.status.is_success() {
        // Then nobody can.
        assert!(entered.status.is_client_error(), "{entered:?}");
        return;
    }
    assert_eq!(status(&acme, URL).await, 200);
    assert_eq!(world.internet.connections(), 0);
}

/// J8: the tenant's limit of scopes is one for all who come by themselves; it holds as it is now.
#[tokio::test]
async fn scopes_of_document_clients_can_be_limited() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let client = client_at(&acme, URL);
    // Each time somebody who holds nothing yet, or may now have more.
    for (person, limit, granted) in [
        ("alice", json!(["notes:read"]), "notes:read"),
        ("alice", json!(null), "notes:read notes:write"),
        ("bob", json!(["notes:read"]), "notes:read"),
    ] {
        acme.change("", &json!({ "registration_scopes": limit }))
            .await;
        let request = client
            .authorization_request()
            .with("scope", "notes:read notes:write");
        let browser = acme.browser_of(person).await;
        let code = request.walk(&browser).await.code();
        let tokens = client.redeem(&code).await.tokens();
        assert_eq!(tokens.body["scope"], granted, "{limit}");
    }
}
