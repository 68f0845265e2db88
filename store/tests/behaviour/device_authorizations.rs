//! Device requests: decided once, redeemed once, whoever comes at once.

use std::sync::Arc;
use std::time::Duration;

use protocol::device::DeviceState;

use crate::tests::support::{Things, World, at, device_of, digest, grant_of, new_family};
use crate::{DevicePoll, NewDeviceAuthorization, RevokedReason};

/// Row U6: of many redemptions at once one is the one, with one family.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_device_code_is_redeemed_once_by_whoever_comes_first() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert_all(&world, &tenant).await;
    let world = Arc::new(world);
    let mut redemptions = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, tenant) = (world.clone(), tenant.clone());
        let pending_id = things.devices.approved.pending_id;
        redemptions.spawn(async move {
            let mut scope = world.database.tenant(&tenant).await.unwrap();
            let family = new_family();
            let redeemed = scope.redeem_device_authorization(pending_id, Some(&family), at(5));
            let is_redeemed = redeemed.await.unwrap();
            scope.commit().await.unwrap();
            is_redeemed
        });
    }
    let outcomes = redemptions.join_all().await;
    assert_eq!(outcomes.iter().filter(|is_it| **is_it).count(), 1);
    let families = format!(
        "refresh_families where grant_id = '{}'",
        things.devices.grant.grant_id
    );
    assert_eq!(world.db_count(&families).await, 1);
}

/// Row U4: two people, or two tabs: one answer, and one grant.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_device_is_answered_once_by_whoever_comes_first() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert_all(&world, &tenant).await;
    let world = Arc::new(world);
    let before = world.db_count("grants").await;
    let mut answers = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (world, tenant) = (world.clone(), tenant.clone());
        let (pending_id, grant) = (
            things.devices.pending.pending_id,
            grant_of(&things.devices.grant),
        );
        answers.spawn(async move {
            let mut scope = world.database.tenant(&tenant).await.unwrap();
            let is_first = if number % 2 == 0 {
                let approved = scope.approve_device_authorization(pending_id, &grant, at(5));
                approved.await.unwrap()
            } else {
                let denied = scope.deny_device_authorization(pending_id, at(5));
                denied.await.unwrap()
            };
            scope.commit().await.unwrap();
            (is_first, number % 2 == 0)
        });
    }
    let outcomes = answers.join_all().await;
    let first: Vec<_> = outcomes.iter().filter(|(is_first, _)| *is_first).collect();
    assert_eq!(first.len(), 1);
    let made = i64::from(first[0].1);
    assert_eq!(world.db_count("grants").await, before + made);
}

/// What came too late makes no grant, and what was revoked meanwhile is not redeemed.
#[tokio::test]
async fn late_answers_and_revoked_grants_count_for_nothing() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert_all(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let pending_id = things.devices.pending.pending_id;
    let grant = grant_of(&things.devices.grant);
    let approved = scope.approve_device_authorization(pending_id, &grant, at(600));
    assert!(!approved.await.unwrap());
    let denied = scope.deny_device_authorization(pending_id, at(600));
    assert!(!denied.await.unwrap());
    let found = scope.find_grant(grant.grant_id).await.unwrap();
    assert_eq!(found, None);

    let (granted, reason) = (things.devices.grant.grant_id, RevokedReason::Operator);
    let revoked = scope.revoke_grant(granted, reason, at(2), at(900));
    assert!(revoked.await.unwrap());
    let approved = things.devices.approved.pending_id;
    for family in [None, Some(&new_family())] {
        let redeemed = scope.redeem_device_authorization(approved, family, at(5));
        assert!(!redeemed.await.unwrap());
    }
}

/// Row U5: each question is written once, and the interval only where nobody has decided.
#[tokio::test]
async fn a_question_is_kept_with_its_interval() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert_all(&world, &tenant).await;
    let digests = [things.devices.pending.device_code];
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let mut poll = DevicePoll {
        pending_id: things.devices.pending.pending_id,
        previous: None,
        interval: Duration::from_secs(10),
    };
    for (previous, is_kept) in [(None, true), (None, false), (Some(at(5)), true)] {
        poll.previous = previous;
        assert_eq!(scope.set_device_poll(&poll, at(5)).await.unwrap(), is_kept);
    }
    let found = scope.find_device_authorization_by_device_code(&digests);
    let found = found.await.unwrap().unwrap();
    assert_eq!(found.device.interval, Duration::from_secs(10));
    assert_eq!(found.device.last_polled_at, Some(at(5)));
    assert_eq!(found.client_id, things.client.client_id);
    assert_eq!(found.request.requested_from.to_string(), "192.0.2.7");

    let denied = scope.deny_device_authorization(poll.pending_id, at(6));
    assert!(denied.await.unwrap());
    poll.previous = Some(at(5));
    assert!(!scope.set_device_poll(&poll, at(7)).await.unwrap());
    let found = scope.find_device_authorization(poll.pending_id).await;
    assert_eq!(found.unwrap().unwrap().device.state, DeviceState::Denied);
}

/// A code leads to what waits and to nothing else, and no two that are live are alike.
#[tokio::test]
async fn a_user_code_leads_to_what_waits() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert_all(&world, &tenant).await;
    let (pending, approved) = (&things.devices.pending, &things.devices.approved);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for (digest, now, is_found) in [
        (pending.user_code, 599, true),
        (pending.user_code, 600, false),
        (approved.user_code, 5, false),
        (digest(), 5, false),
        (pending.device_code, 5, false),
    ] {
        let digests = [digest];
        let found = scope.find_device_authorization_by_user_code(&digests, at(now));
        assert_eq!(found.await.unwrap().is_some(), is_found, "{now}");
    }
    let alike = NewDeviceAuthorization {
        user_code: pending.user_code,
        ..device_of(&things)
    };
    let inserted = scope.insert_device_authorization(&alike, at(5));
    assert!(!inserted.await.unwrap());
}

/// An hour after their end, and what was redeemed a day after that.
#[tokio::test]
async fn requests_that_ended_are_removed() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert_all(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let approved = things.devices.approved.pending_id;
    let redeemed = scope.redeem_device_authorization(approved, None, at(30));
    assert!(redeemed.await.unwrap());
    for (now, removed) in [(4_199, 0), (4_200, 1), (86_429, 0), (86_430, 1)] {
        let swept = scope.sweep_expired(at(now), 10).await.unwrap();
        assert_eq!(swept.device_authorizations, removed, "{now}");
    }
}
