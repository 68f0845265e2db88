//! What stands in the database, to compare: did a refused call really change nothing?

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::database::TestDatabase;

/// A digest of the rows of each table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows(BTreeMap<String, String>);

impl Rows {
    /// The same without what a test does not ask about.
    pub fn without(mut self, table: &str) -> Self {
        assert!(self.0.remove(table).is_some(), "no table {table}");
        self
    }
}

impl TestDatabase {
    /// Every row of every table.
    pub async fn db_rows(&self) -> Rows {
        self.rows_where("true").await
    }

    /// Every row that belongs to a tenant, whatever the table.
    pub async fn db_rows_of(&self, tenant_id: &str) -> Rows {
        let tenant_id: uuid::Uuid = tenant_id.parse().unwrap();
        self.rows_where(&format!("tenant_id = '{tenant_id}'")).await
    }

    /// Runs a statement past every lock that the application has.
    pub async fn db_execute(&self, statement: &'static str) {
        let mut connection = self.db_connect_as_superuser().await;
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }

    async fn rows_where(&self, condition: &str) -> Rows {
        let mut connection = self.db_connect_as_superuser().await;
        let tables = sqlx::query(
            "select t.relname::text, (xpath('/row/digest/text()', query_to_xml(format(
                 'select md5(coalesce(string_agg(r::text, chr(10) order by r::text), '''')) as digest
                  from %I r where %s', t.relname, $1), false, true, '')))[1]::text
             from pg_class t
             where t.relkind in ('r', 'p') and not t.relispartition and t.relnamespace = 'public'::regnamespace
               -- Traces of earlier requests are written behind them, whenever that is.
               and t.relname <> 'decisions'
               and ($1 = 'true' or exists (select from pg_attribute a
                                           where a.attrelid = t.oid and a.attname = 'tenant_id'))",
        );
        let tables = tables
            .bind(condition)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert!(tables.len() > 15, "the tables were not found");
        Rows(
            tables
                .iter()
                .map(|table| (table.get(0), table.get(1)))
                .collect(),
        )
    }
}
