//! Whose things are meant, and which: a tenant or the platform, a person by username, a resource by its URL.

use serde_json::json;

use crate::harness::{Said, TestApp, writ};

/// With `WRIT_TENANT=acme`.
async fn in_acme(app: &TestApp, arguments: &[&str]) -> Said {
    let url = app.admin().url("");
    let environment = [
        ("WRIT_ADMIN_URL", url.as_str()),
        ("WRIT_ADMIN_KEY", app.admin().key()),
        ("WRIT_TENANT", "acme"),
    ];
    writ(arguments, &environment).await
}

/// A key that is meant for one tenant must not be one of the platform because a variable was not looked at.
#[tokio::test]
async fn keys_and_memberships_are_of_the_tenant_that_was_said_and_above_it_by_name_only() {
    let app = TestApp::start_with_administrators().await;
    app.tenant("acme").await;
    app.tenant("beta").await;
    let root = app.system_tenant().user("root").await;
    let create = [
        "admin-key",
        "create",
        "pipeline",
        "--scope",
        "clients:read",
        "--json",
    ];
    let of = async |more: &[&str]| {
        let arguments = [&create[..], more].concat();
        let made = in_acme(&app, &arguments).await.expect_success().json();
        made["tenant"].clone()
    };
    assert_eq!(of(&[]).await, "acme");
    assert_eq!(of(&["-t", "beta"]).await, "beta");
    assert_eq!(of(&["--platform"]).await, json!(null));

    // Nothing said is not the platform.
    for command in [&create[..], &["admin-key", "list"], &["membership", "list"]] {
        let said = app.writ(command).await.expect_code(64);
        assert!(said.error.contains("--platform"), "{}", said.error);
    }
    let both = ["admin-key", "list", "-t", "acme", "--platform"];
    app.writ(&both).await.expect_code(64);

    // Nobody becomes an administrator by what was left out.
    let nothing_said = ["membership", "create", "root"];
    let said = in_acme(&app, &nothing_said).await.expect_code(64);
    assert!(said.error.contains("--role"), "{}", said.error);
    let auditor = [
        "membership",
        "create",
        "root",
        "--role",
        "auditor",
        "--json",
    ];
    let made = in_acme(&app, &auditor).await.expect_success().json();
    assert_eq!(
        (&made["tenant"], &made["role"], &made["user_id"]),
        (&json!("acme"), &json!("auditor"), &json!(root.id))
    );
    // Events above tenants, although a tenant is said.
    let events = ["audit", "list", "--platform", "--json"];
    let events = in_acme(&app, &events).await.expect_success().json();
    let is_above = |event: &serde_json::Value| event["action"] != "membership.created";
    assert!(events.as_array().unwrap().iter().all(is_above), "{events}");
}

/// By the name that people know, or by id; who is not there is told by that name.
#[tokio::test]
async fn people_resources_and_webhooks_go_by_what_they_are_called() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let said = async |arguments: &[&str]| {
        let arguments = [arguments, &["--json"]].concat();
        in_acme(&app, &arguments).await.expect_success().json()
    };
    for name in [alice.id.as_str(), "alice", "Alice"] {
        assert_eq!(said(&["user", "show", name]).await["username"], "alice");
    }
    for name in [acme.resource.id.as_str(), acme.resource.identifier.as_str()] {
        let shown = said(&["resource", "show", name]).await;
        assert_eq!(shown["id"], acme.resource.id);
    }
    let hook = "https://hooks.example/writ";
    said(&["webhook", "create", "alarms", hook, "--event", "*"]).await;
    assert_eq!(said(&["webhook", "show", "alarms"]).await["url"], hook);
    for (command, words) in [
        (
            &["user", "show", "bob"][..],
            "no user with the username bob",
        ),
        (
            &["grant", "list", "--user", "bob"],
            "no user with the username bob",
        ),
        (
            &["resource", "show", "https://other.example/mcp"],
            "no resource with the identifier https://other.example/mcp",
        ),
        (
            &["webhook", "show", "bells"],
            "no webhook with the name bells",
        ),
    ] {
        let refused = in_acme(&app, command).await.expect_code(3);
        assert!(refused.error.contains(words), "{}", refused.error);
    }
}
