//! `writ migrate`: the roles, then the migrations that are compiled in.
//!
//! Run by the owner of the database: no superuser is needed, only CREATEROLE while the roles are not
//! there. It may be run again, by several replicas at once, and beside other databases of the cluster.

use std::time::Duration;

use protocol::SecretText;
use sqlx::migrate::{Migrate as _, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::database::{Database, opening};
use crate::error::StoreError;
use crate::roles::Roles;

/// The files of `migrations/`.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// How often what another migration stood in the way of is tried again, and after how long.
const ATTEMPTS: u32 = 60;
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Clone, Debug)]
pub struct MigrateSettings {
    /// Of the owner; without a pooler.
    pub url: SecretText,
    pub roles: Roles,
    /// The role that the server signs in as, where it is not the owner.
    pub login_role: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("DATABASE_URL is not a PostgreSQL URL")]
    Url,
    #[error("cannot connect to the database: {0}")]
    Connect(#[source] sqlx::Error),
    #[error("PostgreSQL 15 or newer is needed, this is {0}")]
    TooOld(String),
    #[error(
        "cannot make the roles {app} and {platform} or grant them to {user}: {source}. Give {user} CREATEROLE \
         and run this again, or as a superuser run: create role {app}; create role {platform}; \
         grant {app}, {platform} to {user};"
    )]
    Roles {
        app: String,
        platform: String,
        user: String,
        source: sqlx::Error,
    },
    #[error("a migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the last grants failed: {0}")]
    Grants(#[source] sqlx::Error),
}

/// Brings the database to this version.
pub async fn migrate(settings: &MigrateSettings) -> Result<(), MigrateError> {
    let options: PgConnectOptions = settings
        .url
        .expose()
        .parse()
        .map_err(|_| MigrateError::Url)?;
    let options = options.application_name("writ migrate");
    let mut attempt = 0;
    loop {
        attempt += 1;
        match migrate_once(&options, settings).await {
            Err(error) if attempt < ATTEMPTS && error.is_of_the_moment() => {
                tracing::info!(%error, attempt, "another migration stands in the way; trying again");
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

async fn migrate_once(
    options: &PgConnectOptions,
    settings: &MigrateSettings,
) -> Result<(), MigrateError> {
    let mut connection = options.connect().await.map_err(MigrateError::Connect)?;
    check_version(&mut connection).await?;
    make_roles(&mut connection, settings).await?;
    // A migration that waits for a lock makes everybody behind it wait too.
    sqlx::query!("select set_config('lock_timeout', '2s', false)")
        .fetch_one(&mut connection)
        .await
        .map_err(MigrateError::Grants)?;
    // Under the lock of a migration: an index that another one is making is not finished either.
    connection.lock().await?;
    drop_unfinished_indexes(&mut connection)
        .await
        .map_err(sqlx::migrate::MigrateError::Execute)?;
    connection.unlock().await?;
    // `run` takes anything that gives a connection, and its future cannot go to another thread.
    MIGRATOR.run_direct(None, &mut connection, false).await?;
    grant_reading_of_versions(&mut connection)
        .await
        .map_err(MigrateError::Grants)?;
    connection.close().await.map_err(MigrateError::Connect)
}

/// What `create index concurrently` leaves behind when it is cut short, by a lock that it waited for or by a
/// crash: an index of that name that is no good. The migration that made it comes again.
async fn drop_unfinished_indexes(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let unfinished = sqlx::query_scalar!(
        r#"select format('drop index concurrently if exists %I.%I', n.nspname, c.relname) as "statement!"
           from pg_index i
           join pg_class c on c.oid = i.indexrelid
           join pg_namespace n on n.oid = c.relnamespace
           where not i.indisvalid and n.nspname = 'public' and c.relkind = 'i'"#
    );
    for statement in unfinished.fetch_all(&mut *connection).await? {
        sqlx::raw_sql(opening(statement))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn check_version(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let version = sqlx::query!(
        r#"select current_setting('server_version_num')::int as "number!",
                  current_setting('server_version') as "name!""#
    );
    let version = version
        .fetch_one(connection)
        .await
        .map_err(MigrateError::Connect)?;
    if version.number < 150_000 {
        Err(MigrateError::TooOld(version.name))
    } else {
        Ok(())
    }
}

/// Roles belong to the cluster, and no lock of ours spans its databases: whoever loses a race sees an
/// error and looks again.
async fn make_roles(
    connection: &mut PgConnection,
    settings: &MigrateSettings,
) -> Result<(), MigrateError> {
    let roles = &settings.roles;
    let configured = sqlx::query!(
        r#"select set_config('writ.app_role', $1, false) as app,
                  set_config('writ.platform_role', $2, false) as platform,
                  set_config('writ.login_role', coalesce($3, current_user), false) as login,
                  current_user::text as "user!""#,
        roles.app(),
        roles.platform(),
        settings.login_role,
    );
    let user = configured
        .fetch_one(&mut *connection)
        .await
        .map_err(MigrateError::Connect)?
        .user;
    let made = sqlx::query(MAKE_ROLES).execute(&mut *connection).await;
    made.map(|_| ()).map_err(|source| MigrateError::Roles {
        app: roles.app().to_owned(),
        platform: roles.platform().to_owned(),
        user,
        source,
    })
}

/// From PostgreSQL 16 on, whoever makes a role may grant it but is not yet allowed to take it on, and
/// need not inherit its rights to do so.
const MAKE_ROLES: &str = "
do $$
declare
    role_name text;
    member    text;
    is_16     boolean := current_setting('server_version_num')::int >= 160000;
begin
    foreach role_name in array
        array[current_setting('writ.app_role'), current_setting('writ.platform_role')]
    loop
        if not exists (select from pg_roles where rolname = role_name) then
            begin
                execute format('create role %I nologin', role_name);
            exception when duplicate_object or unique_violation then
                null;
            end;
        end if;
        foreach member in array array[current_user::text, current_setting('writ.login_role')] loop
            if not pg_has_role(member, role_name, case when is_16 then 'set' else 'member' end) then
                execute format('grant %I to %I %s', role_name, member,
                    case when is_16 then 'with set true, inherit false' else '' end);
            end if;
        end loop;
    end loop;
end
$$";

/// The server asks, as the platform role, whether the schema is its own.
async fn grant_reading_of_versions(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let granted = sqlx::query(
        "do $$ begin
             execute format('grant select on _sqlx_migrations to %I', current_setting('writ.platform_role'));
         end $$",
    );
    granted.execute(connection).await?;
    Ok(())
}

impl MigrateError {
    /// Somebody else's migration, of this or of another database, or a lock that is held.
    fn is_of_the_moment(&self) -> bool {
        use sqlx::migrate::MigrateError as Sqlx;
        match self {
            Self::Roles { source, .. } => is_race(source),
            Self::Grants(error) => is_race(error),
            Self::Migration(Sqlx::Execute(error) | Sqlx::ExecuteMigration(error, _)) => {
                is_race(error)
            }
            Self::Url | Self::Connect(_) | Self::TooOld(_) | Self::Migration(_) => false,
        }
    }
}

fn is_race(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    match error.code().as_deref() {
        // duplicate_object, unique_violation, serialization_failure, deadlock, lock timeout
        Some("42710" | "23505" | "40001" | "40P01" | "55P03") => true,
        // Catalog rows of roles have no better error for two grants at once.
        Some("XX000") => error.message().contains("concurrently"),
        _ => false,
    }
}

impl Database {
    /// Whether every migration of this version was applied. Newer ones may have been, too.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        let is_there = sqlx::query_scalar!(
            r#"select to_regclass('public._sqlx_migrations') is not null as "is_there!""#
        );
        let mut transaction = self.transaction().await?;
        if !self
            .within_deadline(is_there.fetch_one(&mut *transaction))
            .await?
        {
            return Ok(false);
        }
        drop(transaction);
        let mut platform = self.platform().await?;
        let applied = platform.list_migrations().await?;
        Ok(MIGRATOR
            .iter()
            .all(|migration| applied.contains(&migration.version)))
    }
}
