//! The newest version decides, the oldest go, and every replica hears of it.

use std::sync::{Arc, Mutex};

use crate::tests::support::{World, at, policy_version};
use crate::{
    Change, ChangeKind, KEPT_POLICY_VERSIONS, NewPolicyVersion, PolicyVersion, StoreError, Tenant,
};

async fn write(world: &World, tenant: &Tenant, new: &NewPolicyVersion) -> PolicyVersion {
    let mut scope = world.database.tenant(tenant).await.unwrap();
    let written = scope.insert_policy_version(new, at(1)).await.unwrap();
    scope.commit().await.unwrap();
    written
}

#[tokio::test]
async fn the_newest_version_decides_and_the_others_can_be_read() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let first = write(&world, &acme, &policy_version()).await;
    let back = NewPolicyVersion {
        policies: None,
        reverts_to: Some(0),
        ..policy_version()
    };
    let second = write(&world, &acme, &back).await;
    let mut scope = world.database.tenant(&acme).await.unwrap();
    let active = scope.find_active_policy_version().await.unwrap();
    assert_eq!(active.as_ref(), Some(&second));
    assert_eq!(second.policies, None);
    assert_eq!(scope.find_active_policy_number().await.unwrap(), 2);
    let found = scope.find_policy_version(1).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    assert_eq!(scope.find_policy_version(3).await.unwrap(), None);
    let listed = scope.list_policy_versions(None, 10).await.unwrap();
    assert_eq!(listed, [second, first.clone()]);
    let listed = scope.list_policy_versions(Some(2), 10).await.unwrap();
    assert_eq!(listed, [first]);
}

#[tokio::test]
async fn versions_are_numbered_per_tenant_and_the_oldest_go() {
    let world = World::new().await;
    let (acme, other) = (world.tenant("acme").await, world.tenant("other").await);
    let mut scope = world.database.tenant(&acme).await.unwrap();
    for _ in 0..KEPT_POLICY_VERSIONS + 2 {
        let written = scope.insert_policy_version(&policy_version(), at(1)).await;
        written.unwrap();
    }
    scope.commit().await.unwrap();
    assert_eq!(write(&world, &other, &policy_version()).await.version, 1);
    let mut scope = world.database.tenant(&acme).await.unwrap();
    let listed = scope.list_policy_versions(None, 1_000).await.unwrap();
    assert_eq!(listed.len(), 200);
    assert_eq!(listed.first().unwrap().version, 202);
    assert_eq!(listed.last().unwrap().version, 3);
}

#[tokio::test]
async fn two_writers_at_once_do_not_write_the_same_version() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let mut one = world.database.tenant(&acme).await.unwrap();
    let mut other = world.database.tenant(&acme).await.unwrap();
    let new = policy_version();
    one.insert_policy_version(&new, at(1)).await.unwrap();
    let late = tokio::spawn(async move {
        let version = policy_version();
        other.insert_policy_version(&version, at(1)).await
    });
    one.commit().await.unwrap();
    let refused = late.await.unwrap();
    // Or it came after the other had committed, and is the next.
    assert!(match refused {
        Err(StoreError::Conflict(_)) => true,
        Ok(written) => written.version == 2,
        Err(_) => false,
    });
}

#[tokio::test]
async fn guard_rails_are_versioned_above_tenants_and_everybody_hears_of_both() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    let hook = Arc::new(move |change: &Change| hearing.lock().unwrap().push(*change));
    world.database.set_change_hook(hook);
    let mut platform = world.database.platform().await.unwrap();
    assert_eq!(platform.find_active_guard_rails().await.unwrap(), None);
    let new = policy_version();
    let first = platform.insert_guard_rail_version(&new, at(1)).await;
    let first = first.unwrap();
    let none = NewPolicyVersion {
        policies: None,
        ..policy_version()
    };
    let second = platform.insert_guard_rail_version(&none, at(2)).await;
    assert_eq!(second.unwrap().version, 2);
    let active = platform.find_active_guard_rails().await.unwrap().unwrap();
    assert_eq!(active.policies.as_deref(), Some(""));
    let found = platform.find_guard_rail_version(1).await.unwrap();
    assert_eq!(found.as_ref(), Some(&first));
    let listed = platform.list_guard_rail_versions(Some(2), 10).await;
    assert_eq!(listed.unwrap(), [first]);
    platform.commit().await.unwrap();
    write(&world, &acme, &policy_version()).await;
    let changes = heard.lock().unwrap().clone();
    let policy = ChangeKind::Policy;
    assert!(changes.contains(&Change::of_platform(policy)));
    assert!(changes.contains(&Change::of_tenant(acme.id(), policy)));
}
