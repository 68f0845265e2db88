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
    // The family idles for a day, the grants without one have nothing left.
    let swept = scope.sweep_grants(None, at(2) + 30 * day, 10);
    assert_eq!(swept.await.unwrap().removed, 2);
    assert!(
        scope
            .find_grant(things.grant.grant_id)
            .await
            .unwrap()
            .is_some()
    );
    let swept = scope.sweep_grants(None, at(2) + 31 * day, 10);
    assert_eq!(swept.await.unwrap().removed, 1);
    let swept = scope.sweep_expired(at(1) + 31 * day, 10).await.unwrap();
    assert_eq!(swept.clients, []);
    assert!(
        scope
            .find_client(&things.client.client_id)
            .await
            .unwrap()
            .is_some()
    );
}

/// Whatever ends a grant first ends its time on record; a live one stays, however old and wherever it stands.
#[tokio::test]
async fn a_grant_goes_a_month_after_its_first_end() {
    let world = World::new().await;
    let day = Duration::from_hours(24);
    let ends = [
        ("idle", "idle_expires_at = created_at + interval '9 days'"),
        (
            "last-day",
            "absolute_expires_at = created_at + interval '9 days'",
        ),
        ("revoked", "revoked_at = created_at + interval '9 days'"),
    ];
    for (end, change) in ends {
        let tenant = world.tenant(end).await;
        let things = Things::insert(&world, &tenant).await;
        let live = "update refresh_families set idle_expires_at = created_at + interval '900 days',
            absolute_expires_at = created_at + interval '900 days'";
        world.db_execute(live).await;
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        let swept = scope.sweep_grants(None, at(0) + 500 * day, 10);
        swept.await.unwrap();
        let found = scope.find_grant(things.grant.grant_id).await.unwrap();
        assert!(found.is_some(), "live, {end}");
        scope.commit().await.unwrap();

        world
            .db_execute(&format!("update refresh_families set {change}"))
            .await;
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        for (now, removed) in [(38, 0), (40, 1)] {
            let swept = scope.sweep_grants(None, at(0) + now * day, 10);
            assert_eq!(swept.await.unwrap().removed, removed, "{end}, day {now}");
        }
        scope.commit().await.unwrap();
    }
}

/// Many live grants before an ended one: each window looks at a few, and the walk comes to the end.
#[tokio::test]
async fn windows_of_grants_come_to_the_last() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    Things::insert(&world, &tenant).await;
    // Twenty-four of one moment, so that time alone does not tell where a window ended; every fifth has ended.
    world
        .db_execute(
            "create temporary table copies as select g.*, number from grants g, generate_series(1, 8) as number;
             alter table copies drop column number;
             update copies set grant_id = gen_random_uuid(), created_at = (select min(created_at) from copies);
             insert into grants select * from copies;
             delete from refresh_families;
             insert into refresh_families (tenant_id, family_id, grant_id, generation, current_digest, pepper_id,
                 security_epoch, created_at, idle_expires_at, absolute_expires_at)
             select tenant_id, gen_random_uuid(), grant_id, 0, sha256('x'), 1, 1, created_at,
                 created_at + case when row_number() over () % 5 = 0 then interval '1 day' else interval '900 days' end,
                 created_at + interval '900 days'
             from grants",
        )
        .await;
    let now = at(0) + Duration::from_hours(100 * 24);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let (mut removed, mut windows, mut after) = (0, 0, None);
    loop {
        let swept = scope.sweep_grants(after, now, 4).await.unwrap();
        removed += swept.removed;
        windows += 1;
        after = swept.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((removed, windows), (5, 7));
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
    let names: Vec<_> = swept.clients.iter().map(|it| &*it.client_id).collect();
    assert_eq!(names, ["unused"]);
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
