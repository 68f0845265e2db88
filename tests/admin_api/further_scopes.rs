//! What an operation shows or does beyond its own kind of things takes the scope of that kind as well.

use serde_json::json;

use super::{id_of, is_problem};
use crate::harness::{AdminApi, TestApp, with_the_next_batch};

const KEYS: &str = "/admin/v1/admin-keys";

async fn key_with(app: &TestApp, tenant: &str, scopes: &[&str]) -> AdminApi {
    let body = json!({ "name": "scoped", "tenant": tenant, "scopes": scopes });
    let made = app.admin().create(KEYS, &body).await;
    app.admin().with_key(made["admin_key"].as_str().unwrap())
}

/// A message is an audit event in full.
#[tokio::test]
async fn a_webhook_is_not_a_way_around_the_scope_of_the_audit() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let webhooks = acme.path("/webhooks");
    let hook = json!({ "name": "a", "url": "https://hooks.example/a", "events": ["*"] });
    let made = app.admin().create(&webhooks, &hook).await;
    let there = format!("{webhooks}/{}", id_of(&made));
    let webhooks_alone = key_with(&app, "acme", &["webhooks:write"]).await;
    let with_audit = key_with(&app, "acme", &["webhooks:write", "audit:read"]).await;

    let another = json!({ "name": "b", "url": "https://hooks.example/b", "events": ["*"] });
    let refused = webhooks_alone.post(&webhooks, &another).await;
    is_problem(&refused, 403, "forbidden");
    for change in [
        json!({ "url": "https://hooks.example/theirs" }),
        json!({ "events": ["user.*"] }),
    ] {
        is_problem(
            &webhooks_alone.patch(&there, &change).await,
            403,
            "forbidden",
        );
        with_audit.patch(&there, &change).await.expect_status(200);
    }
    let document = json!({ "format_version": 1, "tenant": { "slug": "beta", "display_name": "Beta" }, "webhooks": [hook] });
    for (further, status) in [(None, 403), (Some("audit:read"), 201)] {
        let scopes = ["tenants:write", "webhooks:write"]
            .into_iter()
            .chain(further);
        let body = json!({ "name": "scoped", "scopes": scopes.collect::<Vec<_>>() });
        let made = app.admin().create(KEYS, &body).await;
        let key = app.admin().with_key(made["admin_key"].as_str().unwrap());
        let imported = key.post("/admin/v1/tenant-imports", &document).await;
        imported.expect_status(status);
    }
    let replay = format!("{there}/deliveries/{}/replay", id_of(&made));
    is_problem(
        &webhooks_alone.post(&replay, &json!({})).await,
        403,
        "forbidden",
    );
    // Whatever tells nobody more is theirs to do.
    let off = json!({ "name": "off", "state": "disabled" });
    webhooks_alone.patch(&there, &off).await.expect_status(200);
    with_audit.create(&webhooks, &another).await;
    webhooks_alone.delete(&there).await.expect_status(204);
}

#[tokio::test]
async fn whom_a_decision_is_about_is_shown_to_who_may_see_people() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await.id;
    let attributes = json!({ "attributes": { "salary": 7 } });
    acme.change(&format!("/users/{alice}"), &attributes).await;
    let client = acme.public_client().await;
    client.tokens_of(&acme.browser_of("alice").await).await;
    let list = acme.path("/decisions?action=issue");
    with_the_next_batch("a decision", async || {
        app.admin().get(&list).await.json()["data"][0].is_object()
    })
    .await;
    for (scopes, sees) in [
        (vec!["policies:read"], false),
        (vec!["policies:read", "users:read"], true),
    ] {
        let key = key_with(&app, "acme", &scopes).await;
        let decision = key.get(&list).await.expect_status(200).json()["data"][0].clone();
        let error_id = decision["error_id"].as_str().unwrap();
        let found = acme.path(&format!("/decisions/{error_id}"));
        let found = key.get(&found).await.expect_status(200).json();
        for decision in [&decision, &found["decisions"][0]] {
            assert_eq!(decision["user_id"], alice.as_str());
            let inputs = &decision["inputs"];
            assert_eq!(inputs["principal"]["kind"], "user");
            for pointer in [
                "/principal/username",
                "/principal/attributes/salary",
                "/context/address",
            ] {
                assert_eq!(
                    inputs.pointer(pointer).is_some(),
                    sees,
                    "{pointer}: {inputs:#}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_audit_is_read_and_erased_by_who_may_even_by_way_of_a_person() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await.id;
    let users = key_with(&app, "acme", &["users:write"]).await;
    let both = key_with(&app, "acme", &["users:write", "audit:write"]).await;
    let export = acme.path(&format!("/users/{alice}/export"));
    let erase = acme.path(&format!("/users/{alice}?erase=true"));
    is_problem(&users.get(&export).await, 403, "forbidden");
    is_problem(&users.delete(&erase).await, 403, "forbidden");
    both.get(&export).await.expect_status(200);
    both.delete(&erase).await.expect_status(204);
}

/// Guard rails are for tenants: who administers is decided by the system tenant's own policies, which take everything.
#[tokio::test]
async fn a_guard_rail_keeps_no_administrator_out() {
    let app = TestApp::start_with_administrators().await;
    let system = app.system_tenant();
    let id = system.user("owner").await.id;
    let membership = json!({ "user_id": id, "role": "administrator" });
    app.admin()
        .create("/admin/v1/memberships", &membership)
        .await;
    let rails = "@id(\"nobody\") forbid (principal is Writ::User, action, resource);";
    let written = app
        .admin()
        .post("/admin/v1/guard-rails/versions", &json!({ "text": rails }))
        .await;
    written.expect_status(201);
    let browser = system.browser_of("owner").await;
    let tokens = system.writ_cli().tokens_for(&browser, "admin:read").await;
    let owner = app.admin().with_key(&tokens.access_token);
    owner.get("/admin/v1/tenants").await.expect_status(200);
    assert_eq!(tokens.body["scope"], "admin:read");
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let refused = client
        .authorization_request()
        .walk(&acme.browser_of("alice").await)
        .await;
    assert_eq!(refused.error(), "access_denied");
}

/// It would stay there when its person is erased.
#[tokio::test]
async fn the_audit_of_a_membership_has_no_name() {
    let app = TestApp::start_with_administrators().await;
    app.tenant("acme").await;
    let id = app.system_tenant().user("zoecanary").await.id;
    for path in [
        "/admin/v1/memberships",
        "/admin/v1/tenants/acme/memberships",
    ] {
        let body = json!({ "user_id": id, "role": "auditor" });
        let made = app.admin().create(path, &body).await;
        assert_eq!(made["username"], "zoecanary");
        let one = format!("{path}/{}", id_of(&made));
        app.admin().delete(&one).await.expect_status(204);
    }
    for events in [
        "/admin/v1/audit-events",
        "/admin/v1/tenants/acme/audit-events",
    ] {
        let events = app.admin().get(events).await.expect_status(200).body;
        assert!(
            events.contains("membership.deleted") && events.contains(&id),
            "{events}"
        );
        assert!(!events.contains("zoecanary"), "{events}");
    }
}
