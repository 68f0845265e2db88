//! What a webhook is told, and that it can tell that it is we who say it.

use std::time::Duration;

use super::*;

/// Standard Webhooks: id, time and body are signed; the body is type, timestamp and data.
#[tokio::test]
async fn a_webhook_is_told_in_a_signed_message() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["user.*"]).await;
    let secret = text(&webhook, "secret");
    hooked.something_happens("carol").await;
    assert_eq!(hooked.posted().len(), 0, "by a job");
    hooked.app.run_due_jobs().await;

    let posted = hooked.posted();
    let [message] = posted.as_slice() else {
        panic!("told once: {posted:?}");
    };
    assert_eq!(signatures_by(&secret, message), [true]);
    let sent_at: i64 = message.header("webhook-timestamp").parse().unwrap();
    assert_eq!(sent_at, hooked.app.clock().unix_seconds());
    assert_eq!(message.header("content-type"), "application/json");
    let event = &hooked.acme.audit_events("user.created").await[0];
    assert_eq!(message.header("webhook-id"), text(event, "id"));
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["type"], "user.created");
    assert_eq!(body["timestamp"], event["occurred_at"]);
    // Beside whose it is, the event as the admin API shows it.
    let mut data = body["data"].clone();
    let whose = data.as_object_mut().unwrap();
    assert_eq!(whose.remove("tenant").unwrap(), "acme");
    assert_eq!(whose.remove("issuer").unwrap(), hooked.acme.issuer.as_str());
    assert_eq!(data, *event);
    assert_eq!(data["details"]["after"]["username"], "carol");
    assert!(!message.body.contains("a password of theirs"));

    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.posted().len(), 1);
    assert_eq!(hooked.count("delivered").await, 1);
    let fetched = "writ_outbound_fetches_total{kind=\"webhook\",outcome=\"fetched\"}";
    assert_eq!(hooked.app.metric(fetched).await, Some(1));
}

#[tokio::test]
async fn a_webhook_is_told_of_what_it_wants_and_of_its_own_tenant() {
    let hooked = Hooked::start().await;
    hooked.webhook(&["client.created"]).await;
    let globex = hooked.app.tenant("globex").await;
    globex.public_client().await;
    hooked.something_happens("carol").await;
    let client = hooked.acme.public_client().await;
    hooked.app.run_due_jobs().await;
    let posted = hooked.posted();
    let [message] = posted.as_slice() else {
        panic!("told once: {posted:?}");
    };
    assert!(message.body.contains(&client.client_id), "{message:?}");
}

/// Signing in is told, and so is what people allow.
#[tokio::test]
async fn what_people_do_is_told() {
    let hooked = Hooked::start().await;
    hooked.webhook(&["login.succeeded", "consent.*"]).await;
    let client = hooked.acme.public_client().await;
    let browser = hooked.acme.browser_of("alice").await;
    client.tokens_of(&browser).await;
    hooked.app.run_due_jobs().await;
    let types = |posted: &Posted| text(&serde_json::from_str(&posted.body).unwrap(), "type");
    let mut told: Vec<String> = hooked.posted().iter().map(types).collect();
    told.sort();
    assert_eq!(told, ["consent.granted", "login.succeeded"]);
}

/// Tokens are issued by the thousand: who wants everything is not told of each, who names it is.
#[tokio::test]
async fn what_is_recorded_in_batches_is_told_where_it_is_named() {
    let hooked = Hooked::start().await;
    hooked.webhook(&["code.redeemed"]).await;
    let client = hooked.acme.public_client().await;
    let browser = hooked.acme.browser_of("alice").await;
    client.tokens_of(&browser).await;
    hooked
        .acme
        .next_audit_event("code.redeemed", |_| true)
        .await;
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.posted().len(), 1);
    assert!(hooked.posted()[0].body.contains("code.redeemed"));

    let everything = Hooked::start().await;
    everything.webhook(&["*", "code.*"]).await;
    let client = everything.acme.public_client().await;
    let browser = everything.acme.browser_of("alice").await;
    client.tokens_of(&browser).await;
    everything
        .acme
        .next_audit_event("code.redeemed", |_| true)
        .await;
    everything.app.run_due_jobs().await;
    let posted = everything.posted();
    assert!(posted.iter().any(|it| it.body.contains("consent.granted")));
    assert!(!posted.iter().any(|it| it.body.contains("code.redeemed")));
}

/// The new secret signs at once, and the old one beside it until the overlap ends: no receiver misses a message.
#[tokio::test]
async fn a_secret_is_rotated_without_a_gap() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["user.created"]).await;
    let old = text(&webhook, "secret");
    let path = hooked.path(&webhook, "/rotate-secret");
    let rotation = json!({ "overlap": 3_600 });
    let rotated = hooked.app.admin().post(&path, &rotation).await;
    let rotated = rotated.expect_status(200).json();
    let new = text(&rotated, "secret");
    assert_ne!(new, old);
    hooked.something_happens("carol").await;
    hooked.app.run_due_jobs().await;
    let message = &hooked.posted()[0];
    assert_eq!(signatures_by(&new, message), [true, false]);
    assert_eq!(signatures_by(&old, message), [false, true]);

    hooked.app.clock().advance(Duration::from_hours(1));
    hooked.something_happens("dave").await;
    hooked.app.run_due_jobs().await;
    assert_eq!(signatures_by(&new, &hooked.posted()[1]), [true]);

    let at_once = hooked
        .app
        .admin()
        .post(&path, &json!({ "overlap": 0 }))
        .await;
    let last = text(&at_once.expect_status(200).json(), "secret");
    hooked.something_happens("erin").await;
    hooked.app.run_due_jobs().await;
    assert_eq!(signatures_by(&last, &hooked.posted()[2]), [true]);
    let rotations = hooked.acme.audit_events("webhook.secret_rotated").await;
    assert_eq!(rotations.len(), 2);
}

/// What is undone never happened: nobody is told of a dry run.
#[tokio::test]
async fn nobody_is_told_of_what_was_only_tried() {
    let hooked = Hooked::start().await;
    hooked.webhook(&["*"]).await;
    hooked.app.run_due_jobs().await;
    let before = hooked.posted().len();
    let users = hooked.acme.path("/users?dry_run=true");
    let user = json!({ "username": "carol", "password": "a password of theirs" });
    let tried = hooked.app.admin().post(&users, &user).await;
    tried.expect_status(201);
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.posted().len(), before);
}

#[tokio::test]
async fn a_tenant_that_is_gone_tells_nobody() {
    let hooked = Hooked::start().await;
    hooked.webhook(&["*"]).await;
    hooked.something_happens("carol").await;
    let deleted = hooked.app.admin().delete(&hooked.acme.path("")).await;
    assert!(deleted.status.is_success(), "{deleted:?}");
    hooked.app.clock().advance(Duration::from_hours(24 * 60));
    for _ in 0..5 {
        hooked.app.clock().advance(Duration::from_mins(1));
        hooked.app.run_due_jobs().await;
    }
    let sizes = hooked.app.database().db_sizes().await;
    assert_eq!((sizes["webhooks"], sizes["webhook_deliveries"]), (0, 0));
    // Not of its own end, either: from the deletion on nothing of it answers or calls.
    assert!(hooked.posted().is_empty(), "{:?}", hooked.posted());
}
