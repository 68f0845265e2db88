//! What the tests of this room stand on: a database each, tenants in it, and things of theirs.

mod devices;
mod things;

use std::str::FromStr as _;
use std::time::Duration;

use protocol::{Issuer, Random, Slug, TenantId, Timestamp};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::database::{Database, DatabaseSettings, opening};
use crate::test_database::TestDatabase;
use crate::{NewTenant, Roles, Tenant, TenantSettings};
pub(crate) use devices::{device_of, grant_of};
pub(crate) use things::{
    ANSWERED_CALLER, Things, USED_JTI, client_secret, client_secret_of, digest, dpop_key,
    grant_and_code, idempotent_answer, new_family, policy_version,
};

/// Random enough for ids that do not meet: a counter through a mixing function.
pub(crate) struct CountingRandom;

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(1);
        for chunk in bytes.chunks_mut(8) {
            let mut word = COUNT
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// The moment that tests begin at.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds)
}

/// A test's own database and the store on it.
pub(crate) struct World {
    pub database: Database,
    test_database: TestDatabase,
}

impl World {
    pub async fn new() -> Self {
        let test_database = TestDatabase::create().await;
        let database = connect(test_database.url(), Roles::default());
        Self {
            database,
            test_database,
        }
    }

    pub fn url(&self) -> &str {
        self.test_database.url()
    }

    /// The store with other roles, or with other settings.
    pub fn connect_with(&self, change: impl FnOnce(&mut DatabaseSettings)) -> Database {
        let mut settings = DatabaseSettings::new(self.url());
        settings.deadline = Duration::from_secs(20);
        change(&mut settings);
        Database::connect(&settings).unwrap()
    }

    pub async fn tenant(&self, slug: &str) -> Tenant {
        let new = new_tenant(slug, &format!("https://auth.example/t/{slug}"));
        let mut platform = self.database.platform().await.unwrap();
        let tenant = platform.insert_tenant(&new, at(0)).await.unwrap();
        platform.commit().await.unwrap();
        tenant
    }

    /// As the owner, whom forced row security binds.
    pub async fn db_owner(&self) -> PgConnection {
        self.test_database.db_connect().await
    }

    pub async fn db_superuser(&self) -> PgConnection {
        self.test_database.db_connect_as_superuser().await
    }

    /// Statements of a test's own, past every lock.
    pub async fn db_execute(&self, statements: &str) {
        let mut superuser = self.db_superuser().await;
        superuser
            .execute(opening(statements.to_owned()))
            .await
            .unwrap();
        superuser.close().await.unwrap();
    }

    pub async fn db_count(&self, table_and_condition: &str) -> i64 {
        let mut superuser = self.db_superuser().await;
        let statement = opening(format!("select count(*) from {table_and_condition}"));
        sqlx::query_scalar(statement)
            .fetch_one(&mut superuser)
            .await
            .unwrap()
    }

    /// Every table with a tenant's id, as the catalogue lists them: one of tomorrow is among them.
    pub async fn db_tables_of_tenants(&self) -> Vec<String> {
        let mut superuser = self.db_superuser().await;
        let tables = sqlx::query_scalar(
            "select a.attrelid::regclass::text from pg_attribute a join pg_class t on t.oid = a.attrelid
             where a.attname = 'tenant_id' and t.relkind in ('r', 'p') and not t.relispartition
               and t.relnamespace = 'public'::regnamespace order by 1",
        );
        let tables: Vec<String> = tables.fetch_all(&mut superuser).await.unwrap();
        superuser.close().await.unwrap();
        assert!(
            tables.len() > 15,
            "the tables with tenants' rows were not found"
        );
        tables
    }

    /// Returns when so many wait for a lock; the runner's own limit ends a wait for what never comes.
    pub async fn db_until_waiting(&self, count: i64) {
        // Not `pg_locks`: where one waits for a transaction, it does not say in which database.
        const WAITING: &str =
            "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while self.db_count(WAITING).await < count {
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) fn connect(url: &str, roles: Roles) -> Database {
    let mut settings = DatabaseSettings::new(url);
    settings.roles = roles;
    // The machine may be busy with other tests.
    settings.deadline = Duration::from_secs(20);
    Database::connect(&settings).unwrap()
}

pub(crate) async fn connect_plainly(url: &str) -> PgConnection {
    PgConnectOptions::from_str(url)
        .unwrap()
        .connect()
        .await
        .unwrap()
}

pub(crate) fn new_tenant(slug: &str, issuer: &str) -> NewTenant {
    NewTenant {
        tenant_id: TenantId::generate(&CountingRandom, at(0)),
        slug: Slug::parse(slug).unwrap(),
        display_name: slug.to_owned(),
        issuer: Issuer::parse(issuer).unwrap(),
        settings: TenantSettings::default(),
    }
}
