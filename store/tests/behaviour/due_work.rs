//! The queue across tenants, and the sweep it is for.

use std::time::Duration;

use crate::tests::support::{Things, World, at};
use crate::{DueWorkKind, SweepReport};

#[tokio::test]
async fn work_is_claimed_by_one_worker_until_its_lease_ends() {
    let world = World::new().await;
    let mut tenants = Vec::new();
    for number in 0..6 {
        tenants.push(world.tenant(&format!("t{number}")).await);
    }
    let kind = DueWorkKind::Sweep;
    let mut one = world.database.platform().await.unwrap();
    assert!(
        one.claim_due_work(kind, at(5), at(60), 10)
            .await
            .unwrap()
            .is_empty(),
        "not due yet"
    );
    let day = Duration::from_hours(24);
    let (now, lease) = (at(1) + day, at(600) + day);
    let mut other = world.database.platform().await.unwrap();
    let first = one.claim_due_work(kind, now, lease, 4).await.unwrap();
    // Before the first commits: what it holds is skipped, not waited for.
    let second = other.claim_due_work(kind, now, lease, 4).await.unwrap();
    assert_eq!((first.len(), second.len()), (4, 2));
    assert!(
        first
            .iter()
            .all(|work| !second.iter().any(|it| it.tenant_id == work.tenant_id))
    );
    one.commit().await.unwrap();
    other.commit().await.unwrap();

    let done = first.first().unwrap().tenant_id;
    let tenant = tenants.iter().find(|tenant| tenant.id() == done).unwrap();
    let mut scope = world.database.tenant(tenant).await.unwrap();
    scope.finish_due_work(kind).await.unwrap();
    scope.commit().await.unwrap();
    let mut platform = world.database.platform().await.unwrap();
    assert!(
        platform
            .claim_due_work(kind, now, lease, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let again = platform
        .claim_due_work(kind, lease, lease + day, 10)
        .await
        .unwrap();
    assert_eq!(again.len(), 5);
    assert!(
        again
            .iter()
            .all(|work| work.attempts == 1 && work.tenant_id != done)
    );
}

#[tokio::test]
async fn a_sweep_removes_what_has_expired_and_nothing_else() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let day = Duration::from_hours(24);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    assert_eq!(
        scope.sweep_expired(at(100), 10).await.unwrap(),
        SweepReport::default()
    );
    let swept = scope.sweep_expired(at(3_600), 10).await.unwrap();
    assert_eq!(
        swept,
        SweepReport {
            browser_sessions: 1,
            ..SweepReport::default()
        }
    );
    let swept = scope.sweep_expired(at(61) + day, 2).await.unwrap();
    assert_eq!((swept.authorization_codes, swept.is_unfinished), (2, true));
    let swept = scope.sweep_expired(at(61) + day, 2).await.unwrap();
    assert_eq!((swept.authorization_codes, swept.is_unfinished), (1, false));
    // The family lives for ten days, the grants without one have nothing left.
    let swept = scope.sweep_expired(at(1) + 31 * day, 10).await.unwrap();
    assert_eq!(swept.grants, 2);
    assert!(
        scope
            .find_grant(things.grant.grant_id)
            .await
            .unwrap()
            .is_some()
    );
    let swept = scope.sweep_expired(at(1) + 41 * day, 10).await.unwrap();
    assert_eq!((swept.grants, swept.clients), (1, 0));
    assert!(
        scope
            .find_client(&things.client.client_id)
            .await
            .unwrap()
            .is_some()
    );
}

/// Registrations that were never used go, never one with a grant, never a static one.
#[tokio::test]
async fn registrations_that_nobody_used_are_removed() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    world
        .db_execute("update clients set origin = 'registered'")
        .await;
    let mut unused = Things::new().client;
    unused.origin = protocol::client::ClientOrigin::Registered;
    unused.client_id = protocol::ClientId::parse("unused").unwrap();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    scope.insert_client(&unused, None, at(0)).await.unwrap();
    let swept = scope
        .sweep_expired(at(1) + Duration::from_hours(8 * 24), 10)
        .await
        .unwrap();
    assert_eq!(swept.clients, 1);
    assert!(
        scope
            .find_client(&unused.client_id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        scope
            .find_client(&things.client.client_id)
            .await
            .unwrap()
            .is_some()
    );
}
