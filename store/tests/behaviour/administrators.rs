//! Who administers: keys of the platform and of tenants, people of the system tenant, and that tenant itself.

use protocol::{AdminKeyId, AdminRole, AdminScopes, MembershipId, UserId};

use crate::tests::support::{CountingRandom, Things, World, at, digest, new_tenant};
use crate::{NewAdminKey, NewMembership, StoreError, Tenant};

fn admin_key(tenant: Option<&Tenant>) -> NewAdminKey {
    NewAdminKey {
        admin_key_id: AdminKeyId::generate(&CountingRandom, at(0)),
        tenant: tenant.cloned(),
        name: "deploy".to_owned(),
        digest: digest(),
        scopes: AdminScopes::parse(["clients:write", "users:read"]).unwrap(),
        rotated_from: None,
        expires_at: Some(at(100)),
    }
}

fn membership(system_tenant: &Tenant, user_id: UserId) -> NewMembership {
    NewMembership {
        membership_id: MembershipId::generate(&CountingRandom, at(0)),
        system_tenant: system_tenant.clone(),
        user_id,
        role: AdminRole::Auditor,
    }
}

#[tokio::test]
async fn admin_keys_end_with_their_tenant() {
    let world = World::new().await;
    let (gone, kept) = (world.tenant("gone").await, world.tenant("kept").await);
    let mut platform = world.database.platform().await.unwrap();
    for tenant in [Some(&gone), Some(&kept), None] {
        let key = admin_key(tenant);
        platform.insert_admin_key(&key, at(0)).await.unwrap();
    }
    assert!(platform.delete_tenant(&gone, at(5)).await.unwrap());
    for key in platform.list_admin_keys(None, 10).await.unwrap() {
        let ended = (key.tenant_id == Some(gone.id())).then(|| at(5));
        assert_eq!(key.revoked_at, ended, "{key:?}");
    }
}

/// The platform reads back what a tenant wrote, and the tenant sees nothing of the platform's.
#[tokio::test]
async fn a_tenant_and_the_platform_see_the_same_key() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let (ours, platforms) = (admin_key(Some(&tenant)), admin_key(None));
    let mut platform = world.database.platform().await.unwrap();
    platform.insert_admin_key(&platforms, at(0)).await.unwrap();
    platform.commit().await.unwrap();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    scope.insert_admin_key(&ours, at(0)).await.unwrap();
    let listed = scope.list_admin_keys(None, 10).await.unwrap();
    assert_eq!(listed, [ours.as_of(at(0))]);
    let id = ours.admin_key_id;
    assert!(scope.rename_admin_key(id, "renamed").await.unwrap());
    assert!(scope.shorten_admin_key(id, at(50)).await.unwrap());
    // It ends no later than it did.
    assert!(scope.shorten_admin_key(id, at(70)).await.unwrap());
    scope.commit().await.unwrap();
    let mut platform = world.database.platform().await.unwrap();
    let found = platform
        .find_admin_key(&[ours.digest])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.name.as_str(), found.tenant_id, found.expires_at),
        ("renamed", Some(tenant.id()), Some(at(50)))
    );
    assert_eq!(found.scopes, ours.scopes);
    assert!(found.is_live(at(49)) && !found.is_live(at(50)));
    let of_acme = platform.list_admin_keys_of_tenant(&tenant, None, 10);
    assert_eq!(of_acme.await.unwrap(), [found]);
}

/// One for each person and place, on the platform too.
#[tokio::test]
async fn a_person_is_a_member_once_in_each_place() {
    let world = World::new().await;
    let (system, acme) = (world.tenant("system").await, world.tenant("acme").await);
    let person = Things::insert(&world, &system).await.user.user_id;
    for tenant in [None, Some(&acme)] {
        for is_first in [true, false] {
            let mut platform = world.database.platform().await.unwrap();
            let new = membership(&system, person);
            let inserted = platform.insert_membership(&new, tenant, at(0)).await;
            let conflict = inserted.as_ref().err().and_then(StoreError::conflict);
            assert_eq!(conflict, (!is_first).then_some("memberships_are_unique"));
            if is_first {
                platform.commit().await.unwrap();
            }
        }
    }
    // Nobody of another tenant is one.
    let stranger = Things::insert(&world, &acme).await.user.user_id;
    let mut platform = world.database.platform().await.unwrap();
    let of_stranger = membership(&system, stranger);
    let inserted = platform.insert_membership(&of_stranger, None, at(0));
    let refused = inserted.await.unwrap_err();
    assert_eq!(refused.conflict(), Some("memberships_have_a_user"));
}

/// Nothing is left of a membership that a later person, or a later tenant, could get.
#[tokio::test]
async fn memberships_end_with_their_person_and_their_tenant() {
    let world = World::new().await;
    let (system, acme) = (world.tenant("system").await, world.tenant("acme").await);
    let person = Things::insert(&world, &system).await.user.user_id;
    let mut platform = world.database.platform().await.unwrap();
    for tenant in [None, Some(&acme)] {
        let new = membership(&system, person);
        platform
            .insert_membership(&new, tenant, at(0))
            .await
            .unwrap();
    }
    let count = platform.list_memberships_that_count(&system, person, Some(&acme));
    assert_eq!(count.await.unwrap().len(), 2);
    let count = platform.list_memberships_that_count(&system, person, None);
    assert_eq!(count.await.unwrap().len(), 1);
    platform.delete_tenant(&acme, at(5)).await.unwrap();
    let left = platform.list_memberships_of_user(&system, person, None, 10);
    let places: Vec<_> = left
        .await
        .unwrap()
        .into_iter()
        .map(|it| it.tenant_id)
        .collect();
    // That of the system tenant itself is the test data's.
    assert!(places.len() == 2 && places.contains(&None), "{places:?}");
    assert!(places.contains(&Some(system.id())), "{places:?}");
    platform.commit().await.unwrap();
    let mut scope = world.database.tenant(&system).await.unwrap();
    assert!(scope.delete_user(person).await.unwrap());
    scope.commit().await.unwrap();
    let mut platform = world.database.platform().await.unwrap();
    assert_eq!(platform.list_memberships(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn there_is_one_system_tenant() {
    let world = World::new().await;
    let (one, another) = (world.tenant("one").await, world.tenant("another").await);
    let mut platform = world.database.platform().await.unwrap();
    assert_eq!(platform.find_system_tenant().await.unwrap(), None);
    let marked = platform.mark_system_tenant(&one).await.unwrap();
    assert!(marked.is_system() && !one.is_system());
    platform.commit().await.unwrap();
    let mut platform = world.database.platform().await.unwrap();
    let found = platform.find_system_tenant().await.unwrap();
    assert_eq!(found.map(|tenant| tenant.id()), Some(one.id()));
    let refused = platform.mark_system_tenant(&another).await.unwrap_err();
    assert_eq!(refused.conflict(), Some("tenants_one_is_system"));
}

/// Two that would make it at once: the second waits, and finds it made.
#[tokio::test]
async fn who_makes_the_system_tenant_waits_for_who_makes_it_already() {
    let world = World::new().await;
    let mut first = world.database.platform().await.unwrap();
    first.wait_for_system_tenant().await.unwrap();
    let second = async {
        let mut second = world.database.platform().await.unwrap();
        second.wait_for_system_tenant().await.unwrap();
        second.find_system_tenant().await.unwrap()
    };
    let making = async {
        world.db_until_waiting(1).await;
        let new = new_tenant("system", "https://auth.example/t/system");
        let tenant = first.insert_tenant(&new, at(0)).await.unwrap();
        first.mark_system_tenant(&tenant).await.unwrap();
        first.commit().await.unwrap();
        tenant.id()
    };
    let (found, made) = tokio::join!(second, making);
    assert_eq!(found.map(|tenant| tenant.id()), Some(made));
}
