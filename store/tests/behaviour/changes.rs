//! What replicas hear of one another, and what a replica hears of itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::tests::support::{Things, World, at};
use crate::{Change, ChangeKind, Heard, RevokedReason};

#[tokio::test]
async fn a_change_is_heard_after_its_commit_here_and_elsewhere() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let replica = world.connect_with(|_| {});
    let mut listener = replica.subscribe().await.unwrap();
    let applied = Arc::new(Mutex::new(Vec::new()));
    let hook = applied.clone();
    world
        .database
        .set_change_hook(Arc::new(move |change| hook.lock().unwrap().push(*change)));

    let grant_id = things.grant.grant_id;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    assert!(scope.update_client(&things.client, at(4)).await.unwrap());
    scope
        .revoke_grant(grant_id, RevokedReason::Revocation, at(4), at(904))
        .await
        .unwrap();
    assert!(
        applied.lock().unwrap().is_empty(),
        "heard before the commit"
    );
    scope.commit().await.unwrap();
    let expected = [
        Change::of_tenant(tenant.id(), ChangeKind::Client(things.client.key)),
        Change::of_tenant(
            tenant.id(),
            ChangeKind::GrantRevoked {
                grant_id,
                until: at(904),
            },
        ),
    ];
    assert_eq!(*applied.lock().unwrap(), expected);
    for change in expected {
        assert_eq!(listener.recv().await, Heard::Change(change));
    }
}

#[tokio::test]
async fn what_was_rolled_back_is_heard_by_nobody() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut listener = world.database.subscribe().await.unwrap();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let deleted = scope.delete_client(things.client.key).await.unwrap();
    assert!(deleted.is_some());
    drop(scope);
    world.database.send_heartbeat("replica-1", 7).await.unwrap();
    let heartbeat = Heard::Heartbeat {
        replica: "replica-1".to_owned(),
        number: 7,
    };
    assert_eq!(listener.recv().await, heartbeat);
}

/// A listener that lost its connection says so: it may have missed something.
#[tokio::test]
async fn a_lost_connection_is_told_and_a_new_listener_hears_again() {
    let world = World::new().await;
    let mut listener = world.database.subscribe().await.unwrap();
    world
        .db_execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen %'",
        )
        .await;
    let heard = tokio::time::timeout(Duration::from_secs(10), listener.recv())
        .await
        .unwrap();
    assert_eq!(heard, Heard::Lost);
    let mut listener = world.database.subscribe().await.unwrap();
    world.database.send_heartbeat("r", 1).await.unwrap();
    assert!(matches!(
        listener.recv().await,
        Heard::Heartbeat { number: 1, .. }
    ));
}
