//! What others wait for: so that things happen at once because the test says so, and not by luck.
//!
//! What it is not: a fault; that is `faults`. Whoever waits here goes on when the test says so.

use sqlx::PgConnection;

use super::database::TestDatabase;
use super::eventually::with_the_next_batch;

/// A transaction of the test's own that has done its statement, and is not over.
#[derive(Debug)]
pub struct Held<'a> {
    database: &'a TestDatabase,
    transaction: PgConnection,
}

impl TestDatabase {
    /// Does this past every lock of the application, and keeps the locks that it took.
    pub async fn db_hold(&self, statement: &'static str) -> Held<'_> {
        let mut transaction = self.db_connect_as_superuser().await;
        for statement in ["begin", statement] {
            let done = sqlx::raw_sql(statement).execute(&mut transaction).await;
            done.unwrap();
        }
        Held {
            database: self,
            transaction,
        }
    }

    /// Until so many wait for a lock.
    pub async fn db_until_waiting(&self, count: i64) {
        let waiting = "select count(*) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'";
        with_the_next_batch("somebody who waits for a lock", async || {
            let mut connection = self.db_connect_as_superuser().await;
            let waiting = sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut connection);
            waiting.await.unwrap() >= count
        })
        .await;
    }
}

impl Held<'_> {
    /// Lets go once so many wait.
    pub async fn commit_once_awaited_by(mut self, count: i64) {
        self.database.db_until_waiting(count).await;
        let done = sqlx::raw_sql("commit").execute(&mut self.transaction);
        done.await.unwrap();
    }
}
