//! The suite notices: with one lock broken on purpose, it names the methods that leak.

use super::cases::{CASES, Case};
use super::{Scopes, TwoTenants, leaks};
use crate::database::opening;

/// A method that forgot the tenant in its statement.
const FORGETFUL_READ: Case = Case {
    method: "planted_read",
    run: |scope, b| {
        Box::pin(async move {
            let (_, connection) = scope.parts();
            let found = sqlx::query("select 1 from users where user_id = $1")
                .bind(b.user_id().as_uuid())
                .fetch_optional(connection)
                .await?;
            Ok(found.is_some())
        })
    },
};

/// One that writes and reports nothing.
const FORGETFUL_WRITE: Case = Case {
    method: "planted_write",
    run: |scope, b| {
        Box::pin(async move {
            let (_, connection) = scope.parts();
            sqlx::query("update users set name = 'Mallory' where user_id = $1")
                .bind(b.user_id().as_uuid())
                .execute(connection)
                .await?;
            Ok(false)
        })
    },
};

/// One that burns another tenant's token.
const FORGETFUL_USE: Case = Case {
    method: "planted_use",
    run: |scope, b| {
        Box::pin(async move {
            let (_, connection) = scope.parts();
            sqlx::query("update initial_access_tokens set uses = uses + 1 where token_digest = $1")
                .bind(&b.newcomers.initial_access_token.digest.bytes[..])
                .execute(connection)
                .await?;
            Ok(false)
        })
    },
};

/// One that reads another tenant's document.
const FORGETFUL_DOCUMENT: Case = Case {
    method: "planted_document",
    run: |scope, b| {
        Box::pin(async move {
            let (_, connection) = scope.parts();
            let found = sqlx::query("select 1 from client_documents where guard_digest = $1")
                .bind(&b.newcomers.document.guard_digest[..])
                .fetch_optional(connection)
                .await?;
            Ok(found.is_some())
        })
    },
};

#[tokio::test]
async fn a_statement_that_forgets_the_tenant_is_noticed() {
    let tenants = TwoTenants::new().await;
    let database = tenants.unbound_database().await;
    let planted = [
        FORGETFUL_READ,
        FORGETFUL_WRITE,
        FORGETFUL_USE,
        FORGETFUL_DOCUMENT,
    ];
    let found = leaks(&tenants, planted.iter(), Scopes::Of(&database)).await;
    assert_eq!(found.len(), planted.len(), "{found:?}");
    // The other lock holds meanwhile: with row security the same statements reach nothing.
    let found = leaks(
        &tenants,
        planted.iter(),
        Scopes::Of(&tenants.world.database),
    )
    .await;
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn a_table_without_row_security_is_noticed() {
    let tenants = TwoTenants::new().await;
    tenants
        .world
        .db_execute("alter table users disable row level security")
        .await;
    let cases = CASES.iter().filter(|case| case.method.contains("user"));
    let found = leaks(&tenants, cases, Scopes::BoundElsewhere).await;
    for method in [
        "find_user:",
        "find_user_by_username:",
        "list_users:",
        "update_user:",
    ] {
        assert!(
            found.iter().any(|leak| leak.starts_with(method)),
            "{method} not in {found:?}"
        );
    }
}

#[tokio::test]
async fn a_role_that_passes_row_security_is_noticed() {
    let tenants = TwoTenants::new().await;
    let statement = format!(
        "create policy planted on grants to {} using (true)",
        crate::Roles::default().app()
    );
    let mut superuser = tenants.world.db_superuser().await;
    sqlx::query(opening(statement))
        .execute(&mut superuser)
        .await
        .unwrap();
    let cases = CASES.iter().filter(|case| case.method == "find_grant");
    let found = leaks(&tenants, cases, Scopes::BoundElsewhere).await;
    assert_eq!(found.len(), 1, "{found:?}");
}
