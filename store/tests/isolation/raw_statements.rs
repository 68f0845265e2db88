//! O4: what PostgreSQL itself answers to statements that forget everything.

use sqlx::PgConnection;
use sqlx::Row as _;

use super::TwoTenants;
use crate::database::opening;

async fn tables_of_tenants(connection: &mut PgConnection) -> Vec<String> {
    let rows = sqlx::query(
        "select p.polrelid::regclass::text from pg_policy p where p.polname = 'tenant_isolation' order by 1",
    );
    let rows = rows.fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// O4: a scoped statement that forgets the filter sees its own tenant, and only that.
#[tokio::test]
async fn a_statement_without_a_filter_sees_its_own_tenant_only() {
    let tenants = TwoTenants::new().await;
    let tables = tables_of_tenants(&mut tenants.world.db_owner().await).await;
    assert!(tables.len() >= 21, "{tables:?}");
    for (tenant, has_rows) in [(&tenants.a, false), (&tenants.b, true)] {
        let mut scope = tenants.world.database.tenant(tenant).await.unwrap();
        let mut seen = 0;
        for table in &tables {
            let (_, connection) = scope.parts();
            let statement =
                format!("select count(*), count(*) filter (where tenant_id <> $1) from {table}");
            let row = sqlx::query(opening(statement)).bind(tenant.id().as_uuid());
            let row = row.fetch_one(connection).await.unwrap();
            assert_eq!(row.get::<i64, _>(1), 0, "{table}");
            // Every tenant has its sweep.
            seen += if table == "due_work" {
                0
            } else {
                row.get::<i64, _>(0)
            };
        }
        assert_eq!(seen > 0, has_rows);
    }
}

/// O4: outside a tenant's scope a statement is an error, never an empty answer.
#[tokio::test]
async fn a_statement_outside_a_scope_is_an_error() {
    let tenants = TwoTenants::new().await;
    let mut owner = tenants.world.db_owner().await;
    let tables = tables_of_tenants(&mut owner).await;
    for table in tables {
        for role in ["writ_app", "writ"] {
            // What the platform sees too, or in part, has no policy for the owner at all: nothing is read.
            let has_none = [
                "admin_keys",
                "due_work",
                "memberships",
                "revocations",
                "signing_keys",
                "tenant_quotas",
                "webhook_deliveries",
                "webhooks",
            ];
            if role == "writ" && has_none.contains(&&*table) {
                continue;
            }
            let statement = format!(
                "begin; set local role {role}; create temporary table seen on commit drop as
                 select count(*) from {table}; commit"
            );
            let outcome = sqlx::raw_sql(opening(statement)).execute(&mut owner).await;
            assert!(outcome.is_err(), "{role} read {table} outside a scope");
            sqlx::raw_sql("rollback").execute(&mut owner).await.unwrap();
        }
    }
}

/// The role and the tenant end with the transaction: the next one on the connection has neither.
#[tokio::test]
async fn nothing_of_a_scope_stays_on_its_connection() {
    let tenants = TwoTenants::new().await;
    let database = tenants
        .world
        .connect_with(|settings| settings.max_connections = 1);
    for is_committed in [true, false] {
        let mut scope = database.tenant(&tenants.b).await.unwrap();
        scope
            .find_user(tenants.things_of_b.user_id())
            .await
            .unwrap()
            .unwrap();
        if is_committed {
            scope.commit().await.unwrap();
        } else {
            drop(scope);
        }
        let row = sqlx::query(
            "select current_user::text, coalesce(current_setting('app.tenant_id', true), '')",
        );
        let row = row.fetch_one(database.pool()).await.unwrap();
        assert_eq!((row.get::<&str, _>(0), row.get::<&str, _>(1)), ("writ", ""));
        assert!(
            sqlx::query("select from users")
                .fetch_all(database.pool())
                .await
                .is_err()
        );
    }
}

/// The platform's role has no way into tenants' tables, and the app role none into the platform's.
#[tokio::test]
async fn the_two_roles_have_nothing_of_each_other() {
    let tenants = TwoTenants::new().await;
    for table in [
        "users",
        "clients",
        "grants",
        "refresh_families",
        "audit_events",
    ] {
        let mut platform = tenants.world.database.platform().await.unwrap();
        let (_, connection) = platform.parts();
        // So that planning gets as far as the question of rights.
        let tenant = opening(format!("set local app.tenant_id = '{}'", tenants.b.id()));
        sqlx::raw_sql(tenant)
            .execute(&mut *connection)
            .await
            .unwrap();
        let read = sqlx::query(opening(format!("select from {table}")))
            .fetch_all(connection)
            .await;
        assert!(
            read.unwrap_err().to_string().contains("permission denied"),
            "{table}"
        );
    }
    // Of signing keys it sees which key-encryption keys are in use, and nothing that opens or signs.
    for (columns, is_seen) in [
        ("kek_id, tenant_id", true),
        ("sealed_private_key", false),
        ("*", false),
    ] {
        let mut platform = tenants.world.database.platform().await.unwrap();
        let (_, connection) = platform.parts();
        let read = sqlx::query(opening(format!("select {columns} from signing_keys")))
            .fetch_all(connection)
            .await;
        assert_eq!(read.is_ok(), is_seen, "{columns}");
    }
    for table in ["tenants", "platform_audit_events", "audit_events_default"] {
        let mut scope = tenants.world.database.tenant(&tenants.a).await.unwrap();
        let (_, connection) = scope.parts();
        let read = sqlx::query(opening(format!("select from {table}")))
            .fetch_all(connection)
            .await;
        assert!(
            read.unwrap_err().to_string().contains("permission denied"),
            "{table}"
        );
    }
}
