//! Rotation: one live leaf, and a guard that compares what was read.

use std::net::IpAddr;

use crate::tests::support::{Things, World, at, digest};
use crate::{RefreshRotation, RevokedReason, Tenant};
use protocol::FamilyId;

fn rotation(family_id: FamilyId, generation: u32) -> RefreshRotation {
    RefreshRotation {
        family_id,
        generation,
        successor: digest(),
        sealed_successor: b"sealed".to_vec(),
        idle_expires_at: at(90_000),
        rotated_from: Some(IpAddr::from([192, 0, 2, 9])),
    }
}

async fn rotate(world: &World, tenant: &Tenant, rotation: &RefreshRotation) -> bool {
    let mut scope = world.database.tenant(tenant).await.unwrap();
    let is_rotated = scope.rotate_refresh_token(rotation, at(10)).await.unwrap();
    scope.commit().await.unwrap();
    is_rotated
}

#[tokio::test]
async fn a_rotation_keeps_the_leaf_and_the_one_before_it() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let family_id = things.family.family_id;
    let first = rotation(family_id, 0);
    assert!(rotate(&world, &tenant, &first).await);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let found = scope.find_refresh_family(family_id).await.unwrap().unwrap();
    assert_eq!(found.family.generation, 1);
    assert_eq!(found.current, first.successor);
    assert_eq!(found.previous, Some(things.family.digest));
    assert_eq!(found.sealed_successor.as_deref(), Some(&b"sealed"[..]));
    assert_eq!(found.family.rotated_at, Some(at(10)));
    assert_eq!(found.rotated_from, first.rotated_from);
    assert_eq!(found.family.idle_expires_at, at(90_000));
    assert_eq!(
        found.family.absolute_expires_at,
        things.family.absolute_expires_at
    );
    assert_eq!(found.grant.grant_id, things.grant.grant_id);
    assert_eq!((found.security_epoch, found.family.security_epoch), (1, 1));
    assert!(
        scope
            .extend_refresh_family(family_id, 1, at(95_000))
            .await
            .unwrap()
    );
    assert!(
        !scope
            .extend_refresh_family(family_id, 0, at(99_000))
            .await
            .unwrap()
    );
    let extended = scope.find_refresh_family(family_id).await.unwrap().unwrap();
    assert_eq!(extended.family.idle_expires_at, at(95_000));
}

/// F6: of many rotations of one generation at once, one happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_generation_is_rotated_once_by_whoever_comes_first() {
    let world = std::sync::Arc::new(World::new().await);
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    for generation in 0..5 {
        let mut rotations = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (world, tenant) = (world.clone(), tenant.clone());
            let rotation = rotation(things.family.family_id, generation);
            rotations.spawn(async move { rotate(&world, &tenant, &rotation).await });
        }
        let outcomes = rotations.join_all().await;
        assert_eq!(outcomes.iter().filter(|is_rotated| **is_rotated).count(), 1);
    }
}

/// I4: a rotation that was decided before a revocation does not outlive it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revocation_beside_rotations_leaves_no_live_leaf() {
    let world = std::sync::Arc::new(World::new().await);
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let rotating = {
        let (world, tenant, family_id) = (world.clone(), tenant.clone(), things.family.family_id);
        tokio::spawn(async move {
            let mut generation = 0;
            while rotate(&world, &tenant, &rotation(family_id, generation)).await {
                generation += 1;
            }
            generation
        })
    };
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let until = at(903);
    let revoked = scope.revoke_grants_of_user(
        things.user_id(),
        RevokedReason::PasswordChanged,
        at(3),
        until,
    );
    assert_eq!(revoked.await.unwrap(), 2);
    scope.commit().await.unwrap();
    let generations = rotating.await.unwrap();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let found = scope
        .find_refresh_family(things.family.family_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.family.generation, generations);
    assert_eq!(found.family.revoked_at, Some(at(3)));
    assert!(!found.standing.is_grant_live);
    assert!(
        scope
            .is_access_token_revoked(things.jti, None)
            .await
            .unwrap()
    );
    let other = protocol::TokenId::from_uuid(uuid::Uuid::from_u128(1));
    assert!(
        scope
            .is_access_token_revoked(other, Some(things.grant.grant_id))
            .await
            .unwrap()
    );
    assert!(!scope.is_access_token_revoked(other, None).await.unwrap());
}

/// Z4: after a restore the epoch is raised, and what was made before it is seen to be older.
#[tokio::test]
async fn a_raised_security_epoch_is_seen_beside_the_familys() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut platform = world.database.platform().await.unwrap();
    assert_eq!(platform.raise_security_epoch().await.unwrap(), 2);
    platform.commit().await.unwrap();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let found = scope
        .find_refresh_family(things.family.family_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.family.security_epoch, found.security_epoch), (1, 2));
}

/// Every page of what is revoked, of all tenants, until it no longer matters.
#[tokio::test]
async fn revocations_are_listed_across_tenants_and_swept_when_they_end() {
    let world = World::new().await;
    for slug in ["a", "b"] {
        let tenant = world.tenant(slug).await;
        Things::insert(&world, &tenant).await;
    }
    let mut platform = world.database.platform().await.unwrap();
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let page = platform.list_revocations(at(5), after, 3).await.unwrap();
        after = page.last().map(crate::Revocation::cursor);
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    assert_eq!(all.len(), 4);
    assert!(
        platform
            .list_revocations(at(900), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(platform.sweep_revocations(at(899), 10).await.unwrap(), 0);
    assert_eq!(platform.sweep_revocations(at(900), 3).await.unwrap(), 3);
    assert_eq!(platform.sweep_revocations(at(900), 3).await.unwrap(), 1);
}
