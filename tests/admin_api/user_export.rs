//! Everything about one person, for them to have; and nothing of it afterwards.

use serde_json::json;

use super::{is_problem, things::Things};
use crate::harness::TestApp;

/// GDPR Articles 15 and 20: in one answer, what every list says of them, and no secret.
#[tokio::test]
async fn an_export_has_everything_about_one_person_and_nothing_of_others() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let tenant = &acme.tenant;
    let path = tenant.path(&format!("/users/{}", acme.user));
    let user = app.admin().get(&path).await.expect_status(200).json();
    let export = app.admin().get(&format!("{path}/export")).await;
    let export = export.expect_status(200);
    for other in ["alice", "carol", "argon2id", "the password of "] {
        assert!(!export.body.contains(other), "{other}: {export:?}");
    }
    let export = export.json();
    assert_eq!(export["user"], user);
    assert_eq!(export["has_password"], true);
    assert_eq!(export["is_complete"], true);
    for (kind, count) in [("sessions", 2), ("consents", 2), ("grants", 1)] {
        assert_eq!(
            export[kind].as_array().unwrap().len(),
            count,
            "{kind}: {export}"
        );
    }
    let events = export["audit_events"].as_array().unwrap();
    for action in [
        "user.created",
        "login.succeeded",
        "group.member_added",
        "consent.granted",
    ] {
        assert!(
            events.iter().any(|event| event["action"] == action),
            "{action}: {export}"
        );
    }
    let recorded = tenant
        .next_audit_event("user.exported", |event| {
            event["target_id"] == acme.user.as_str()
        })
        .await;
    assert_eq!(recorded["actor_kind"], "bootstrap_key");
    let nobody = tenant.path("/users/01926f7e-8a3c-7c51-9d1e-4f6b2a0c7d11/export");
    is_problem(&app.admin().get(&nobody).await, 404, "not-found");
}

/// GDPR Article 17: the audit keeps that it happened, and to whose id.
#[tokio::test]
async fn an_erased_person_leaves_their_id_and_nothing_more() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({
        "username": "erasable-person", "email": "erasable@example.com", "name": "Erasable Person",
        "password": "a good password", "attributes": { "department": "erasable-department" },
    });
    let made = app.admin().create(&acme.path("/users"), &body).await;
    let user_id = made["id"].as_str().unwrap();
    let path = acme.path(&format!("/users/{user_id}"));
    acme.change(
        &format!("/users/{user_id}"),
        &json!({ "name": "Erasable Again" }),
    )
    .await;
    let answer = app.admin().delete(&format!("{path}?erase=maybe")).await;
    assert_eq!(answer.status.as_u16(), 400);
    app.admin()
        .delete(&format!("{path}?erase=true"))
        .await
        .expect_status(204);
    let deleted = acme.audit_events("user.deleted").await;
    assert_eq!(deleted[0]["details"]["is_erased"], true);
    app.clock().advance(std::time::Duration::from_mins(2));
    app.run_due_jobs().await;
    let events = app.admin().get(&acme.path("/audit-events?limit=200")).await;
    let events = events.expect_status(200);
    assert!(events.body.contains(user_id));
    assert!(
        !events.body.to_lowercase().contains("erasable"),
        "{events:?}"
    );
}
