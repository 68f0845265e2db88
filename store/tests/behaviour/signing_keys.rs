//! Signing keys: one step after another, each taken by one replica; and what is seen of them from above.

use protocol::signing_key_schedule::{SigningKeyState, SigningKeyUse};

use crate::tests::support::{Things, World, at};
use crate::{SealedKeyName, TenantScope};

async fn keys(scope: &mut TenantScope) -> Vec<(String, SigningKeyUse, SigningKeyState)> {
    let keys = scope.list_signing_keys().await.unwrap();
    keys.into_iter()
        .map(|key| (key.kid, key.signs, key.state))
        .collect()
}

#[tokio::test]
async fn a_key_goes_one_step_at_a_time_and_each_step_once() {
    use SigningKeyState::{Active, Retired};
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let _things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    scope.lock_signing_keys().await.unwrap();
    assert!(!scope.activate_signing_key("key-1", at(9)).await.unwrap());
    assert!(!scope.retire_signing_key("key-2", at(9)).await.unwrap());
    assert!(
        scope
            .schedule_signing_key("key-2", at(4_000))
            .await
            .unwrap()
    );
    assert!(
        !scope
            .schedule_signing_key("key-1", at(4_000))
            .await
            .unwrap()
    );
    assert!(scope.retire_signing_key("key-1", at(9)).await.unwrap());
    assert!(scope.activate_signing_key("key-2", at(9)).await.unwrap());
    assert!(!scope.activate_signing_key("key-2", at(9)).await.unwrap());
    assert!(!scope.retire_signing_key("key-1", at(9)).await.unwrap());
    let tokens = SigningKeyUse::Tokens;
    assert_eq!(
        keys(&mut scope).await,
        [
            ("key-1".to_owned(), tokens, Retired),
            ("key-2".to_owned(), tokens, Active)
        ]
    );
    assert!(scope.hand_over_signing_key("key-2").await.unwrap());
    assert!(!scope.hand_over_signing_key("key-2").await.unwrap());
    assert_eq!(keys(&mut scope).await[1].1, SigningKeyUse::IdTokens);
    assert!(scope.delete_signing_key("key-1").await.unwrap());
    assert!(!scope.delete_signing_key("key-1").await.unwrap());
}

/// Three who change a tenant's keys wait for one another in a line, not in a circle: a key that the first made
/// may stand before those that the second waited for.
#[tokio::test]
async fn changes_of_a_tenants_keys_wait_for_one_another_and_never_in_a_circle() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut first = world.database.tenant(&tenant).await.unwrap();
    first.lock_signing_keys().await.unwrap();
    assert!(first.delete_signing_key("key-2").await.unwrap());
    let second = async {
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        scope.lock_signing_keys().await.unwrap();
        world.db_until_waiting(1).await;
        let scheduled = scope.schedule_signing_key("key-0", at(4_000)).await;
        assert!(scheduled.unwrap());
        scope.commit().await.unwrap();
    };
    let third = async {
        world.db_until_waiting(1).await;
        let mut next = things.next_signing_key.clone();
        next.kid = "key-0".to_owned();
        first.insert_signing_key(&next, at(0)).await.unwrap();
        first.commit().await.unwrap();
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        scope.lock_signing_keys().await.unwrap();
        assert_eq!(keys(&mut scope).await.len(), 2);
    };
    tokio::join!(second, third);
}

/// Two replicas that make a key at once get one, whatever each has read.
#[tokio::test]
async fn a_tenant_has_one_active_and_one_next_key_of_each_use() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    for (template, constraint) in [
        (&things.signing_key, "signing_keys_one_active_of_each"),
        (&things.next_signing_key, "signing_keys_one_next_of_each"),
    ] {
        let mut another = template.clone();
        another.kid = "key-3".to_owned();
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        let refused = scope.insert_signing_key(&another, at(0)).await.unwrap_err();
        assert_eq!(refused.conflict(), Some(constraint));
        another.signs = SigningKeyUse::IdTokens;
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        scope.insert_signing_key(&another, at(0)).await.unwrap();
    }
}

/// Row P2, as the table itself has it.
#[tokio::test]
async fn a_next_key_is_never_due_within_its_first_hour() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let kid = &things.next_signing_key.kid;
    assert!(scope.schedule_signing_key(kid, at(3_600)).await.unwrap());
    assert!(scope.schedule_signing_key(kid, at(3_599)).await.is_err());
}

#[tokio::test]
async fn a_key_is_resealed_by_the_first_who_does() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let _things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let mut reseal = async |sealed: &[u8]| {
        let resealed = scope.reseal_signing_key("key-2", "kek-1", sealed, "kek-2");
        resealed.await.unwrap()
    };
    assert!(reseal(b"anew").await);
    assert!(!reseal(b"late").await);
    scope.commit().await.unwrap();

    let mut platform = world.database.platform().await.unwrap();
    assert_eq!(platform.list_kek_ids().await.unwrap(), ["kek-1", "kek-2"]);
    let name = SealedKeyName {
        tenant_id: tenant.id(),
        kid: "key-2".to_owned(),
    };
    let listed = platform.list_signing_keys_under("kek-2", None, 10).await;
    assert_eq!(listed.unwrap(), std::slice::from_ref(&name));
    let listed = platform
        .list_signing_keys_under("kek-2", Some(&name), 10)
        .await;
    assert!(listed.unwrap().is_empty());
    assert_eq!(
        platform.find_oldest_signing_key().await.unwrap(),
        Some(at(0))
    );
}

#[tokio::test]
async fn what_lies_under_a_key_encryption_key_is_counted_and_deleted_tenants_are_not() {
    let world = World::new().await;
    for slug in ["acme", "umbrella", "gone"] {
        let tenant = world.tenant(slug).await;
        Things::insert(&world, &tenant).await;
        if slug == "gone" {
            let mut platform = world.database.platform().await.unwrap();
            assert!(platform.delete_tenant(&tenant, at(5)).await.unwrap());
            platform.commit().await.unwrap();
        }
    }
    let mut platform = world.database.platform().await.unwrap();
    let asked = ["kek-1".to_owned(), "kek-9".to_owned()];
    let uses = platform.count_signing_keys_under(&asked).await.unwrap();
    let [only] = uses.as_slice() else {
        panic!("{uses:?}")
    };
    assert_eq!(
        (only.kek_id.as_str(), only.signing_keys, only.tenants),
        ("kek-1", 4, 2)
    );
}

#[tokio::test]
async fn a_database_without_keys_has_no_key_encryption_key_in_use() {
    let world = World::new().await;
    let mut platform = world.database.platform().await.unwrap();
    assert!(platform.list_kek_ids().await.unwrap().is_empty());
    assert_eq!(platform.find_oldest_signing_key().await.unwrap(), None);
}
