//! When PostgreSQL is away: an answer in time, and work again as soon as it is back.

use std::time::Duration;

use crate::tests::support::{Things, World};
use crate::{Database, DatabaseSettings, StoreError};

#[tokio::test]
async fn a_database_that_is_not_there_is_an_outage_in_time() {
    let mut settings = DatabaseSettings::new("postgres://writ:hunter2@127.0.0.1:1/writ");
    settings.deadline = Duration::from_millis(300);
    let database = Database::connect(&settings).unwrap();
    let began = tokio::time::Instant::now();
    let refused = database.platform().await.err().unwrap();
    assert!(refused.is_unavailable(), "{refused}");
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(!format!("{settings:?} {refused}").contains("hunter2"));
}

/// Z1, Z6: after a restart every connection of the pool is dead; nobody is told about it.
#[tokio::test]
async fn dead_connections_are_replaced_unnoticed() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let database = world.connect_with(|settings| settings.max_connections = 4);
    let mut scopes = Vec::new();
    for _ in 0..4 {
        scopes.push(database.tenant(&tenant).await.unwrap());
    }
    for scope in scopes {
        scope.commit().await.unwrap();
    }
    world
        .db_execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await;
    for _ in 0..8 {
        let mut scope = database.tenant(&tenant).await.unwrap();
        assert!(scope.find_user(things.user_id()).await.unwrap().is_some());
    }
}

/// Z6: a statement that waits for a lock gives up, and says "try again".
#[tokio::test]
async fn a_stall_is_an_outage_and_not_a_hang() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let database = world.connect_with(|settings| settings.deadline = Duration::from_millis(400));
    let mut superuser = world.db_superuser().await;
    sqlx::raw_sql("begin; lock table users in access exclusive mode")
        .execute(&mut superuser)
        .await
        .unwrap();
    let mut scope = database.tenant(&tenant).await.unwrap();
    let refused = scope.find_user(things.user_id()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    sqlx::raw_sql("rollback")
        .execute(&mut superuser)
        .await
        .unwrap();
    drop(scope);
    let mut scope = database.tenant(&tenant).await.unwrap();
    assert!(scope.find_user(things.user_id()).await.unwrap().is_some());
}

/// Z7: a read-only server is an outage, not a mistake of the client's.
#[tokio::test]
async fn a_read_only_database_is_an_outage() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let name = url::Url::parse(world.url())
        .unwrap()
        .path()
        .trim_start_matches('/')
        .to_owned();
    world
        .db_execute(&format!(
            "alter database {name} set default_transaction_read_only = on"
        ))
        .await;
    let database = world.connect_with(|_| {});
    let mut scope = database.tenant(&tenant).await.unwrap();
    let refused = scope
        .insert_user(&Things::new().user, crate::tests::support::at(0))
        .await;
    assert!(refused.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn the_clock_of_the_database_is_readable() {
    let world = World::new().await;
    assert!(world.database.read_clock().await.unwrap().unix_seconds() > 1_700_000_000);
}
