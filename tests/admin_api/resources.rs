//! Resources: identifiers and audiences that are one resource's alone.

use serde_json::{Value, json};

use super::{id_of, is_problem, is_problem_of};
use crate::harness::{TestApp, TestTenant};

async fn create(tenant: &TestTenant, body: &Value) -> crate::harness::Answer {
    tenant.admin().post(&tenant.path("/resources"), body).await
}

/// G2: identifier, alias and audience are each one resource's, however they are spelled.
#[tokio::test]
async fn an_identifier_and_an_audience_are_one_resources() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let first = json!({
        "identifier": "https://notes.test/mcp",
        "aliases": ["https://notes.test/sse"],
        "name": "Notes",
        "audience": "notes",
    });
    let first = create(&acme, &first).await.expect_status(201).json();
    for identifier in [
        "https://notes.test/mcp",
        "HTTPS://NOTES.test:443/mcp",
        "https://notes.test/sse",
        "https://mcp.acme.test/mcp",
    ] {
        let body = json!({ "identifier": identifier, "name": "Other", "audience": "other" });
        is_problem_of(&create(&acme, &body).await, 409, "conflict", "identifier");
        let body = json!({ "identifier": "https://o.test", "aliases": [identifier], "name": "O", "audience": "o" });
        is_problem_of(&create(&acme, &body).await, 409, "conflict", "identifier");
    }
    let body =
        json!({ "identifier": "https://other.test/mcp", "name": "Other", "audience": "notes" });
    is_problem_of(&create(&acme, &body).await, 409, "conflict", "audience");
    let path = format!("/resources/{}", acme.resource.id);
    for (changes, field) in [
        (
            json!({ "identifier": "https://notes.test/mcp" }),
            "identifier",
        ),
        (
            json!({ "aliases": ["https://notes.test/sse"] }),
            "identifier",
        ),
        (json!({ "audience": "notes" }), "audience"),
    ] {
        is_problem_of(
            &app.admin().patch(&acme.path(&path), &changes).await,
            409,
            "conflict",
            field,
        );
    }
    // What is gone is free again.
    app.admin()
        .delete(&acme.path(&format!("/resources/{}", id_of(&first))))
        .await
        .expect_status(204);
    create(&acme, &body).await.expect_status(201);
}

/// G2: an identifier is an absolute URI without a fragment; an audience is never everybody.
#[tokio::test]
async fn an_identifier_that_clients_could_not_send_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for identifier in [
        "",
        "notes",
        "/mcp",
        "https://notes.test/mcp#part",
        "https://no tes.test",
        "*",
    ] {
        let body = json!({ "identifier": identifier, "name": "Other" });
        is_problem_of(
            &create(&acme, &body).await,
            400,
            "invalid-value",
            "identifier",
        );
        let body =
            json!({ "identifier": "https://other.test", "aliases": [identifier], "name": "Other" });
        is_problem_of(
            &create(&acme, &body).await,
            400,
            "invalid-value",
            "aliases[0]",
        );
    }
    for audience in ["", "*", "two words", "ü"] {
        let body =
            json!({ "identifier": "https://other.test", "name": "Other", "audience": audience });
        is_problem_of(
            &create(&acme, &body).await,
            400,
            "invalid-value",
            "audience",
        );
    }
    for name in ["openid", "offline_access", "two words", "", "a\"b"] {
        let scopes = json!([{ "name": name, "description": "What it is" }]);
        let body = json!({ "identifier": "https://other.test", "name": "Other", "scopes": scopes });
        is_problem_of(
            &create(&acme, &body).await,
            400,
            "invalid-value",
            "scopes[0].name",
        );
    }
}

/// RFC 7396: what is absent stays, null is the default, a list is replaced as a whole.
#[tokio::test]
async fn absent_stays_and_null_is_the_default() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = format!("/resources/{}", acme.resource.id);
    let fresh = app.admin().get(&acme.path(&path)).await.json();
    let changes = json!({
        "aliases": ["https://alias.test/mcp"],
        "name": "Renamed",
        "audience": "notes",
        "scopes": [{ "name": "all", "description": "Everything", "default": true }],
        "access_token_lifetime": 120,
    });
    let after = acme.change(&path, &changes).await;
    for (name, value) in changes.as_object().unwrap() {
        assert_eq!(after[name], *value);
    }
    let unchanged = acme.change(&path, &json!({})).await;
    assert_eq!(unchanged, after);
    // Servers out there compare the audience: it stays when the identifier changes, until it is reset.
    let moved = acme
        .change(&path, &json!({ "identifier": "https://moved.test/mcp" }))
        .await;
    assert_eq!(
        (&moved["identifier"], &moved["audience"]),
        (&json!("https://moved.test/mcp"), &json!("notes"))
    );
    let reset =
        json!({ "aliases": null, "audience": null, "scopes": null, "access_token_lifetime": null });
    let reset = acme.change(&path, &reset).await;
    assert_eq!(reset["audience"], "https://moved.test/mcp");
    assert_eq!(
        (&reset["aliases"], &reset["scopes"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(reset["access_token_lifetime"], Value::Null);
    assert_eq!(reset["id"], fresh["id"]);
    for name in ["identifier", "name"] {
        let answer = app
            .admin()
            .patch(&acme.path(&path), &json!({ name: null }))
            .await;
        is_problem_of(&answer, 400, "invalid-value", name);
    }
}

/// G4: a resource's lifetime has the tenant's bounds, and outweighs the tenant's.
#[tokio::test]
async fn a_lifetime_has_bounds() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = format!("/resources/{}", acme.resource.id);
    for seconds in [0, 59, 86_401] {
        let changes = json!({ "access_token_lifetime": seconds });
        let answer = app.admin().patch(&acme.path(&path), &changes).await;
        is_problem_of(&answer, 400, "invalid-value", "access_token_lifetime");
    }
    let client = acme.confidential_client().await;
    for seconds in [60, 86_400] {
        acme.change(&path, &json!({ "access_token_lifetime": seconds }))
            .await;
        assert_eq!(
            client.client_credentials(None).await.tokens().body["expires_in"],
            seconds
        );
    }
}

/// O6: a deleted resource gets no new token, and nothing introspects in its name.
#[tokio::test]
async fn a_deleted_resource_gets_no_new_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    acme.change("", &json!({ "default_resource": acme.resource.id }))
        .await;
    let limited = json!({
        "redirect_uris": ["https://limited.example/callback"],
        "resources": [acme.resource.id],
    });
    let limited = format!("/clients/{}", acme.client(&limited).await.client_id);
    let other = acme.another_resource("https://other.acme.test/mcp").await;

    let path = acme.path(&format!("/resources/{}", acme.resource.id));
    app.admin().delete(&path).await.expect_status(204);
    client
        .client_credentials(None)
        .await
        .is_refused(400, "invalid_target");
    assert!(
        client
            .refresh(tokens.refresh_token())
            .await
            .status
            .is_client_error()
    );
    resource_server
        .introspect_answer(&tokens.access_token)
        .await
        .is_refused(401, "invalid_client");
    assert_eq!(
        app.admin().get(&acme.path("")).await.json()["default_resource"],
        Value::Null
    );
    // What was limited to it is not let in everywhere instead.
    assert_eq!(
        app.admin().get(&acme.path(&limited)).await.json()["resources"],
        json!([])
    );
    client
        .with_resource(Some(&other.identifier))
        .client_credentials(None)
        .await
        .tokens();
    is_problem(&app.admin().get(&path).await, 404, "not-found");
    is_problem(&app.admin().delete(&path).await, 404, "not-found");
}
