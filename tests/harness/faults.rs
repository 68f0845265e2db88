//! Faults of the database, made with its own means: one write that fails, one that finds no row, a
//! commit that is refused, a table that is locked, a database that is gone.
//!
//! Triggers rather than switches in the server: what runs is what an operator runs (Boulder does it so).

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use super::database::TestDatabase;

/// A fault that lasts until [`Fault::mend`].
#[derive(Debug)]
pub struct Fault {
    connection: PgConnection,
    /// How it ends. No trigger is dropped: that would need locks that the server's writes hold.
    remedy: String,
}

impl TestDatabase {
    /// Every statement of this kind (`insert`, `update`) on the table fails, whoever sends it.
    pub async fn db_fail_on(&self, event: &'static str, table: &'static str) -> Fault {
        let trigger = format!("trigger NAME before {event} on {table}");
        self.db_fault("raise exception 'a fault of the tests';", &trigger)
            .await
    }

    /// The statement goes through, and the commit after it fails.
    pub async fn db_fail_at_commit_after(&self, event: &'static str, table: &'static str) -> Fault {
        let trigger = format!(
            "constraint trigger NAME after {event} on {table} deferrable initially deferred"
        );
        self.db_fault("raise exception 'a fault of the tests';", &trigger)
            .await
    }

    /// The statement goes through and touches nothing.
    pub async fn db_ignore(&self, event: &'static str, table: &'static str) -> Fault {
        let trigger = format!("trigger NAME before {event} on {table}");
        self.db_fault("return null;", &trigger).await
    }

    async fn db_fault(&self, deed: &str, trigger: &str) -> Fault {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("fault_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let function = |deed: &str| {
            format!(
                "create or replace function {name}() returns trigger language plpgsql \
                 as $$ begin {deed} return new; end $$"
            )
        };
        let trigger = trigger.replace("NAME", &name);
        let mut connection = self.db_connect().await;
        run(&mut connection, function(deed)).await;
        run(
            &mut connection,
            format!("create {trigger} for each row execute function {name}()"),
        )
        .await;
        Fault {
            connection,
            remedy: function(""),
        }
    }

    /// Nobody gets at the table until [`Fault::mend`]: the database answers, but not about this.
    pub async fn db_lock(&self, table: &'static str) -> Fault {
        let mut connection = self.db_connect().await;
        run(&mut connection, "begin".to_owned()).await;
        run(
            &mut connection,
            format!("lock table {table} in access exclusive mode"),
        )
        .await;
        Fault {
            connection,
            remedy: "rollback".to_owned(),
        }
    }

    /// All connections are cut and no new one is let in, as when PostgreSQL goes away.
    pub async fn db_go_away(&self) {
        let mut server = Self::db_connect_beside().await;
        run(
            &mut server,
            format!(
                "alter database {} with allow_connections false",
                self.name()
            ),
        )
        .await;
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
        sqlx::query(cut)
            .bind(self.name())
            .execute(&mut server)
            .await
            .unwrap();
        server.close().await.unwrap();
    }

    pub async fn db_come_back(&self) {
        let mut server = Self::db_connect_beside().await;
        run(
            &mut server,
            format!("alter database {} with allow_connections true", self.name()),
        )
        .await;
        server.close().await.unwrap();
    }

    /// Every transaction from now on may only read, as on a standby; connections are made anew.
    pub async fn db_read_only(&self, is_read_only: bool) {
        let mut server = Self::db_connect_beside().await;
        let statement = format!(
            "alter database {} set default_transaction_read_only = {is_read_only}",
            self.name()
        );
        run(&mut server, statement).await;
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
        sqlx::query(cut)
            .bind(self.name())
            .execute(&mut server)
            .await
            .unwrap();
        server.close().await.unwrap();
    }

    /// Every row of every table as text, as a stolen dump shows it; bytes in hexadecimal.
    pub async fn db_dump(&self) -> String {
        let mut connection = self.db_connect_as_superuser().await;
        let tables = "select oid::regclass::text from pg_class \
                      where relnamespace = 'public'::regnamespace and relkind = 'r'";
        let mut dump = String::new();
        for table in sqlx::query(tables)
            .fetch_all(&mut connection)
            .await
            .unwrap()
        {
            let table: String = table.get(0);
            let statement = format!("select t::text from {table} t");
            for row in rows(&mut connection, statement).await {
                dump.extend([table.as_str(), " ", &row, "\n"]);
            }
        }
        dump
    }
}

impl Fault {
    /// As before.
    pub async fn mend(mut self) {
        run(&mut self.connection, self.remedy).await;
        self.connection.close().await.unwrap();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "names of tables cannot be parameters; these are our own"
)]
async fn run(connection: &mut PgConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}

#[expect(
    clippy::disallowed_methods,
    reason = "names of tables cannot be parameters; these are our own"
)]
async fn rows(connection: &mut PgConnection, statement: String) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(statement))
        .fetch_all(connection)
        .await
        .unwrap();
    rows.into_iter().map(|row| row.get(0)).collect()
}
