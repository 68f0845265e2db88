//! Every statement of this room, explained as the role that runs it, on tables with thousands of rows of
//! many tenants: a plan that reads a whole table is a failed test.
//!
//! The statements come from `.sqlx`, so that a new one cannot be forgotten. Plans are generic ones, made
//! without looking at the values, as a prepared statement's are after a few runs.

mod fill;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use sqlx::{PgConnection, Row as _};

use super::support::World;
use crate::database::opening;

/// Tables of which a whole scan is right: one row, or as many rows as there are migrations.
const SMALL_TABLES: [&str; 2] = ["installation", "_sqlx_migrations"];

/// Tables of which a tenant never has many rows: reading all of a tenant's is as good as a key.
const A_HANDFUL_PER_TENANT: [&str; 3] = ["signing_keys", "tenants", "webhooks"];

/// Indexes that hold a handful of rows whatever there is: their own condition is all that is asked.
const SMALL_INDEXES: [&str; 1] = ["tenants_one_is_system"];

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let world = World::new().await;
    fill::fill(&world).await;
    let mut connection = world.db_owner().await;
    let statements = statements();
    assert!(
        statements.len() > 90,
        "only {} statements in .sqlx",
        statements.len()
    );
    let mut problems = Vec::new();
    for statement in statements
        .iter()
        .filter(|statement| reads_tables_of_ours(statement))
    {
        // Queues are open to both roles; a tenant's statements name the tenant.
        let is_a_tenants = statement.contains("tenant_id = $1");
        let roles = if is_a_tenants {
            ["writ_app", "writ_platform"]
        } else {
            ["writ_platform", "writ_app"]
        };
        let mut refusals = Vec::new();
        for role in roles {
            match plan(&mut connection, statement, role).await {
                Ok(plan) => {
                    find_scans(&plan, statement, role, &mut problems);
                    break;
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        if refusals.len() == roles.len() {
            problems.push(format!("no role may run\n{statement}\n{refusals:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

/// The test would notice: these statements must be caught.
#[tokio::test]
async fn a_statement_that_reads_a_whole_table_is_noticed() {
    let world = World::new().await;
    fill::fill(&world).await;
    let mut connection = world.db_owner().await;
    for planted in [
        "select user_id from users where lower(username) = $1",
        "select user_id from users where tenant_id = $1 and lower(username) = $2",
        "update clients set name = 'x' where auth_method = $1",
        "delete from consents where tenant_id = $1 and redirect_uri = $2",
    ] {
        let mut problems = Vec::new();
        let plan = plan(&mut connection, planted, "writ_app").await.unwrap();
        find_scans(&plan, planted, "writ_app", &mut problems);
        assert!(!problems.is_empty(), "{planted}\n{plan:#}");
    }
}

fn statements() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let files = std::fs::read_dir(folder).unwrap();
    let query = |path: &Path| -> String {
        let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        file["query"].as_str().unwrap().to_owned()
    };
    files.map(|file| query(&file.unwrap().path())).collect()
}

/// Not: settings, locks, notifications, what is asked of PostgreSQL's own catalogue.
fn reads_tables_of_ours(statement: &str) -> bool {
    let is_about_the_catalogue = ["pg_class", "pg_roles", "pg_policy"]
        .iter()
        .any(|it| statement.contains(it));
    let has_table = [" from ", "insert into ", "update ", "delete from "]
        .iter()
        .any(|word| statement.contains(word) || statement.contains(&word.replace(' ', "\n")));
    has_table && !is_about_the_catalogue && !statement.contains("pg_notify")
}

async fn plan(connection: &mut PgConnection, statement: &str, role: &str) -> Result<Value, String> {
    let begin = format!(
        "begin; set local role {role}; set local plan_cache_mode = force_generic_plan;
         set local app.tenant_id = '{}'; prepare explained as {statement}",
        fill::TENANT
    );
    let planned = async {
        sqlx::raw_sql(opening(begin))
            .execute(&mut *connection)
            .await?;
        let parameters = sqlx::raw_sql(
            "select cardinality(parameter_types) from pg_prepared_statements where name = 'explained'",
        );
        let parameters: i32 = parameters.fetch_one(&mut *connection).await?.get(0);
        let nulls = vec!["null"; usize::try_from(parameters).unwrap()].join(", ");
        let arguments = if parameters > 0 {
            format!("({nulls})")
        } else {
            String::new()
        };
        let explain = opening(format!(
            "explain (format json) execute explained{arguments}"
        ));
        sqlx::raw_sql(explain).fetch_one(&mut *connection).await
    };
    let outcome: Result<_, sqlx::Error> = planned.await;
    sqlx::raw_sql("rollback; deallocate all")
        .execute(&mut *connection)
        .await
        .unwrap();
    let row = outcome.map_err(|error| error.to_string())?;
    Ok(row.get(0))
}

fn find_scans(plan: &Value, statement: &str, role: &str, problems: &mut Vec<String>) {
    match plan {
        Value::Array(nodes) => {
            for node in nodes {
                find_scans(node, statement, role, problems);
            }
        }
        // The first rows of an index, and no more than are asked for.
        Value::Object(node) if reads_the_first_rows(plan) => {
            assert_eq!(node["Plans"].as_array().map(Vec::len), Some(1));
        }
        Value::Object(node) => {
            if let Some(problem) = problem_of(plan) {
                problems.push(format!("{role}: {problem}\n{statement}"));
            }
            for value in node.values() {
                find_scans(value, statement, role, problems);
            }
        }
        _ => {}
    }
}

fn reads_the_first_rows(node: &Value) -> bool {
    let inner = &node["Plans"][0];
    let kind = inner["Node Type"].as_str().unwrap_or_default();
    let is_unfiltered = inner["Filter"].is_null();
    node["Node Type"] == "Limit" && kind.starts_with("Index") && is_unfiltered
}

/// A whole table read in its own order, a whole index in its, or all that a tenant has in a table.
fn problem_of(node: &Value) -> Option<String> {
    let table = node["Relation Name"].as_str().unwrap_or_default();
    if SMALL_TABLES.contains(&table) {
        return None;
    }
    let kind = node["Node Type"].as_str()?;
    if kind.contains("Seq Scan") {
        return Some(format!("reads all of {table}"));
    }
    if !["Index Scan", "Index Only Scan", "Bitmap Heap Scan"].contains(&kind) {
        return None;
    }
    let condition = node["Index Cond"]
        .as_str()
        .or(node["Recheck Cond"].as_str())
        .unwrap_or_default();
    let index = node["Index Name"].as_str().unwrap_or_default();
    if SMALL_INDEXES.contains(&index) {
        return None;
    }
    if condition.is_empty() {
        return Some(format!("reads all of an index of {table}"));
    }
    let filter = node["Filter"].as_str().unwrap_or_default();
    let is_filtered = !filter.is_empty() && !is_about_the_tenant_alone(filter);
    let is_short = A_HANDFUL_PER_TENANT.contains(&table);
    let reads_a_tenant = is_about_the_tenant_alone(condition) && is_filtered && !is_short;
    reads_a_tenant.then(|| format!("reads all of a tenant in {table}, then filters: {filter}"))
}

fn is_about_the_tenant_alone(condition: &str) -> bool {
    condition
        .split(" AND ")
        .all(|part| part.contains("tenant_id") && !part.contains("ROW("))
}
