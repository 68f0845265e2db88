//! Who did what: a row in the transaction of every change, that nobody edits.

use reqwest::Method;
use serde_json::{Value, json};

use super::document::{Document, Operation};
use super::things::Things;
use super::{id_of, is_problem, is_problem_of, key_for};
use crate::harness::{Answer, TestApp};

/// Sealing anew changes nothing where nothing is under an old key: `signing_keys` is about it. Nor does restoring what
/// is not to be deleted: `tenant_deletion` is; nor verifying what is verified: `issuer_hosts` is.
fn changes(document: &Document) -> Vec<Operation> {
    let operations = document.operations().into_iter();
    operations
        .filter(|operation| {
            let does_nothing = [
                "reseal_signing_keys",
                "restore_tenant",
                "verify_issuer_host",
            ];
            operation.is_write() && !does_nothing.contains(&operation.id.as_str())
        })
        .collect()
}

/// Deeds rather than things: their events say what happened, each in its own words.
const DEEDS: [&str; 15] = [
    "import_tenant",
    "create_policy_version",
    "revert_policies",
    "create_guard_rail_version",
    "revert_guard_rails",
    "erase_person_from_audit",
    "test_webhook",
    "import_resource_tools",
    "check_resource_tools",
    "add_group_member",
    "import_users",
    "rotate_signing_key",
    "remove_signing_key",
    "rotate_admin_key",
    "rotate_tenant_admin_key",
];

/// Of one of the two lists of events.
async fn newest_event(app: &TestApp, path: &str) -> Value {
    app.admin()
        .get(&format!("{path}?limit=1"))
        .await
        .expect_status(200)
        .json()["data"][0]
        .clone()
}

/// N8: each change leaves a row that says who, on what, in which request, before and after.
#[tokio::test]
async fn every_change_is_recorded() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let (platform, key_id) = key_for(&app, None, "write").await;
    for (number, operation) in (1..).zip(changes(&Document::of(&app).await)) {
        app.clock().advance(std::time::Duration::from_secs(1));
        let answer = acme.call(&platform, &operation, number).await;
        assert!(answer.status.is_success(), "{}: {answer:?}", operation.id);
        // What is above tenants, or outlives one, is among the platform's events.
        let event = match operation.id.as_str() {
            "create_tenant" => {
                let slug = answer.text("slug");
                newest_event(&app, &format!("/admin/v1/tenants/{slug}/audit-events")).await
            }
            "import_tenant" => {
                let made = answer.json();
                let slug = made["tenant"]["slug"].as_str().unwrap().to_owned();
                newest_event(&app, &format!("/admin/v1/tenants/{slug}/audit-events")).await
            }
            "create_admin_key"
            | "update_admin_key"
            | "rotate_admin_key"
            | "revoke_admin_key"
            | "create_membership"
            | "delete_membership"
            | "claim_issuer_host"
            | "release_issuer_host"
            | "delete_tenant"
            | "void_refresh_tokens"
            | "create_guard_rail_version"
            | "revert_guard_rails" => newest_event(&app, "/admin/v1/audit-events").await,
            _ => newest_event(&app, &acme.tenant.path("/audit-events")).await,
        };
        is_recorded(&operation, &answer, &event, &key_id);
        let is_about_acme = matches!(operation.id.as_str(), "revoke_admin_key" | "delete_tenant");
        if is_about_acme {
            assert_eq!(event["tenant_id"], acme.tenant_id.as_str(), "{event}");
        }
    }
}

/// The name of each operation's event: reports and alerts match on it.
const ACTIONS: &[(&str, &str)] = &[
    ("create_tenant", "tenant.created"),
    ("update_tenant", "tenant.updated"),
    ("delete_tenant", "tenant.deletion_scheduled"),
    ("create_resource", "resource.created"),
    ("update_resource", "resource.updated"),
    ("delete_resource", "resource.deleted"),
    ("create_resource_credential", "resource_credential.created"),
    ("delete_resource_credential", "resource_credential.deleted"),
    ("accept_refused_resource", "refused_resource.accepted"),
    ("dismiss_refused_resource", "refused_resource.dismissed"),
    ("create_client", "client.created"),
    ("update_client", "client.updated"),
    ("delete_client", "client.deleted"),
    ("create_client_secret", "client_secret.created"),
    ("delete_client_secret", "client_secret.deleted"),
    (
        "create_initial_access_token",
        "initial_access_token.created",
    ),
    (
        "revoke_initial_access_token",
        "initial_access_token.revoked",
    ),
    ("create_user", "user.created"),
    ("update_user", "user.updated"),
    ("delete_user", "user.deleted"),
    ("import_users", "user.imported"),
    ("end_user_session", "browser_session.ended"),
    ("end_user_sessions", "browser_session.ended"),
    ("create_group", "group.created"),
    ("update_group", "group.updated"),
    ("delete_group", "group.deleted"),
    ("add_group_member", "group.member_added"),
    ("remove_group_member", "group.member_removed"),
    ("update_quotas", "tenant.quotas_updated"),
    ("withdraw_consent", "consent.withdrawn"),
    ("revoke_grant", "grant.revoked"),
    ("create_webhook", "webhook.created"),
    ("update_webhook", "webhook.updated"),
    ("delete_webhook", "webhook.deleted"),
    ("rotate_webhook_secret", "webhook.secret_rotated"),
    ("replay_webhook_delivery", "webhook_delivery.replayed"),
    ("void_refresh_tokens", "refresh_tokens.voided"),
    ("create_admin_key", "admin_key.created"),
    ("update_admin_key", "admin_key.updated"),
    ("revoke_admin_key", "admin_key.revoked"),
    ("create_tenant_admin_key", "admin_key.created"),
    ("update_tenant_admin_key", "admin_key.updated"),
    ("revoke_tenant_admin_key", "admin_key.revoked"),
    ("create_membership", "membership.created"),
    ("delete_membership", "membership.deleted"),
    ("create_tenant_membership", "membership.created"),
    ("delete_tenant_membership", "membership.deleted"),
    ("claim_issuer_host", "issuer_host.claimed"),
    ("release_issuer_host", "issuer_host.released"),
];

/// N8: what is switched is recorded in its own words.
#[tokio::test]
async fn a_switch_is_recorded_in_its_own_words() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let client = format!("/clients/{}", acme.client);
    let user = format!("/users/{}", acme.user);
    for (below, change, action) in [
        (
            client.as_str(),
            json!({ "is_enabled": false }),
            "client.disabled",
        ),
        (&client, json!({ "is_enabled": true }), "client.enabled"),
        (&user, json!({ "is_enabled": false }), "user.disabled"),
        (&user, json!({ "is_enabled": true }), "user.enabled"),
        (
            &user,
            json!({ "password": "another password of theirs" }),
            "user.password_set",
        ),
        ("", json!({ "state": "suspended" }), "tenant.suspended"),
        ("", json!({ "state": "active" }), "tenant.resumed"),
    ] {
        app.clock().advance(std::time::Duration::from_secs(1));
        acme.tenant.change(below, &change).await;
        let event = newest_event(&app, &acme.tenant.path("/audit-events")).await;
        assert_eq!(event["action"], action, "{event}");
        assert_eq!(event["actor_kind"], "bootstrap_key", "{event}");
    }
}

#[track_caller]
fn is_recorded(operation: &Operation, answer: &Answer, event: &Value, key_id: &str) {
    let context = format!("{}: {event}", operation.id);
    assert_eq!(event["actor_kind"], "admin_key", "{context}");
    assert_eq!(event["actor_id"], key_id, "{context}");
    assert_eq!(
        event["request_id"],
        answer.header("x-request-id"),
        "{context}"
    );
    assert_eq!(event["address"], "127.0.0.1", "{context}");
    assert!(
        event["target_kind"].is_string() && event["target_id"].is_string(),
        "{context}"
    );
    if DEEDS.contains(&operation.id.as_str()) {
        return;
    }
    let action = ACTIONS.iter().find(|(id, _)| *id == operation.id);
    let (_, action) = action.unwrap_or_else(|| panic!("which event is that? {context}"));
    assert_eq!(event["action"], *action, "{context}");
    let (before, after) = (&event["details"]["before"], &event["details"]["after"]);
    // One changes the resource that it takes up into, the other the installation.
    let is_change = [
        "accept_refused_resource",
        "void_refresh_tokens",
        "rotate_webhook_secret",
        "replay_webhook_delivery",
    ]
    .contains(&operation.id.as_str());
    match operation.method {
        Method::POST if !is_change => {
            let made = answer.json();
            let id = match operation.id.as_str() {
                "create_client" => &made["client_id"],
                "create_group" => &made["name"],
                _ => &made["id"],
            };
            assert_eq!(event["target_id"], *id, "{context}");
            let mut shown = made.clone();
            if operation.id.ends_with("membership") {
                // It would stay in the audit when its person is erased.
                shown["username"] = Value::Null;
            }
            for secret in [
                "client_secret",
                "admin_key",
                "initial_access_token",
                "secret",
            ] {
                shown.as_object_mut().unwrap().remove(secret);
            }
            assert_eq!(*after, shown, "{context}");
        }
        Method::POST | Method::PATCH => {
            let names = |value: &Value| -> Vec<String> {
                value.as_object().unwrap().keys().cloned().collect()
            };
            assert_eq!(names(before), names(after), "{context}");
            assert!(!names(after).is_empty(), "{context}");
            for (name, value) in after.as_object().unwrap() {
                assert_eq!(*value, answer.json()[name], "{context}");
                assert_ne!(*value, before[name], "{context}");
            }
        }
        _ => assert!(
            before.as_object().is_some_and(|before| !before.is_empty()),
            "{context}"
        ),
    }
}

const REFUSE_EVENTS: &str = "
    create function refuse_event() returns trigger language plpgsql as
        $$ begin raise exception 'no event today'; end $$;
    create trigger refuse_event before insert on audit_events for each row execute function refuse_event();
    create trigger refuse_event before insert on platform_audit_events for each row execute function refuse_event();";

const ACCEPT_EVENTS: &str = "
    drop trigger refuse_event on audit_events;
    drop trigger refuse_event on platform_audit_events;";

/// N8, Q2: without its row, a change does not happen; the answer tells nothing of the reason.
#[tokio::test]
async fn a_change_that_cannot_be_recorded_does_not_happen() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    app.database().db_execute(REFUSE_EVENTS).await;
    let before = app.database().db_rows().await;
    for operation in changes(&document) {
        let answer = acme.call(app.admin(), &operation, 1).await;
        is_problem(&answer, 500, "internal");
        document.check(&operation, &answer);
        assert!(!answer.body.contains("no event today"), "{answer:?}");
        assert_eq!(
            app.database().db_rows().await,
            before,
            "{} changed something",
            operation.id
        );
    }
    // And nothing was remembered of them beside the database: all of it still works.
    app.database().db_execute(ACCEPT_EVENTS).await;
    for operation in changes(&document) {
        let answer = acme.call(app.admin(), &operation, 1).await;
        assert!(answer.status.is_success(), "{}: {answer:?}", operation.id);
    }
}

/// N8: what was refused, read, or changed nothing for want of the object leaves no row.
#[tokio::test]
async fn only_what_happened_is_recorded() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let before = app.database().db_rows().await;
    let unknown = acme
        .tenant
        .path("/users/00000000-0000-7000-8000-000000000000");
    is_problem(&app.admin().delete(&unknown).await, 404, "not-found");
    let unfit = json!({ "username": "", "password": "x" });
    is_problem(
        &app.admin().post(&acme.tenant.path("/users"), &unfit).await,
        400,
        "invalid-value",
    );
    let taken = json!({ "username": "BOB", "password": "another password" });
    is_problem(
        &app.admin().post(&acme.tenant.path("/users"), &taken).await,
        409,
        "conflict",
    );
    app.admin()
        .get(&acme.tenant.path("/users"))
        .await
        .expect_status(200);
    assert_eq!(app.database().db_rows().await, before);
}

/// N8: no operation edits or deletes an event.
#[tokio::test]
async fn events_can_only_be_read() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let operations = Document::of(&app).await.operations();
    let about_events = operations
        .iter()
        .filter(|operation| operation.path.contains("audit-events"))
        // Names and addresses of people go, what happened stays: `audit_filters`.
        .filter(|operation| operation.id != "erase_person_from_audit");
    for operation in about_events {
        assert_eq!(operation.method, Method::GET, "{}", operation.id);
    }
    let before = app.database().db_rows().await;
    for path in [
        acme.tenant.path("/audit-events"),
        "/admin/v1/audit-events".to_owned(),
    ] {
        let event = id_of(&newest_event(&app, &path).await);
        for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
            is_problem(
                &app.admin().call(method.clone(), &path, None).await,
                405,
                "method-not-allowed",
            );
            is_problem(
                &app.admin()
                    .call(method, &format!("{path}/{event}"), None)
                    .await,
                404,
                "not-found",
            );
        }
    }
    assert_eq!(app.database().db_rows().await, before);
}

/// N8: one kind of event alone can be read; a name that none has is an empty list, not an error.
#[tokio::test]
async fn events_can_be_read_by_kind() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let created = acme.tenant.audit_events("user.created").await;
    let users = acme.owner.get(&acme.tenant.path("/users")).await;
    let users = users.expect_status(200).json();
    assert_eq!(created.len(), users["data"].as_array().unwrap().len());
    assert!(
        created
            .iter()
            .all(|event| event["action"] == "user.created"),
        "{created:?}"
    );
    for none in ["user.deleted", "no.such_thing"] {
        assert!(acme.tenant.audit_events(none).await.is_empty(), "{none}");
    }
    for action in ["USER", "a%27b", "%00"] {
        let path = acme.tenant.path(&format!("/audit-events?action={action}"));
        is_problem_of(
            &app.admin().get(&path).await,
            400,
            "invalid-value",
            "action",
        );
    }
}

/// S3: who registers itself, signs in and allows is among the tenant's events, each with its request.
#[tokio::test]
async fn what_people_and_clients_do_is_recorded_too() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme
        .registered_client("https://stranger.example/callback")
        .await;
    client.code_from(&acme.browser_of("alice").await).await;
    for action in ["client.registered", "login.succeeded", "consent.granted"] {
        // Registrations come by the thousand, so their events come in batches.
        let event = acme.next_audit_event(action, |_| true).await;
        assert_eq!(
            event["request_id"].as_str().map(str::len),
            Some(12),
            "{action}: {event}"
        );
        assert_eq!(event["address"], "127.0.0.1", "{event}");
    }
}
