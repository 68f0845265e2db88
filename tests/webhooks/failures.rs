//! Receivers that do not answer, do not want any more, or are somebody else.

use std::time::Duration;

use super::*;

/// Slower and slower, with the same id, and in the end it is given up: it can be seen, and played again.
#[tokio::test]
async fn a_delivery_that_fails_is_tried_for_three_days() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["user.created"]).await;
    hooked.internet.serve(HOOK, Served::status(500));
    hooked.something_happens("carol").await;
    let waits = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (attempt, wait) in waits.into_iter().enumerate() {
        hooked.app.run_due_jobs().await;
        assert_eq!(hooked.posted().len(), attempt + 1);
        hooked.app.clock().advance(Duration::from_secs(wait - 1));
        hooked.app.run_due_jobs().await;
        assert_eq!(hooked.posted().len(), attempt + 1, "not yet");
        hooked.app.clock().advance(Duration::from_secs(1));
    }
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.posted().len(), 10);
    hooked.app.clock().advance(Duration::from_hours(24));
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.posted().len(), 10);
    let ids: std::collections::HashSet<String> = hooked
        .posted()
        .iter()
        .map(|it| it.header("webhook-id").to_owned())
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(hooked.count("failed").await, 9);
    assert_eq!(hooked.count("given_up").await, 1);

    let failed = hooked
        .get(&hooked.path(&webhook, "/deliveries?state=failed"))
        .await;
    let delivery = &failed["data"][0];
    assert_eq!(delivery["attempts"], 10, "{delivery}");
    assert_eq!(delivery["last_status"], 500);
    assert_eq!(delivery["last_error"], "status");
    assert_eq!(delivery["next_attempt_at"], Value::Null);

    hooked
        .internet
        .serve(HOOK, Served::new(200, "text/plain", "ok"));
    let replay = format!("/deliveries/{}/replay", text(delivery, "id"));
    let replay = hooked.path(&webhook, &replay);
    let replayed = hooked
        .app
        .admin()
        .call(reqwest::Method::POST, &replay, None)
        .await;
    assert_eq!(replayed.expect_status(200).json()["state"], "pending");
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.posted().len(), 11);
    let found = hooked.path(&webhook, &format!("/deliveries/{}", text(delivery, "id")));
    let found = hooked.get(&found).await;
    assert_eq!(found["state"], "delivered", "{found}");
    assert_eq!(found["last_status"], 200);
    let events = hooked.acme.audit_events("webhook_delivery.replayed").await;
    assert_eq!(events.len(), 1);
}

/// One that is down is asked once in a while, however much waits for it; back again, it is told everything.
#[tokio::test]
async fn a_webhook_that_is_down_is_not_pressed_upon() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["user.created"]).await;
    hooked.internet.set_down(true);
    hooked.something_happens("first").await;
    hooked.app.run_due_jobs().await;
    let before = hooked.internet.connections();
    for number in 0..6 {
        hooked.something_happens(&format!("more-{number}")).await;
    }
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.internet.connections(), before, "it rests");
    hooked.app.clock().advance(Duration::from_secs(5));
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.internet.connections(), before + 1);
    let status = hooked.get(&hooked.path(&webhook, "/status")).await;
    assert_eq!(status["state"], "active", "{status}");
    assert!(status["failing_since"].is_string(), "{status}");
    assert_eq!(status["pending"], 7);

    hooked.internet.set_down(false);
    hooked.app.clock().advance(Duration::from_mins(10));
    hooked.app.run_due_jobs().await;
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.posted().len(), 7);
    let status = hooked.get(&hooked.path(&webhook, "/status")).await;
    assert_eq!(status["failing_since"], Value::Null, "{status}");
    assert!(status["last_delivered_at"].is_string(), "{status}");
    assert_eq!(status["pending"], 0);
}

/// For five days nobody was there: it is paused, the audit and the metric say so, and an administrator lets it go on.
#[tokio::test]
async fn a_webhook_that_fails_for_days_is_paused() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["user.created"]).await;
    hooked.internet.serve(HOOK, Served::status(503));
    hooked.something_happens("carol").await;
    hooked.app.run_due_jobs().await;
    hooked.app.clock().advance(Duration::from_hours(5 * 24));
    hooked.something_happens("dave").await;
    hooked.app.run_due_jobs().await;

    let found = hooked.get(&hooked.path(&webhook, "")).await;
    assert_eq!(found["state"], "paused", "{found}");
    assert_eq!(found["paused_reason"], "failing");
    let event = &hooked.acme.audit_events("webhook.paused").await[0];
    assert_eq!(event["target_id"], webhook["id"], "{event}");
    assert_eq!(event["details"]["reason"], "failing");
    let paused = "writ_webhooks_paused_total{reason=\"failing\"}";
    assert_eq!(hooked.app.metric(paused).await, Some(1));

    let before = hooked.posted().len();
    hooked.something_happens("while-paused").await;
    hooked.app.clock().advance(Duration::from_hours(1));
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.posted().len(), before);

    hooked
        .internet
        .serve(HOOK, Served::new(200, "text/plain", ""));
    let active = json!({ "state": "active" });
    let patched = hooked
        .app
        .admin()
        .patch(&hooked.path(&webhook, ""), &active)
        .await;
    assert_eq!(
        patched.expect_status(200).json()["paused_reason"],
        Value::Null
    );
    hooked.app.clock().advance(Duration::from_hours(24));
    hooked.app.run_due_jobs().await;
    let told: Vec<String> = hooked.posted()[before..]
        .iter()
        .map(|it| it.body.clone())
        .collect();
    assert!(told.iter().any(|body| body.contains("carol")), "{told:?}");
    assert!(!told.iter().any(|body| body.contains("while-paused")));
}

/// Standard Webhooks: 410 says that nobody wants to be told any more.
#[tokio::test]
async fn a_webhook_that_is_gone_is_paused_at_once() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["user.created"]).await;
    hooked.internet.serve(HOOK, Served::status(410));
    hooked.something_happens("carol").await;
    hooked.app.run_due_jobs().await;
    let found = hooked.get(&hooked.path(&webhook, "")).await;
    assert_eq!(found["state"], "paused", "{found}");
    assert_eq!(found["paused_reason"], "gone");
}

/// Rows K2 and K5: where a message goes is the administrator's to choose, and leads nowhere inside.
#[tokio::test]
async fn no_message_goes_to_our_own_network_or_where_a_redirect_points() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["user.created"]).await;
    let before = hooked.internet.connections();
    hooked
        .internet
        .locate("hooks.example", &["93.184.215.14", "10.0.0.7"]);
    hooked.something_happens("carol").await;
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.internet.connections(), before);
    let pending = hooked
        .get(&hooked.path(&webhook, "/deliveries?state=pending"))
        .await;
    assert_eq!(pending["data"][0]["last_error"], "unreachable", "{pending}");
    assert_eq!(pending["data"][0]["last_status"], Value::Null);

    hooked.internet.locate("hooks.example", &["93.184.215.14"]);
    let away = Served::status(307).with("location", "https://other.example/writ");
    hooked.internet.serve(HOOK, away);
    hooked.app.clock().advance(Duration::from_mins(10));
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.internet.requests_of("https://other.example/writ"), 0);
    let pending = hooked.get(&hooked.path(&webhook, "/deliveries")).await;
    assert_eq!(pending["data"][0]["last_status"], 307, "{pending}");
}

/// Its event is older than the audit keeps it: nothing can be said any more.
#[tokio::test]
async fn a_delivery_whose_event_is_gone_has_failed() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["user.created"]).await;
    hooked.something_happens("carol").await;
    hooked
        .app
        .database()
        .db_execute("delete from audit_events where event_type = 'user.created'")
        .await;
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.posted().len(), 0);
    let failed = hooked.get(&hooked.path(&webhook, "/deliveries")).await;
    assert_eq!(failed["data"][0]["state"], "failed", "{failed}");
    assert_eq!(failed["data"][0]["last_error"], "event_gone");
    assert_eq!(hooked.count("event_gone").await, 1);
}
