//! Finding events, taking them along, and taking a person's data out of them.

use serde_json::{Value, json};

use super::{id_of, is_problem, key_for};
use crate::harness::{TestApp, TestTenant};

async fn actions(acme: &TestTenant, query: &str) -> Vec<String> {
    let path = acme.path(&format!("/audit-events?{query}"));
    let page = acme.admin().get(&path).await.expect_status(200).json();
    let events = page["data"].as_array().unwrap().iter();
    events
        .map(|event| event["action"].as_str().unwrap().to_owned())
        .collect()
}

/// N8: by whom, on what, about whom, in which call, and when.
#[tokio::test]
async fn events_are_found_by_what_is_known_of_them() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (owner, key_id) = key_for(&app, Some("acme"), "write").await;
    app.clock().advance(std::time::Duration::from_mins(1));
    let since = app.clock().unix_seconds();
    let user = json!({ "username": "carol", "password": "a password of theirs" });
    let made = owner.post(&acme.path("/users"), &user).await;
    let request = made.header("x-request-id").to_owned();
    let user = id_of(&made.expect_status(201).json());
    app.clock().advance(std::time::Duration::from_secs(1));
    let client = json!({ "redirect_uris": ["https://made.example/callback"], "client_id": "made" });
    owner.create(&acme.path("/clients"), &client).await;
    app.clock().advance(std::time::Duration::from_mins(1));
    owner
        .patch(
            &acme.path(&format!("/users/{user}")),
            &json!({ "name": "Carol" }),
        )
        .await
        .expect_status(200);
    let all = ["user.updated", "client.created", "user.created"];
    let made = time::OffsetDateTime::from_unix_timestamp(since).unwrap();
    let moment = |at: time::OffsetDateTime| {
        at.format(&time::format_description::well_known::Rfc3339)
            .unwrap()
    };
    let (from, to) = (moment(made), moment(made + time::Duration::seconds(2)));
    for (query, expected) in [
        (format!("actor=admin_key:{key_id}"), &all[..]),
        (
            format!("actor=admin_key:{key_id}&action=user.created"),
            &all[2..],
        ),
        (format!("user={user}"), &[all[0], all[2]][..]),
        ("client=made".to_owned(), &all[1..2]),
        ("target=client:made".to_owned(), &all[1..2]),
        (format!("request_id={request}"), &all[2..]),
        (format!("from={from}"), &all[..]),
        (format!("from={from}&to={to}"), &all[1..]),
        (format!("user={user}&to={to}"), &all[2..]),
        ("actor=command_line".to_owned(), &[]),
    ] {
        assert_eq!(actions(&acme, &query).await, expected, "{query}");
    }
    for (query, field) in [
        ("actor=admin_key", "actor"),
        ("target=made", "target"),
        ("user=carol", "user"),
        ("from=yesterday", "from"),
        ("from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z", "to"),
        ("request_id=", "request_id"),
    ] {
        let path = acme.path(&format!("/audit-events?{query}"));
        let refused = app.admin().get(&path).await;
        is_problem(&refused, 400, "invalid-value");
        assert_eq!(refused.json()["errors"][0]["field"], field, "{query}");
    }
    // A cursor is of its filter (row N5).
    let first = acme.path(&format!("/audit-events?user={user}&limit=1"));
    let first = app.admin().get(&first).await.expect_status(200).json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let other = acme.path(&format!(
        "/audit-events?client=made&limit=1&cursor={cursor}"
    ));
    is_problem(&app.admin().get(&other).await, 400, "malformed-request");
}

/// One object a line, all pages of them, as the list shows them.
#[tokio::test]
async fn events_are_exported_as_json_lines() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    // More than are read at a time.
    let many = "insert into audit_events (tenant_id, occurred_at, event_id, event_type, actor_kind, details)
        select tenant_id, created_at - n * interval '1 second', gen_random_uuid(), 'x.y', 'system', '{}'
        from tenants, generate_series(1, 1100) n where slug = 'acme'";
    app.database().db_execute(many).await;
    let path = acme.path("/audit-events/export?action=x.y");
    let exported = app.admin().get(&path).await.expect_status(200);
    assert_eq!(exported.header("content-type"), "application/jsonl");
    let lines: Vec<Value> = exported
        .body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1_100);
    let times: Vec<&str> = lines
        .iter()
        .map(|it| it["occurred_at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
    let listed = acme.path("/audit-events?action=x.y&limit=1");
    let listed = app.admin().get(&listed).await.expect_status(200).json();
    assert_eq!(listed["data"][0], lines[0]);
    let none = acme.path("/audit-events/export?action=no.such_thing");
    assert_eq!(app.admin().get(&none).await.expect_status(200).body, "");
    let unfit = acme.path("/audit-events/export?limit=1");
    is_problem(&app.admin().get(&unfit).await, 400, "malformed-request");
}

/// What happened stays, and whose name and address it was is gone.
#[tokio::test]
async fn a_persons_data_is_taken_out_of_the_audit() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let browser = acme.browser_of("alice").await;
    client.tokens_of(&browser).await;
    acme.next_audit_event("code.redeemed", |_| true).await;
    let alice = acme.user("alice").await;
    let erasures = acme.path("/audit-events/erasures");
    let body = json!({ "user": alice.id });
    is_problem(&app.admin().post(&erasures, &body).await, 409, "conflict");
    let user = acme.path(&format!("/users/{}", alice.id));
    app.admin().delete(&user).await.expect_status(204);
    app.admin().post(&erasures, &body).await.expect_status(204);

    let about = acme.path(&format!("/audit-events?user={}", alice.id));
    let before = app.admin().get(&about).await.expect_status(200).json();
    app.clock().advance(std::time::Duration::from_mins(2));
    app.run_due_jobs().await;
    let after = app.admin().get(&about).await.expect_status(200);
    assert!(!after.body.contains("alice"), "{after:?}");
    let after = after.json();
    let names = |page: &Value| -> Vec<String> {
        let events = page["data"].as_array().unwrap().iter();
        events
            .map(|it| it["action"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut expected = names(&before);
    expected.insert(0, "audit_events.erased".to_owned());
    assert_eq!(names(&after), expected);
    for event in after["data"].as_array().unwrap() {
        if event["actor_kind"] == "user" {
            assert_eq!(event["address"], Value::Null, "{event}");
        }
    }
    let erased = app.metric("writ_audit_events_erased_total").await;
    assert!(erased > Some(3), "{erased:?}");
    let requested = acme.audit_events("audit_erasure.requested").await;
    assert_eq!(requested.len(), 1);
    is_problem(
        &app.admin()
            .post(&erasures, &json!({ "user": "alice" }))
            .await,
        400,
        "invalid-value",
    );
}
