//! Two changes to one thing at the same time: each changes what it names, and neither undoes the other.

use serde_json::{Value, json};

use super::things::Things;
use crate::harness::TestApp;

/// One at each replica. Holds the row back until both changes wait, so that both have begun before either has ended.
async fn at_once(app: &TestApp, lock: &'static str, path: &str, changes: [Value; 2]) -> Value {
    let there = app.start_replica().await;
    let held = app.database().db_hold(lock).await;
    let [one, other] = &changes;
    let (one, other, ()) = tokio::join!(
        app.admin().patch(path, one),
        there.admin().patch(path, other),
        held.commit_once_awaited_by(2)
    );
    for changed in [one, other] {
        changed.expect_status(200);
    }
    app.admin().get(path).await.expect_status(200).json()
}

/// N3: disabling a user is not undone by a change of their name that began before.
#[tokio::test]
async fn two_changes_of_a_user_both_hold() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let path = acme.tenant.path(&format!("/users/{}", acme.user));
    let changes = [
        json!({ "is_enabled": false }),
        json!({ "name": "Bob the Second" }),
    ];
    let user = at_once(&app, "select from users for update", &path, changes).await;
    assert_eq!(
        (&user["is_enabled"], &user["name"]),
        (&json!(false), &json!("Bob the Second"))
    );
}

/// N3: the same for a client.
#[tokio::test]
async fn two_changes_of_a_client_both_hold() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let path = acme.tenant.path(&format!("/clients/{}", acme.client));
    let changes = [
        json!({ "is_enabled": false }),
        json!({ "client_name": "Renamed" }),
    ];
    let client = at_once(&app, "select from clients for update", &path, changes).await;
    assert_eq!(
        (&client["is_enabled"], &client["client_name"]),
        (&json!(false), &json!("Renamed"))
    );
}

/// N3: the same for a resource.
#[tokio::test]
async fn two_changes_of_a_resource_both_hold() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let path = acme.tenant.path(&format!("/resources/{}", acme.resource));
    let changes = [
        json!({ "aliases": ["https://alias.test/mcp"] }),
        json!({ "name": "Renamed" }),
    ];
    let resource = at_once(&app, "select from resources for update", &path, changes).await;
    assert_eq!(
        (&resource["aliases"][0], &resource["name"]),
        (&json!("https://alias.test/mcp"), &json!("Renamed"))
    );
}

/// N3: the same for a tenant.
#[tokio::test]
async fn two_changes_of_a_tenant_both_hold() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let changes = [
        json!({ "registration_policy": "off" }),
        json!({ "display_name": "Renamed" }),
    ];
    let tenant = at_once(
        &app,
        "select from tenants for update",
        &acme.path(""),
        changes,
    )
    .await;
    assert_eq!(
        (&tenant["registration_policy"], &tenant["display_name"]),
        (&json!("off"), &json!("Renamed"))
    );
}
