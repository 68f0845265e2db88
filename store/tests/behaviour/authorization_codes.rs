//! Codes: one redemption, whoever comes at once; a revocation leaves nothing alive.

use crate::tests::support::{Things, World, at, digest, grant_and_code, new_family};
use crate::{NewAuthorizationCode, RevokedReason, SecretDigest, Tenant};

async fn redeem(world: &World, tenant: &Tenant, digest: &SecretDigest) -> bool {
    let mut scope = world.database.tenant(tenant).await.unwrap();
    let is_redeemed = scope
        .redeem_authorization_code(digest, Some(&new_family()), at(5))
        .await
        .unwrap();
    scope.commit().await.unwrap();
    is_redeemed
}

/// D3: the write is guarded, so one of many redemptions at once is the one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_is_redeemed_once_by_whoever_comes_first() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let world = std::sync::Arc::new(world);
    let mut redemptions = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, tenant) = (world.clone(), tenant.clone());
        let digest = things.open_code.digest;
        redemptions.spawn(async move { redeem(&world, &tenant, &digest).await });
    }
    let outcomes = redemptions.join_all().await;
    assert_eq!(
        outcomes.iter().filter(|is_redeemed| **is_redeemed).count(),
        1
    );
    let families = format!(
        "refresh_families where grant_id = '{}'",
        things.open_grant.grant_id
    );
    assert_eq!(world.db_count(&families).await, 1);
}

/// One read holds all that a redemption is decided by.
#[tokio::test]
async fn a_code_is_read_with_its_grant_and_those_it_concerns() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let other = SecretDigest {
        pepper_id: 9,
        ..digest()
    };
    let found = scope
        .find_authorization_code(&[other, things.code.digest])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.digest, things.code.digest);
    assert_eq!(found.grant.scopes, things.grant.scopes);
    assert_eq!(found.grant.resource_ids, [things.resource.resource_id]);
    assert_eq!(found.code.redeemed_at, Some(at(1)));
    assert_eq!(found.standing, protocol::token::Standing::GOOD);
    assert!(
        scope
            .update_user(things.user_id(), &Things::user_update(), at(2))
            .await
            .unwrap()
    );
    let found = scope
        .find_authorization_code(&[things.code.digest])
        .await
        .unwrap()
        .unwrap();
    assert!(!found.standing.is_user_enabled);
    assert!(
        scope
            .find_authorization_code(&[digest()])
            .await
            .unwrap()
            .is_none()
    );
    assert!(scope.find_authorization_code(&[]).await.unwrap().is_none());
}

#[tokio::test]
async fn a_pending_authorization_is_answered_once() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let (grant, code) = grant_and_code(things.user_id(), &things.client, &things.resource);
    let again = NewAuthorizationCode {
        pending_id: things.open_code.pending_id,
        ..code
    };
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let refused = scope
        .insert_grant_with_code(&grant, &again, at(3))
        .await
        .unwrap_err();
    assert_eq!(
        refused.conflict(),
        Some("authorization_codes_pending_is_answered_once")
    );
    drop(scope);
    assert_eq!(
        world
            .db_count(&format!("grants where grant_id = '{}'", grant.grant_id))
            .await,
        0
    );
}

#[tokio::test]
async fn the_code_of_a_revoked_grant_is_not_redeemed() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let grant_id = things.open_grant.grant_id;
    assert!(
        scope
            .revoke_grant(grant_id, RevokedReason::CodeReuse, at(3), at(903))
            .await
            .unwrap()
    );
    assert!(
        !scope
            .revoke_grant(grant_id, RevokedReason::CodeReuse, at(3), at(903))
            .await
            .unwrap()
    );
    scope.commit().await.unwrap();
    assert!(!redeem(&world, &tenant, &things.open_code.digest).await);
}

/// I4: redemption and revocation at once, either first: afterwards no live leaf remains.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revocation_beside_a_redemption_leaves_no_live_leaf() {
    let world = std::sync::Arc::new(World::new().await);
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    for _ in 0..25 {
        let (grant, code) = grant_and_code(things.user_id(), &things.client, &things.resource);
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        scope
            .insert_grant_with_code(&grant, &code, at(2))
            .await
            .unwrap();
        scope.commit().await.unwrap();
        let redeeming = {
            let (world, tenant) = (world.clone(), tenant.clone());
            tokio::spawn(async move { redeem(&world, &tenant, &code.digest).await })
        };
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        let reason = RevokedReason::Operator;
        assert!(
            scope
                .revoke_grant(grant.grant_id, reason, at(3), at(903))
                .await
                .unwrap()
        );
        scope.commit().await.unwrap();
        redeeming.await.unwrap();
        let live = format!(
            "refresh_families where grant_id = '{}' and revoked_at is null",
            grant.grant_id
        );
        assert_eq!(world.db_count(&live).await, 0);
    }
}
