//! `writ migrate` on a cluster that it shares, and what `verify_isolation` refuses.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::Connection as _;

use crate::database::{Database, opening};
use crate::tests::support::{World, connect, connect_plainly};
use crate::{IsolationError, MigrateSettings, Roles, migrate};

/// Roles of this test alone: they belong to the cluster.
fn own_roles() -> Roles {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "writ_r{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    Roles::new(&format!("{name}_app"), &format!("{name}_platform")).unwrap()
}

/// An empty database beside the test's own, dropped with its roles at the end.
struct Neighbour {
    name: String,
    url: String,
}

async fn neighbour(world: &World, number: usize) -> Neighbour {
    let mut url = url::Url::parse(world.url()).unwrap();
    let name = format!("{}_n{number}", url.path().trim_start_matches('/'));
    url.set_path(&name);
    let mut owner = world.db_owner().await;
    let create = opening(format!("create database {name} template template0"));
    sqlx::raw_sql(create).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    Neighbour {
        name,
        url: url.into(),
    }
}

async fn drop_all(world: &World, neighbours: Vec<Neighbour>, roles: &Roles) {
    let mut owner = world.db_owner().await;
    for neighbour in neighbours {
        let drop = opening(format!("drop database {} with (force)", neighbour.name));
        sqlx::raw_sql(drop).execute(&mut owner).await.unwrap();
    }
    let drop = opening(format!(
        "drop role {}; drop role {}",
        roles.app(),
        roles.platform()
    ));
    // One test took the owner's rights on them away.
    let mut superuser = world.db_superuser().await;
    sqlx::raw_sql(drop).execute(&mut superuser).await.unwrap();
}

fn settings(url: &str, roles: &Roles) -> MigrateSettings {
    MigrateSettings {
        url: url.into(),
        roles: roles.clone(),
        login_role: None,
    }
}

/// As an owner with CREATEROLE and no superuser: databases of one cluster at once, and each twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn databases_of_one_cluster_are_migrated_at_once() {
    let world = World::new().await;
    let roles = own_roles();
    let mut neighbours = Vec::new();
    for number in 0..4 {
        neighbours.push(neighbour(&world, number).await);
    }
    let mut migrations = tokio::task::JoinSet::new();
    for neighbour in neighbours.iter().chain(&neighbours) {
        let settings = settings(&neighbour.url, &roles);
        migrations.spawn(async move { migrate(&settings).await });
    }
    while let Some(outcome) = migrations.join_next().await {
        outcome.unwrap().unwrap();
    }
    for neighbour in &neighbours {
        migrate(&settings(&neighbour.url, &roles)).await.unwrap();
        let database = connect(&neighbour.url, roles.clone());
        assert!(database.is_migrated().await.unwrap());
        database.verify_isolation().await.unwrap();
        database.close().await;
    }
    drop_all(&world, neighbours, &roles).await;
}

#[tokio::test]
async fn a_database_that_was_not_migrated_is_noticed() {
    let world = World::new().await;
    let neighbour = neighbour(&world, 0).await;
    let database = connect(&neighbour.url, own_roles());
    assert!(!database.is_migrated().await.unwrap());
    let refused = database.verify_isolation().await.unwrap_err();
    assert!(
        matches!(refused, IsolationError::NoSuchRole(_)),
        "{refused}"
    );
    database.close().await;
    let mut owner = world.db_owner().await;
    let drop = opening(format!("drop database {} with (force)", neighbour.name));
    sqlx::raw_sql(drop).execute(&mut owner).await.unwrap();
}

/// A database with roles of its own, to be broken.
async fn breakable(world: &World) -> (Vec<Neighbour>, Roles, Database) {
    let roles = own_roles();
    let neighbours = vec![neighbour(world, 0).await];
    migrate(&settings(&neighbours[0].url, &roles))
        .await
        .unwrap();
    let database = connect(&neighbours[0].url, roles.clone());
    database.verify_isolation().await.unwrap();
    (neighbours, roles, database)
}

/// O4: `writ` refuses to serve where row security would not hold: by what its roles are,
#[tokio::test]
async fn roles_that_break_isolation_are_refused() {
    let world = World::new().await;
    let (neighbours, roles, database) = breakable(&world).await;
    let (app, platform) = (roles.app(), roles.platform());
    let mistakes = [
        (
            format!("alter role {app} bypassrls"),
            format!("alter role {app} nobypassrls"),
        ),
        (
            format!("alter role {platform} superuser"),
            format!("alter role {platform} nosuperuser"),
        ),
        (
            format!("grant {platform} to {app}"),
            format!("revoke {platform} from {app}"),
        ),
        (
            format!("grant pg_read_all_data to {app}"),
            format!("revoke pg_read_all_data from {app}"),
        ),
        (
            format!("revoke {app} from writ cascade"),
            format!("grant {app} to writ"),
        ),
    ];
    for (mistake, mended) in mistakes {
        world.db_execute(&mistake).await;
        assert!(database.verify_isolation().await.is_err(), "{mistake}");
        world.db_execute(&mended).await;
        database.verify_isolation().await.unwrap();
    }
    database.close().await;
    drop_all(&world, neighbours, &roles).await;
}

/// and by what its tables are.
#[tokio::test]
async fn tables_that_break_isolation_are_refused() {
    let world = World::new().await;
    let (neighbours, roles, database) = breakable(&world).await;
    let (app, platform) = (roles.app(), roles.platform());
    let policy = "alter policy tenant_isolation on clients using";
    let mistakes = [
        (
            "alter table users no force row level security".to_owned(),
            "alter table users force row level security".to_owned(),
        ),
        (
            "alter table grants disable row level security".to_owned(),
            "alter table grants enable row level security".to_owned(),
        ),
        (
            "create policy more on users using (true)".to_owned(),
            "drop policy more on users".to_owned(),
        ),
        (
            format!("{policy} (tenant_id = current_setting('app.tenant_id', true)::uuid)"),
            format!("{policy} (tenant_id = current_setting('app.tenant_id')::uuid)"),
        ),
        (
            format!("create table extra (tenant_id uuid); grant select on extra to {app}"),
            "drop table extra".to_owned(),
        ),
        (
            format!("create view leak as select * from users; grant select on leak to {app}"),
            "drop view leak".to_owned(),
        ),
        (
            format!("grant select on users to {platform}"),
            format!("revoke select on users from {platform}"),
        ),
        (
            format!("grant select (sealed_private_key) on signing_keys to {platform}"),
            format!("revoke select (sealed_private_key) on signing_keys from {platform}"),
        ),
        (
            format!("grant update (kek_id) on signing_keys to {platform}"),
            format!("revoke update (kek_id) on signing_keys from {platform}"),
        ),
        (
            format!("grant select on audit_events_default to {app}"),
            format!("revoke select on audit_events_default from {app}"),
        ),
    ];
    let mut owner = connect_plainly(&neighbours[0].url).await;
    for (mistake, mended) in mistakes {
        let statement = opening(mistake.clone());
        sqlx::raw_sql(statement).execute(&mut owner).await.unwrap();
        assert!(database.verify_isolation().await.is_err(), "{mistake}");
        let statement = opening(mended);
        sqlx::raw_sql(statement).execute(&mut owner).await.unwrap();
        database.verify_isolation().await.unwrap();
    }
    owner.close().await.unwrap();
    database.close().await;
    drop_all(&world, neighbours, &roles).await;
}
