//! Tenant isolation, each lock alone (docs/architecture.md):
//!
//! - *row security alone*: the statements bind B's ids and B's tenant id, the transaction belongs to A;
//! - *the statements alone*: a role that passes row security, A's normal scope, B's ids.
//!
//! A has nothing, B has one of everything. So whatever a method returns or changes is a leak, and B's
//! rows must be the same bit by bit afterwards.
//!
//! `cases` is one line per method of [`crate::TenantScope`]; `coverage` fails for a method without one;
//! `planted` proves that the suite would notice.

mod cases;
mod coverage;
mod planted;
mod raw_statements;

use sqlx::Connection as _;

use crate::database::{Database, opening};
use crate::tenant_scope::TenantScope;
use crate::tests::support::{Things, World};
use crate::{Roles, StoreError, Tenant};
use cases::{CASES, Case};

/// A role that passes row security: the statements are on their own.
const UNBOUND_ROLE: &str = "writ_test_unbound";

/// A, who has nothing, and B, who has one of everything.
struct TwoTenants {
    world: World,
    a: Tenant,
    b: Tenant,
    things_of_b: Things,
}

impl TwoTenants {
    async fn new() -> Self {
        let world = World::new().await;
        let a = world.tenant("a").await;
        let b = world.tenant("b").await;
        let things_of_b = Box::pin(Things::insert_all(&world, &b)).await;
        Self {
            world,
            a,
            b,
            things_of_b,
        }
    }

    /// A's transaction whose statements bind B.
    async fn scope_bound_elsewhere(&self) -> TenantScope {
        let database = &self.world.database;
        let begin = format!("begin; {}", database.tenant_settings(&self.a));
        let transaction = database.begin(begin).await.unwrap();
        TenantScope::new(database.clone(), transaction, self.b.clone(), Vec::new())
    }

    /// The store as a role that sees every tenant's rows.
    async fn unbound_database(&self) -> Database {
        make_unbound_role(&self.world).await;
        let roles = Roles::new(UNBOUND_ROLE, Roles::default().platform()).unwrap();
        self.world.connect_with(|settings| settings.roles = roles)
    }

    async fn rows_of(&self, tenant: &Tenant) -> String {
        rows_of(&self.world, tenant).await
    }

    /// A's own things are no leak: what a case wrote there goes before the next one.
    async fn empty_a(&self) {
        let statements = format!(
            "do $$ declare emptied text; begin
                 set local session_replication_role = replica;
                 for emptied in select p.polrelid::regclass::text from pg_policy p
                                where p.polname = 'tenant_isolation' loop
                     execute format('delete from %s where tenant_id = %L', emptied, '{}');
                 end loop;
             end $$",
            self.a.id()
        );
        self.world.db_execute(&statements).await;
    }
}

/// Roles belong to the cluster, and tests run at once.
async fn make_unbound_role(world: &World) {
    let statements = format!(
        "do $$ begin
             if not exists (select from pg_roles where rolname = '{UNBOUND_ROLE}') then
                 create role {UNBOUND_ROLE} nologin bypassrls;
             end if;
             grant writ_app to {UNBOUND_ROLE};
             grant {UNBOUND_ROLE} to writ;
         exception when duplicate_object or unique_violation or internal_error then null;
         end $$"
    );
    let mut superuser = world.db_superuser().await;
    for _ in 0..50 {
        sqlx::query(opening(statements.clone()))
            .execute(&mut superuser)
            .await
            .unwrap();
        let is_made: bool = sqlx::query_scalar(
            "select exists (select from pg_auth_members m
                 where m.roleid = (select oid from pg_roles where rolname = $1))
             and exists (select from pg_auth_members m
                 where m.member = (select oid from pg_roles where rolname = $1))",
        )
        .bind(UNBOUND_ROLE)
        .fetch_one(&mut superuser)
        .await
        .unwrap();
        if is_made {
            break;
        }
    }
    superuser.close().await.unwrap();
}

/// Every row of a tenant in every table, as text.
async fn rows_of(world: &World, tenant: &Tenant) -> String {
    let mut superuser = world.db_superuser().await;
    let mut all = String::new();
    for table in world.db_tables_of_tenants().await {
        let statement = format!(
            "select coalesce(string_agg(t::text, chr(10) order by t::text), '') from {table} t
             where tenant_id = $1"
        );
        let rows: String = sqlx::query_scalar(opening(statement))
            .bind(tenant.id().as_uuid())
            .fetch_one(&mut superuser)
            .await
            .unwrap();
        all.extend([&table, "\n", &rows, "\n"]);
    }
    superuser.close().await.unwrap();
    all
}

/// What a method did with another tenant's ids.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Not found, or refused by a key or a policy.
    Nothing,
    Leak(String),
}

async fn outcome_of(case: &Case, mut scope: TenantScope, b: &Things) -> Outcome {
    match (case.run)(&mut scope, b).await {
        Ok(false) | Err(StoreError::Conflict(_)) => {}
        // "new row violates row-level security policy"
        Err(StoreError::Internal(message)) if message.starts_with("42501") => {}
        Ok(true) => return Outcome::Leak("it found or changed something".to_owned()),
        Err(error) => return Outcome::Leak(format!("it failed in another way: {error}")),
    }
    // What was done is done: only then do B's rows show it. A refused statement leaves nothing to commit.
    let _ = scope.commit().await;
    Outcome::Nothing
}

/// The names of the methods that read or wrote something of B's, each tried from a scope of its own.
async fn leaks<'a>(
    tenants: &TwoTenants,
    cases: impl Iterator<Item = &'a Case>,
    scopes: Scopes<'_>,
) -> Vec<String> {
    let mut leaks = Vec::new();
    let mut before = tenants.rows_of(&tenants.b).await;
    for case in cases {
        tenants.empty_a().await;
        let scope = match &scopes {
            Scopes::BoundElsewhere => tenants.scope_bound_elsewhere().await,
            Scopes::Of(database) => database.tenant(&tenants.a).await.unwrap(),
        };
        let rows_of_a = tenants.rows_of(&tenants.a).await;
        let outcome = outcome_of(case, scope, &tenants.things_of_b).await;
        if matches!(scopes, Scopes::BoundElsewhere)
            && tenants.rows_of(&tenants.a).await != rows_of_a
        {
            leaks.push(format!(
                "{}: a statement that binds B wrote into A",
                case.method
            ));
        }
        let after = tenants.rows_of(&tenants.b).await;
        if let Outcome::Leak(what) = outcome {
            leaks.push(format!("{}: {what}", case.method));
        } else if after != before {
            leaks.push(format!(
                "{}: it changed rows of the other tenant",
                case.method
            ));
        }
        before = after;
    }
    leaks
}

enum Scopes<'a> {
    BoundElsewhere,
    Of(&'a Database),
}

/// Lock 3 (O1, O4): with B's id in every statement, row security shows A's scope nothing of B's.
#[tokio::test]
async fn row_security_alone_keeps_tenants_apart() {
    let tenants = TwoTenants::new().await;
    let leaks = leaks(&tenants, CASES.iter(), Scopes::BoundElsewhere).await;
    assert_eq!(leaks, Vec::<String>::new());
}

/// Lock 2 (O1, O3): without row security, statements and keys that begin with the tenant suffice.
#[tokio::test]
async fn the_statements_alone_keep_tenants_apart() {
    let tenants = TwoTenants::new().await;
    let database = tenants.unbound_database().await;
    let leaks = leaks(&tenants, CASES.iter(), Scopes::Of(&database)).await;
    assert_eq!(leaks, Vec::<String>::new());
}

/// Names may be the same everywhere: one tenant's never stand in the way of another's.
#[tokio::test]
async fn the_same_names_live_in_two_tenants_side_by_side() {
    let tenants = TwoTenants::new().await;
    let rows_of_b = tenants.rows_of(&tenants.b).await;
    let things_of_a = Box::pin(Things::insert_all(&tenants.world, &tenants.a)).await;
    assert_eq!(tenants.rows_of(&tenants.b).await, rows_of_b);
    for (tenant, things) in [
        (&tenants.a, &things_of_a),
        (&tenants.b, &tenants.things_of_b),
    ] {
        let mut scope = tenants.world.database.tenant(tenant).await.unwrap();
        let client = scope
            .find_client(&things.client.client_id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(client.client.key, things.client.key);
        let user = scope.find_user_by_username("alice").await.unwrap().unwrap();
        assert_eq!(user.user.user_id, things.user_id());
        assert_eq!(scope.list_signing_keys().await.unwrap().len(), 2);
    }
}
