//! Credentials for introspection: several side by side, each for one resource.

use serde_json::json;

use super::{id_of, is_problem, is_problem_of};
use crate::harness::{ResourceServer, TestApp};

/// H1: each of several credentials works until it is deleted, at once on this replica.
#[tokio::test]
async fn a_deleted_credential_introspects_no_more() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let tokens = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    let old = acme.resource_credential().await;
    let new = acme.resource_credential().await;
    let list = acme.path(&format!("/resources/{}/credentials", acme.resource.id));
    let listed = app.admin().get(&list).await.expect_status(200).json();
    let listed = listed["data"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .all(|credential| credential["resource_id"] == acme.resource.id.as_str())
    );
    assert!(old.accepts(&tokens.access_token).await && new.accepts(&tokens.access_token).await);

    let of_old = listed
        .iter()
        .find(|credential| credential["client_id"] == old.client_id.as_str())
        .unwrap();
    let path = format!("{list}/{}", id_of(of_old));
    app.admin().delete(&path).await.expect_status(204);
    old.introspect_answer(&tokens.access_token)
        .await
        .is_refused(401, "invalid_client");
    assert!(new.accepts(&tokens.access_token).await);
    is_problem(&app.admin().delete(&path).await, 404, "not-found");
}

/// N2: a credential is found below its own resource alone.
#[tokio::test]
async fn a_credential_is_not_found_below_another_resource() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let other = acme.another_resource("https://other.acme.test/mcp").await;
    let resource_server = acme.resource_credential().await;
    let of = |resource: &str| acme.path(&format!("/resources/{resource}/credentials"));
    let listed = app.admin().get(&of(&acme.resource.id)).await.json();
    let id = id_of(&listed["data"][0]);
    is_problem(
        &app.admin().delete(&format!("{}/{id}", of(&other.id))).await,
        404,
        "not-found",
    );
    assert_eq!(
        app.admin().get(&of(&other.id)).await.json()["data"],
        json!([])
    );
    let tokens = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    assert!(resource_server.accepts(&tokens.access_token).await);
}

/// Chosen id and secret: unique in the tenant, and of characters that every client encodes alike.
#[tokio::test]
async fn a_chosen_credential_works_and_is_unique() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let other = acme.another_resource("https://other.acme.test/mcp").await;
    let path = acme.path(&format!("/resources/{}/credentials", acme.resource.id));
    let body = json!({ "client_id": "notes-server", "client_secret": "a-secret-of-our-own" });
    app.admin().create(&path, &body).await;
    let resource_server = ResourceServer {
        issuer: acme.issuer.clone(),
        wire: app.wire(),
        client_id: "notes-server".to_owned(),
        client_secret: "a-secret-of-our-own".to_owned(),
    };
    let tokens = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    assert!(resource_server.accepts(&tokens.access_token).await);

    for resource in [&acme.resource.id, &other.id] {
        let path = acme.path(&format!("/resources/{resource}/credentials"));
        let again = json!({ "client_id": "notes-server" });
        is_problem_of(
            &app.admin().post(&path, &again).await,
            409,
            "conflict",
            "client_id",
        );
    }
    for (body, field) in [
        (json!({ "client_id": "a:b" }), "client_id"),
        (json!({ "client_id": "" }), "client_id"),
        (json!({ "client_secret": "short" }), "client_secret"),
        (json!({ "client_secret": "with a space" }), "client_secret"),
    ] {
        is_problem_of(
            &app.admin().post(&path, &body).await,
            400,
            "invalid-value",
            field,
        );
    }
}
