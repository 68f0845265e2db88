//! The system tenant: made once, kept in step with the settings, and never gone, silent or open to strangers.

use serde_json::{Value, json};

use super::{id_of, is_problem, is_problem_of};
use crate::harness::{ADMIN_URL, TestApp};

const TENANTS: &str = "/admin/v1/tenants";

async fn listed(app: &TestApp, path: &str) -> Vec<Value> {
    let page = app.admin().get(path).await.expect_status(200).json();
    page["data"].as_array().unwrap().clone()
}

/// Replicas that start at once make one, and a start changes nothing that is right.
#[tokio::test]
async fn it_is_made_once() {
    let app = TestApp::start().await;
    assert_eq!(listed(&app, TENANTS).await, Vec::<Value>::new());
    let start = || app.start_replica_with("WRIT_ADMIN_URL", ADMIN_URL);
    let (_one, _another, _third) = tokio::join!(start(), start(), start());
    let tenants = listed(&app, TENANTS).await;
    assert_eq!(tenants.len(), 1, "{tenants:?}");
    assert_eq!(tenants[0]["slug"], "system");
    let system = app.system_tenant();
    let resources = listed(&app, &system.path("/resources")).await;
    assert_eq!(resources.len(), 1);
    assert_eq!(id_of(&resources[0]), system.resource.id);
    let clients = listed(&app, &system.path("/clients")).await;
    assert_eq!(clients.len(), 1);
    assert_eq!(clients[0]["client_id"], "writ-cli");
    assert_eq!(clients[0]["token_endpoint_auth_method"], "none");
    let before = app.database().db_rows().await;
    let _again = start().await;
    assert_eq!(app.database().db_rows().await, before);
}

/// What nobody could sign in without is put right at the next start; what an operator decided stays.
#[tokio::test]
async fn what_is_missing_comes_back_and_what_was_decided_stays() {
    let app = TestApp::start_with_administrators().await;
    let system = app.system_tenant();
    system
        .change(
            "/clients/writ-cli",
            &json!({ "is_enabled": false, "client_name": "Ours" }),
        )
        .await;
    system
        .change("", &json!({ "display_name": "Administration of Example" }))
        .await;
    let resource = system.path(&format!("/resources/{}", system.resource.id));
    app.admin().delete(&resource).await.expect_status(204);
    let _replica = app.start_replica().await;
    let found = app.admin().get(&resource).await.expect_status(200).json();
    assert_eq!(found["audience"], ADMIN_URL);
    let cli = app.admin().get(&system.path("/clients/writ-cli")).await;
    let cli = cli.expect_status(200).json();
    assert_eq!(
        (&cli["is_enabled"], &cli["client_name"]),
        (&json!(false), &json!("Ours"))
    );
    let tenant = app.admin().get(&system.path("")).await.json();
    assert_eq!(tenant["display_name"], "Administration of Example");
    app.admin()
        .delete(&system.path("/clients/writ-cli"))
        .await
        .expect_status(204);
    let _replica = app.start_replica().await;
    let cli = app.admin().get(&system.path("/clients/writ-cli")).await;
    assert_eq!(cli.expect_status(200).json()["is_enabled"], true);
}

/// Its users administer everything, so it is neither suspended nor deleted, by nobody.
#[tokio::test]
async fn it_is_neither_suspended_nor_deleted() {
    let app = TestApp::start_with_administrators().await;
    let system = app.system_tenant();
    let before = app.database().db_rows().await;
    let suspended = json!({ "state": "suspended" });
    is_problem(
        &app.admin().patch(&system.path(""), &suspended).await,
        409,
        "conflict",
    );
    for grace in ["", "?grace_seconds=0", "?grace_seconds=60"] {
        let deleted = app.admin().delete(&system.path(grace)).await;
        is_problem(&deleted, 409, "conflict");
    }
    let restored = app
        .admin()
        .call(reqwest::Method::POST, &system.path("/restore"), None)
        .await;
    is_problem(&restored, 409, "conflict");
    assert_eq!(app.database().db_rows().await, before);
    system.metadata().await.expect_status(200);
}

/// A stranger's client must not get to ask an administrator for their rights.
#[tokio::test]
async fn strangers_clients_do_not_come_to_it() {
    let app = TestApp::start_with_administrators().await;
    let system = app.system_tenant();
    for (member, value) in [
        ("registration_policy", json!("open")),
        ("registration_policy", json!("initial_access_token")),
        ("registration_policy", Value::Null),
        ("client_document_policy", json!("open")),
        ("client_document_policy", Value::Null),
    ] {
        let answer = app
            .admin()
            .patch(&system.path(""), &json!({ member: value }))
            .await;
        is_problem_of(&answer, 409, "conflict", member);
    }
    let metadata = json!({ "redirect_uris": ["https://evil.example/callback"] });
    let registered = system.register(&metadata).await;
    assert_eq!(registered.status.as_u16(), 403, "{registered:?}");
    let client = system.writ_cli();
    for (client_id, status) in [("https://evil.example/client.json", 403), ("somebody", 400)] {
        let request = client.authorization_request().with("client_id", client_id);
        let answer = request.send().await;
        assert_eq!(answer.status.as_u16(), status, "{client_id}: {answer:?}");
    }
}

/// The word is taken, whether or not there is a system tenant yet.
#[tokio::test]
async fn nobody_else_is_called_system() {
    for app in [
        TestApp::start().await,
        TestApp::start_with_administrators().await,
    ] {
        let body = json!({ "slug": "system", "display_name": "Mine" });
        is_problem_of(
            &app.admin().post(TENANTS, &body).await,
            400,
            "invalid-value",
            "slug",
        );
    }
}

/// A tenant of a time when the word was free stays what it is: who administers that one administers no more.
#[tokio::test]
async fn a_tenant_that_was_called_so_before_does_not_become_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    app.database()
        .db_execute("update tenants set slug = 'system' where slug = 'acme'")
        .await;
    let replica = app.start_replica_with("WRIT_ADMIN_URL", ADMIN_URL).await;
    let marked = app.admin().get("/admin/v1/tenants/system/resources").await;
    let marked = marked.expect_status(200).json();
    assert_eq!(
        marked["data"].as_array().unwrap().len(),
        1,
        "only acme's own"
    );
    let client = acme.through(replica.wire());
    assert_eq!(
        client.metadata().await.expect_status(200).json()["issuer"],
        acme.issuer.as_str()
    );
    // It is an ordinary tenant, and is ended like one.
    let suspended = json!({ "state": "suspended" });
    replica
        .admin()
        .patch("/admin/v1/tenants/system", &suspended)
        .await
        .expect_status(200);
    // Keys go on working, and nobody is told to sign in.
    let path = "/.well-known/oauth-protected-resource";
    let metadata = replica.admin().wire().get(&replica.admin().url(path)).await;
    is_problem(&metadata, 404, "not-found");
}
