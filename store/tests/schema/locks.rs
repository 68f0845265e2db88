//! What every table has (migrations/README.md), read from PostgreSQL's catalogue.

use sqlx::Row as _;

use crate::tests::support::World;

async fn offenders(world: &World, statement: &'static str) -> Vec<String> {
    let mut owner = world.db_owner().await;
    let rows = sqlx::query(statement).fetch_all(&mut owner).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

/// Tables that hold a tenant's id and stand above tenants all the same.
const ABOVE_TENANTS: [&str; 2] = ["platform_audit_events", "tenants"];

/// Above tenants as well, and each tenant sees its own rows in them.
const OPEN_TO_THEIR_TENANTS: [&str; 2] = ["admin_keys", "memberships"];

#[tokio::test]
async fn every_table_of_tenants_has_forced_row_security() {
    let world = World::new().await;
    let open = offenders(
        &world,
        "select t.oid::regclass::text from pg_class t join pg_attribute a on a.attrelid = t.oid
         where a.attname = 'tenant_id' and t.relkind in ('r', 'p') and not t.relispartition
           and t.relnamespace = 'public'::regnamespace
           and not (t.relrowsecurity and t.relforcerowsecurity) order by 1",
    );
    assert_eq!(open.await, ABOVE_TENANTS);
}

#[tokio::test]
async fn every_key_of_a_tenants_table_begins_with_the_tenant() {
    let world = World::new().await;
    let keys = offenders(
        &world,
        "select i.indexrelid::regclass::text
         from pg_index i
         join pg_policy p on p.polrelid = i.indrelid and p.polname = 'tenant_isolation'
         -- What may be nobody's has keys of its own (`OPEN_TO_THEIR_TENANTS`).
         join pg_attribute t on t.attrelid = i.indrelid and t.attname = 'tenant_id' and t.attnotnull
         where (i.indisprimary or i.indisunique)
           and (select attname from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[0])
               <> 'tenant_id'",
    );
    assert_eq!(keys.await, Vec::<String>::new());
    // Between tables of tenants, the tenant is part of the foreign key: the check passes row security.
    let foreign_keys = offenders(
        &world,
        "select c.conrelid::regclass || ': ' || c.conname
         from pg_constraint c
         join pg_policy p on p.polrelid = c.conrelid and p.polname = 'tenant_isolation'
         join pg_attribute t on t.attrelid = c.conrelid and t.attname = 'tenant_id' and t.attnotnull
         where c.contype = 'f'
           and ((select attname from pg_attribute where attrelid = c.conrelid and attnum = c.conkey[1])
                <> 'tenant_id'
             or (select attname from pg_attribute where attrelid = c.confrelid and attnum = c.confkey[1])
                <> 'tenant_id')",
    );
    assert_eq!(foreign_keys.await, Vec::<String>::new());
}

/// What stands above tenants and may be one tenant's: its own role sees its own rows.
#[tokio::test]
async fn tables_that_are_open_to_their_tenants_show_each_its_own() {
    let world = World::new().await;
    let open = offenders(
        &world,
        "select p.polrelid::regclass::text from pg_policy p
         join pg_attribute a on a.attrelid = p.polrelid and a.attname = 'tenant_id' and not a.attnotnull
         where p.polname = 'tenant_isolation' and p.polroles = array['writ_app'::regrole::oid]
           and exists (select from pg_policy o where o.polrelid = p.polrelid and o.polname = 'platform_access'
                         and o.polroles = array['writ_platform'::regrole::oid])
           and (select count(*) from pg_policy o where o.polrelid = p.polrelid) = 2
         order by 1",
    );
    assert_eq!(open.await, OPEN_TO_THEIR_TENANTS);
}

/// A cascade or a check without an index reads a whole table.
#[tokio::test]
async fn every_foreign_key_has_an_index_to_go_by() {
    let world = World::new().await;
    let unindexed = offenders(
        &world,
        "select c.conrelid::regclass || ': ' || c.conname
         from pg_constraint c
         where c.contype = 'f' and c.connamespace = 'public'::regnamespace
           -- Tenants are never removed.
           and not (c.confrelid = 'tenants'::regclass and cardinality(c.conkey) = 1)
           and not exists (
               select from pg_index i
               where i.indrelid = c.conrelid
                 and (i.indkey::smallint[])[0:least(cardinality(c.conkey), i.indnkeyatts) - 1] <@ c.conkey
                 and (i.indisunique or i.indnkeyatts >= cardinality(c.conkey)))
         order by 1",
    );
    assert_eq!(unindexed.await, Vec::<String>::new());
}

#[tokio::test]
async fn partitions_are_reached_through_their_parent_only() {
    let world = World::new().await;
    let mut platform = world.database.platform().await.unwrap();
    let at = crate::tests::support::at(0);
    assert!(platform.ensure_audit_partition(at).await.unwrap());
    platform.commit().await.unwrap();
    let open = offenders(
        &world,
        "select t.oid::regclass::text from pg_class t
         where t.relispartition and t.relkind = 'r'
           and (not t.relrowsecurity or exists (select from pg_policy where polrelid = t.oid)
                or has_table_privilege('writ_app', t.oid, 'select, insert, update, delete')
                or has_table_privilege('writ_platform', t.oid, 'select, insert, update, delete'))",
    );
    assert_eq!(open.await, Vec::<String>::new());
    assert_eq!(
        world
            .db_count("pg_inherits where inhparent = 'audit_events'::regclass")
            .await,
        2
    );
}

/// N8: nothing edits or removes audit.
#[tokio::test]
async fn audit_can_be_added_to_and_not_edited() {
    let world = World::new().await;
    let rights = offenders(
        &world,
        "select r || ' may ' || p || ' ' || t
         from unnest(array['writ_app', 'writ_platform']) as r,
              unnest(array['update', 'delete', 'truncate']) as p,
              unnest(array['audit_events', 'platform_audit_events']) as t
         where has_table_privilege(r, t, p)",
    );
    assert_eq!(rights.await, Vec::<String>::new());
}
