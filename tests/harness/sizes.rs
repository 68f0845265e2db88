//! How many rows stand in each table, as the catalogue lists them: a table of tomorrow is counted too.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::database::TestDatabase;

impl TestDatabase {
    /// Rows by table; of a partitioned table also the number of its partitions, as `name (partitions)`.
    pub async fn db_sizes(&self) -> BTreeMap<String, i64> {
        let mut connection = self.db_connect_as_superuser().await;
        let counted = sqlx::query(
            "select t.relname::text, (xpath('/row/rows/text()', query_to_xml(
                 format('select count(*) as rows from %I', t.relname), false, true, '')))[1]::text::bigint
             from pg_class t
             where t.relkind in ('r', 'p') and not t.relispartition and t.relnamespace = 'public'::regnamespace
             union all
             select t.relname || ' (partitions)', (select count(*) from pg_inherits where inhparent = t.oid)
             from pg_class t where t.relkind = 'p' and t.relnamespace = 'public'::regnamespace",
        );
        let rows = counted.fetch_all(&mut connection).await.unwrap();
        assert!(rows.len() > 15, "the tables were not found");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}
