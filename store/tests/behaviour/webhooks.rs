//! The outbox of webhooks: filled with the events, emptied by a job, and nobody is forgotten or waited for.

use std::time::Duration;

use protocol::webhook::{PAUSED_AFTER, rest_after_failure};
use protocol::{EventId, Timestamp, WebhookId};

use crate::tests::support::{CountingRandom, Things, World, at};
use crate::{
    ClaimedDelivery, DeliveryOutcome, DeliveryState, DueWorkKind, NewAuditEvent, NewWebhook,
    Tenant, TenantScope, WebhookState, WebhookUpdate,
};

fn event(event_type: &str, seconds: i64) -> NewAuditEvent {
    NewAuditEvent {
        event_id: EventId::generate(&CountingRandom, at(seconds)),
        occurred_at: at(seconds),
        event_type: event_type.to_owned(),
        ..Things::new().event
    }
}

fn webhook(patterns: &[&str]) -> NewWebhook {
    let things = Things::new().webhook;
    NewWebhook {
        name: things.webhook_id.to_string(),
        event_types: patterns.iter().map(|it| (*it).to_owned()).collect(),
        ..things
    }
}

async fn insert(world: &World, tenant: &Tenant, patterns: &[&str]) -> WebhookId {
    let new = webhook(patterns);
    let mut scope = world.database.tenant(tenant).await.unwrap();
    scope.insert_webhook(&new, at(0)).await.unwrap();
    scope.commit().await.unwrap();
    new.webhook_id
}

async fn happen(world: &World, tenant: &Tenant, events: &[NewAuditEvent]) {
    let mut scope = world.database.tenant(tenant).await.unwrap();
    for event in events {
        scope.insert_audit_event(event).await.unwrap();
    }
    scope.commit().await.unwrap();
}

async fn claim(world: &World, tenant: &Tenant, now: Timestamp) -> Vec<ClaimedDelivery> {
    let mut scope = world.database.tenant(tenant).await.unwrap();
    let lease = now + Duration::from_mins(2);
    let claimed = scope.claim_webhook_deliveries(now, lease, 4).await.unwrap();
    scope.commit().await.unwrap();
    claimed
}

async fn due_at(world: &World, kind: DueWorkKind) -> i64 {
    let from = format!("due_work where kind = '{}'", kind.as_str());
    world.db_count(&from).await
}

async fn plan(world: &World, tenant: &Tenant) {
    let mut scope = world.database.tenant(tenant).await.unwrap();
    scope.plan_webhook_deliveries(at(1)).await.unwrap();
    scope.commit().await.unwrap();
}

fn taken(now: Timestamp) -> DeliveryOutcome {
    DeliveryOutcome {
        state: DeliveryState::Delivered,
        is_attempt: true,
        due_at: now,
        status: Some(204),
        error: None,
    }
}

#[tokio::test]
async fn an_event_is_for_the_webhooks_that_want_it() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let all = insert(&world, &tenant, &["*"]).await;
    let clients = insert(&world, &tenant, &["client.*"]).await;
    let created = insert(&world, &tenant, &["client.created", "user.deleted"]).await;
    let other = insert(&world, &tenant, &["user.*"]).await;
    let event = event("client.created", 1);
    happen(&world, &tenant, std::slice::from_ref(&event)).await;
    let mut claimed = claim(&world, &tenant, at(1)).await;
    claimed.sort_by_key(|it| it.webhook_id);
    let told: Vec<_> = claimed
        .iter()
        .map(|it| (it.webhook_id, it.event_id))
        .collect();
    let mut expected = [all, clients, created].map(|it| (it, event.event_id));
    expected.sort_unstable();
    assert_eq!(told, expected);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let none = scope.list_webhook_deliveries(other, None, None, 10).await;
    assert_eq!(none.unwrap(), []);
}

/// No write more than before, where nobody is to be told.
#[tokio::test]
async fn a_tenant_without_webhooks_has_no_outbox_and_no_work() {
    let world = World::new().await;
    let (acme, other) = (world.tenant("acme").await, world.tenant("other").await);
    insert(&world, &other, &["*"]).await;
    happen(&world, &acme, &[event("client.created", 1)]).await;
    assert_eq!(world.db_count("webhook_deliveries").await, 0);
    assert_eq!(due_at(&world, DueWorkKind::WebhookDeliveries).await, 0);
    // What is undone was never to be told.
    let mut scope = world.database.tenant(&other).await.unwrap();
    let event = event("client.created", 1);
    scope.insert_audit_event(&event).await.unwrap();
    scope.roll_back().await.unwrap();
    assert_eq!(world.db_count("webhook_deliveries").await, 0);
    assert_eq!(due_at(&world, DueWorkKind::WebhookDeliveries).await, 0);
}

#[tokio::test]
async fn one_that_is_not_active_is_told_nothing_of_what_happens_meanwhile() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let webhook_id = insert(&world, &tenant, &["*"]).await;
    happen(&world, &tenant, &[event("client.created", 1)]).await;
    let update = |state| WebhookUpdate {
        name: "x".to_owned(),
        url: "https://alarm.example/writ".to_owned(),
        event_types: vec!["*".to_owned()],
        state,
    };
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let disabled = update(WebhookState::Disabled);
    assert!(
        scope
            .update_webhook(webhook_id, &disabled, at(2))
            .await
            .unwrap()
    );
    scope.commit().await.unwrap();
    happen(&world, &tenant, &[event("client.deleted", 3)]).await;
    assert_eq!(claim(&world, &tenant, at(4)).await, []);
    plan(&world, &tenant).await;
    assert_eq!(due_at(&world, DueWorkKind::WebhookDeliveries).await, 0);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let active = update(WebhookState::Active);
    assert!(
        scope
            .update_webhook(webhook_id, &active, at(5))
            .await
            .unwrap()
    );
    scope.commit().await.unwrap();
    // What waited for it before goes on.
    assert_eq!(due_at(&world, DueWorkKind::WebhookDeliveries).await, 1);
    assert_eq!(claim(&world, &tenant, at(6)).await.len(), 1);
}

/// What is issued by the thousand comes in batches: only to those who name it in full.
#[tokio::test]
async fn a_batched_event_is_for_those_who_name_it() {
    let world = World::new().await;
    let (acme, other) = (world.tenant("acme").await, world.tenant("other").await);
    insert(&world, &acme, &["*", "refresh_token.*"]).await;
    let exact = insert(&world, &acme, &["refresh_token.stale"]).await;
    let batch = [
        (acme.clone(), event("refresh_token.stale", 1)),
        (acme.clone(), event("refresh_token.rotated", 1)),
        (other.clone(), event("refresh_token.stale", 1)),
    ];
    // The answer to a commit may be lost: then the same batch comes again.
    for _ in 0..2 {
        let mut platform = world.database.platform().await.unwrap();
        let written = platform.insert_audit_events_of_tenants(&batch).await;
        written.unwrap();
        platform.commit().await.unwrap();
    }
    assert_eq!(due_at(&world, DueWorkKind::WebhookDeliveries).await, 1);
    let claimed = claim(&world, &acme, at(2)).await;
    let told: Vec<_> = claimed
        .iter()
        .map(|it| (it.webhook_id, it.event_id))
        .collect();
    assert_eq!(told, [(exact, batch[0].1.event_id)]);
    assert_eq!(claim(&world, &other, at(2)).await, []);
}

/// Two transactions of one tenant that have something to tell do not stand in line for one another.
#[tokio::test]
async fn transactions_do_not_wait_for_the_queue() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    insert(&world, &tenant, &["*"]).await;
    happen(&world, &tenant, &[event("client.created", 0)]).await;
    let mut first = world.database.tenant(&tenant).await.unwrap();
    let happened = event("client.created", 1);
    first.insert_audit_event(&happened).await.unwrap();
    // As if it were about to commit.
    first.plan_noted_deliveries(at(1)).await.unwrap();
    happen(&world, &tenant, &[event("client.created", 1)]).await;
    first.commit().await.unwrap();
    assert_eq!(claim(&world, &tenant, at(2)).await.len(), 3);
}

/// The job has nothing more to do, and somebody is just about to commit: it waits for them, and sees what they did.
#[tokio::test]
async fn an_event_is_not_forgotten_when_the_job_finishes_beside_it() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    insert(&world, &tenant, &["*"]).await;
    happen(&world, &tenant, &[event("client.created", 0)]).await;
    for delivery in claim(&world, &tenant, at(1)).await {
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        settle(&mut scope, &delivery, &taken(at(1))).await;
        scope.commit().await.unwrap();
    }
    let mut telling = world.database.tenant(&tenant).await.unwrap();
    let happened = event("client.created", 1);
    telling.insert_audit_event(&happened).await.unwrap();
    telling.plan_noted_deliveries(at(1)).await.unwrap();
    let planning = async { plan(&world, &tenant).await };
    let committing = async {
        world.db_until_waiting(1).await;
        telling.commit().await.unwrap();
    };
    tokio::join!(planning, committing);
    assert_eq!(due_at(&world, DueWorkKind::WebhookDeliveries).await, 1);
    assert_eq!(claim(&world, &tenant, at(2)).await.len(), 1);
}

async fn settle(scope: &mut TenantScope, delivery: &ClaimedDelivery, outcome: &DeliveryOutcome) {
    let settled = scope.settle_webhook_delivery(delivery, outcome, at(1));
    assert!(settled.await.unwrap());
}

#[tokio::test]
async fn one_that_fails_is_shown_one_delivery_at_a_time() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let webhook_id = insert(&world, &tenant, &["*"]).await;
    let events: Vec<_> = (0..9)
        .map(|second| event("client.created", second))
        .collect();
    happen(&world, &tenant, &events).await;
    assert_eq!(claim(&world, &tenant, at(9)).await.len(), 4, "the limit");
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let noted = scope.note_webhook_failure(webhook_id, None, at(9));
    assert!(noted.await.unwrap());
    scope.commit().await.unwrap();
    let rest = rest_after_failure(Duration::ZERO);
    assert_eq!(claim(&world, &tenant, at(9)).await, [], "it rests");
    assert_eq!(claim(&world, &tenant, at(9) + rest).await.len(), 1);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let later = at(9) + PAUSED_AFTER;
    let noted = scope.note_webhook_failure(webhook_id, Some(at(9)), later);
    assert!(noted.await.unwrap());
    let found = scope.find_webhook(webhook_id).await.unwrap().unwrap();
    assert_eq!(found.failing_since, Some(at(9)));
    assert!(
        scope
            .pause_webhook(webhook_id, "failing", later)
            .await
            .unwrap()
    );
    assert!(
        !scope
            .pause_webhook(webhook_id, "failing", later)
            .await
            .unwrap()
    );
    let found = scope.find_webhook(webhook_id).await.unwrap().unwrap();
    assert_eq!(found.state, WebhookState::Paused);
    assert_eq!(found.paused_reason.as_deref(), Some("failing"));
    scope.commit().await.unwrap();
}

/// A lease that ends is a worker that died: another claims it.
#[tokio::test]
async fn a_delivery_is_claimed_by_one_until_its_lease_ends() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    insert(&world, &tenant, &["*"]).await;
    happen(&world, &tenant, &[event("client.created", 1)]).await;
    assert_eq!(claim(&world, &tenant, at(1)).await.len(), 1);
    assert_eq!(claim(&world, &tenant, at(1)).await.len(), 0);
    assert_eq!(claim(&world, &tenant, at(121)).await.len(), 1);
}

#[tokio::test]
async fn a_deleted_webhook_goes_with_its_deliveries_batch_by_batch() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let webhook_id = insert(&world, &tenant, &["*"]).await;
    let events: Vec<_> = (0..5)
        .map(|second| event("client.created", second))
        .collect();
    happen(&world, &tenant, &events).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    assert!(scope.delete_webhook(webhook_id, at(5)).await.unwrap());
    assert!(!scope.delete_webhook(webhook_id, at(5)).await.unwrap());
    assert_eq!(scope.find_webhook(webhook_id).await.unwrap(), None);
    assert_eq!(scope.list_webhooks(None, 10).await.unwrap(), []);
    scope.commit().await.unwrap();
    assert_eq!(claim(&world, &tenant, at(9)).await, []);
    let day = Duration::from_hours(24);
    let mut left = vec![];
    for _ in 0..4 {
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        let report = scope.sweep_expired(at(5) + day, 2).await.unwrap();
        scope.commit().await.unwrap();
        left.push((world.db_count("webhook_deliveries").await, report.webhooks));
    }
    assert_eq!(left, [(3, 0), (1, 0), (0, 1), (0, 0)]);
    assert_eq!(world.db_count("webhooks").await, 0);
}

#[tokio::test]
async fn what_was_delivered_goes_after_a_week_and_what_was_not_after_a_month() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    insert(&world, &tenant, &["*"]).await;
    let events: Vec<_> = (0..2)
        .map(|second| event("client.created", second))
        .collect();
    happen(&world, &tenant, &events).await;
    let claimed = claim(&world, &tenant, at(2)).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    settle(&mut scope, &claimed[0], &taken(at(2))).await;
    scope.commit().await.unwrap();
    for (days, left) in [(6, 2), (8, 1), (29, 1), (31, 0)] {
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        let now = at(2) + days * Duration::from_hours(24);
        scope.sweep_expired(now, 100).await.unwrap();
        scope.commit().await.unwrap();
        assert_eq!(
            world.db_count("webhook_deliveries").await,
            left,
            "{days} days"
        );
    }
}
