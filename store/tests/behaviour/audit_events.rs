//! Audit: newest first, in batches, by month.

use std::time::Duration;

use protocol::{EventId, Timestamp};

use crate::tests::support::{CountingRandom, Things, World, at};
use crate::{
    AuditEvent, AuditFilter, FirstKept, NewAuditEvent, PlatformScope, SHORTEST_AUDIT_RETENTION,
    Tenant, TenantUpdate,
};

fn event(occurred_at: Timestamp) -> NewAuditEvent {
    let event_id = EventId::generate(&CountingRandom, occurred_at);
    NewAuditEvent {
        event_id,
        occurred_at,
        ..Things::new().event
    }
}

fn kept_from(at: Timestamp) -> FirstKept {
    FirstKept::new(at + SHORTEST_AUDIT_RETENTION, SHORTEST_AUDIT_RETENTION)
}

#[tokio::test]
async fn events_are_listed_from_the_newest_page_by_page() {
    let world = World::new().await;
    let (acme, other) = (world.tenant("acme").await, world.tenant("other").await);
    let events: Vec<_> = (0..5).map(|second| event(at(second / 2))).collect();
    let batch: Vec<_> = events.iter().map(|it| (acme.clone(), it.clone())).collect();
    let mut platform = world.database.platform().await.unwrap();
    platform
        .insert_audit_events_of_tenants(&batch)
        .await
        .unwrap();
    platform
        .insert_audit_events_of_tenants(&[(other.clone(), event(at(9)))])
        .await
        .unwrap();
    platform.insert_audit_events_of_tenants(&[]).await.unwrap();
    platform.commit().await.unwrap();
    let mut scope = world.database.tenant(&acme).await.unwrap();
    let (mut after, mut listed) = (None, Vec::new());
    loop {
        let page = scope
            .list_audit_events(&AuditFilter::default(), after, 2)
            .await
            .unwrap();
        after = page.last().map(AuditEvent::cursor);
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    let mut expected = events.clone();
    expected.sort_by_key(|it| std::cmp::Reverse((it.occurred_at, it.event_id)));
    assert_eq!(listed, expected);
}

/// The answer to a commit may be lost: then the same batch comes again.
#[tokio::test]
async fn a_batch_that_comes_again_is_written_once() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let batch = [(acme.clone(), event(at(0))), (acme, event(at(1)))];
    for _ in 0..2 {
        let mut platform = world.database.platform().await.unwrap();
        platform
            .insert_audit_events_of_tenants(&batch)
            .await
            .unwrap();
        platform.commit().await.unwrap();
    }
    assert_eq!(world.db_count("audit_events").await, 2);
}

#[tokio::test]
async fn the_platforms_events_say_which_tenant_they_were_about() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let (about, alone) = (event(at(1)), event(at(2)));
    let mut platform = world.database.platform().await.unwrap();
    platform
        .insert_platform_audit_event(Some(&acme), &about)
        .await
        .unwrap();
    platform
        .insert_platform_audit_event(None, &alone)
        .await
        .unwrap();
    let listed = platform.list_platform_audit_events(None, 10).await.unwrap();
    let found: Vec<_> = listed.iter().map(|it| (it.tenant_id, &it.event)).collect();
    assert_eq!(found, [(None, &alone), (Some(acme.id()), &about)]);
    let rest = platform
        .list_platform_audit_events(Some(alone.cursor()), 10)
        .await
        .unwrap();
    assert_eq!(rest.len(), 1);
}

/// A month's events move into its partition, and go with it.
#[tokio::test]
async fn a_month_is_made_filled_and_dropped() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let month = Duration::from_hours(31 * 24);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for occurred_at in [at(0), at(0) + 2 * month] {
        scope.insert_audit_event(&event(occurred_at)).await.unwrap();
    }
    scope.commit().await.unwrap();
    let mut platform = world.database.platform().await.unwrap();
    assert!(platform.ensure_audit_partition(at(0)).await.unwrap());
    assert!(!platform.ensure_audit_partition(at(1)).await.unwrap());
    assert!(
        platform
            .ensure_audit_partition(at(0) + 2 * month)
            .await
            .unwrap()
    );
    platform.commit().await.unwrap();
    assert_eq!(world.db_count("audit_events_default").await, 0);
    assert_eq!(world.db_count("audit_events").await, 2);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    scope.insert_audit_event(&event(at(2))).await.unwrap();
    assert_eq!(
        scope
            .list_audit_events(&AuditFilter::default(), None, 10)
            .await
            .unwrap()
            .len(),
        3
    );
    scope.commit().await.unwrap();
    let mut platform = world.database.platform().await.unwrap();
    let dropped = platform.drop_audit_partitions(kept_from(at(0)));
    assert_eq!(dropped.await.unwrap(), 0);
    assert_eq!(
        platform
            .drop_audit_partitions(kept_from(at(0) + 2 * month))
            .await
            .unwrap(),
        1
    );
    platform.commit().await.unwrap();
    assert_eq!(world.db_count("audit_events").await, 1);
}

/// What is in no month that can be dropped goes row by row, so many at a time; newer events stay.
#[tokio::test]
async fn events_of_no_month_and_of_the_platform_are_removed() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let before = at(0) - Duration::from_hours(400 * 24);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for occurred_at in [before, before, at(0)] {
        scope.insert_audit_event(&event(occurred_at)).await.unwrap();
    }
    scope.commit().await.unwrap();
    let mut platform = world.database.platform().await.unwrap();
    for occurred_at in [before, at(0)] {
        let done = event(occurred_at);
        let inserted = platform.insert_platform_audit_event(None, &done);
        inserted.await.unwrap();
    }
    for (most, removed) in [(1, 2), (9, 1), (9, 0)] {
        let gone = platform.remove_audit_events(kept_from(at(0)), most);
        assert_eq!(gone.await.unwrap(), removed);
    }
    let left = platform.list_platform_audit_events(None, 9).await.unwrap();
    assert_eq!(left.len(), 1);
    platform.commit().await.unwrap();
    assert_eq!(world.db_count("audit_events").await, 1);
}

/// Whoever gets the retention wrong loses no day: not by months, not row by row, not the platform's.
#[tokio::test]
async fn a_retention_of_nothing_removes_nothing_of_the_last_day() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    // The first moment of a month: the one before is over.
    let now = Timestamp::from_unix_seconds(1_801_440_000);
    let (within, past) = (
        now - SHORTEST_AUDIT_RETENTION,
        now - SHORTEST_AUDIT_RETENTION - Duration::from_secs(1),
    );
    let mut platform = world.database.platform().await.unwrap();
    assert!(platform.ensure_audit_partition(within).await.unwrap());
    platform.commit().await.unwrap();
    let stray = now - Duration::from_hours(400 * 24);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for occurred_at in [within, now, stray] {
        scope.insert_audit_event(&event(occurred_at)).await.unwrap();
    }
    scope.commit().await.unwrap();
    let mut platform = world.database.platform().await.unwrap();
    for occurred_at in [within, now, past] {
        let done = event(occurred_at);
        let inserted = platform.insert_platform_audit_event(None, &done);
        inserted.await.unwrap();
    }
    let first_kept = FirstKept::new(now, Duration::ZERO);
    let months = platform.drop_audit_partitions(first_kept).await;
    assert_eq!(months.unwrap(), 0, "its last day is not over");
    let removed = platform.remove_audit_events(first_kept, 9).await;
    assert_eq!(removed.unwrap(), 2, "the stray and what was a second older");
    platform.commit().await.unwrap();
    assert_eq!(world.db_count("audit_events").await, 2);
    assert_eq!(world.db_count("platform_audit_events").await, 2);
}

/// Somebody who has changed the tenant, and has not said so yet.
async fn changing(world: &World, tenant: &Tenant) -> PlatformScope {
    let mut platform = world.database.platform().await.unwrap();
    let update = TenantUpdate {
        display_name: "Acme".to_owned(),
        settings: tenant.settings().clone(),
    };
    let changed = platform.update_tenant(tenant, &update, at(5)).await;
    assert!(changed.unwrap().is_some());
    platform
}

async fn make_month(world: &World) -> bool {
    let mut platform = world.database.platform().await.unwrap();
    let is_made = platform.ensure_audit_partition(at(0)).await.unwrap();
    platform.commit().await.unwrap();
    is_made
}

/// Whoever changes a tenant and then says so has the tenants before the events; so has the making of a month.
#[tokio::test]
async fn a_month_is_made_while_a_tenant_changes() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let changing = changing(&world, &tenant).await;
    let change = async {
        world.db_until_waiting(1).await;
        let mut scope = changing.into_tenant(&tenant).await.unwrap();
        scope.insert_audit_event(&event(at(1))).await.unwrap();
        scope.commit().await.unwrap();
    };
    let (is_made, ()) = tokio::join!(make_month(&world), change);
    assert!(is_made);
}

/// A month goes without a lock on the tenants, so it waits for nobody who changes one and then says so.
#[tokio::test]
async fn a_month_is_dropped_while_a_tenant_changes() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    assert!(make_month(&world).await);
    let changing = changing(&world, &tenant).await;
    let mut platform = world.database.platform().await.unwrap();
    let after = kept_from(at(0) + Duration::from_hours(62 * 24));
    let dropped = platform.drop_audit_partitions(after).await;
    assert_eq!(dropped.unwrap(), 1);
    platform.commit().await.unwrap();
    let mut scope = changing.into_tenant(&tenant).await.unwrap();
    scope.insert_audit_event(&event(at(1))).await.unwrap();
    scope.commit().await.unwrap();
}

/// An insert that waits while its month is made lands in the month: nothing is refused, nothing lost.
#[tokio::test]
async fn a_month_is_made_while_events_arrive() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let mut first = world.database.tenant(&tenant).await.unwrap();
    first.insert_audit_event(&event(at(0))).await.unwrap();
    let insert_late = async {
        world.db_until_waiting(1).await;
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        scope.insert_audit_event(&event(at(1))).await.unwrap();
        scope.commit().await.unwrap();
    };
    let let_go = async {
        world.db_until_waiting(2).await;
        first.commit().await.unwrap();
    };
    let (is_made, (), ()) = tokio::join!(make_month(&world), insert_late, let_go);
    assert!(is_made);
    assert_eq!(world.db_count("audit_events").await, 2);
    assert_eq!(world.db_count("audit_events_default").await, 0);
}
