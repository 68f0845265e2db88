//! `writ` does not serve where row security would not hold: what must be true of roles and tables.
//!
//! How to add one more: a statement that lists what breaks the rule, its variant, its test with a
//! planted mistake.

use crate::database::Database;
use crate::error::StoreError;

/// What would let one tenant see another's rows.
#[derive(Debug, thiserror::Error)]
pub enum IsolationError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the database lacks migrations that this version needs: run `writ migrate`")]
    NotMigrated,
    #[error("the role {0} does not exist: run `writ migrate`")]
    NoSuchRole(String),
    #[error(
        "the role {0} is a superuser or has BYPASSRLS, so row security does not bind it: take that away"
    )]
    Unbound(String),
    #[error(
        "the role {0} is a member of {1}, and with it has rights that isolation counts on it not having"
    )]
    Member(String, String),
    #[error(
        "the table {0} lets the app role see every tenant: row security is off, not forced, or has another policy than the tenant's"
    )]
    OpenTable(String),
    #[error("the platform role may read the tenants' table {0}")]
    PlatformReads(String),
    #[error(
        "the database user cannot take on the roles {0} and {1}: run `writ migrate` as the owner, with this user as the login role"
    )]
    CannotTakeOn(String, String),
}

impl Database {
    /// Called before the first request, and again by whoever watches.
    pub async fn verify_isolation(&self) -> Result<(), IsolationError> {
        self.verify_roles().await?;
        self.verify_membership().await?;
        self.verify_tables().await?;
        self.verify_platform_reach().await
    }

    async fn verify_roles(&self) -> Result<(), IsolationError> {
        let names = [
            self.roles().app().to_owned(),
            self.roles().platform().to_owned(),
        ];
        let found = sqlx::query!(
            r#"select rolname::text as "name!", (rolsuper or rolbypassrls) as "is_unbound!",
                   pg_has_role(current_user, oid,
                       case when current_setting('server_version_num')::int >= 160000
                            then 'set' else 'member' end) as "is_takeable!"
               from pg_roles where rolname = any($1)"#,
            &names,
        );
        let mut transaction = self.transaction().await?;
        let found = self
            .within_deadline(found.fetch_all(&mut *transaction))
            .await?;
        for name in &names {
            let role = found.iter().find(|role| role.name == *name);
            let role = role.ok_or_else(|| IsolationError::NoSuchRole(name.clone()))?;
            if role.is_unbound {
                return Err(IsolationError::Unbound(name.clone()));
            }
            if !role.is_takeable {
                let [app, platform] = names;
                return Err(IsolationError::CannotTakeOn(app, platform));
            }
        }
        Ok(())
    }

    /// Neither role may have what belongs to the other, to an owner or to a superuser.
    async fn verify_membership(&self) -> Result<(), IsolationError> {
        let memberships = sqlx::query!(
            r#"select member.rolname::text as "member!", held.rolname::text as "held!"
               from pg_roles member, pg_roles held
               where member.rolname = any($1) and held.oid <> member.oid
                 and pg_has_role(member.oid, held.oid, 'member')
               order by 1, 2"#,
            &[
                self.roles().app().to_owned(),
                self.roles().platform().to_owned()
            ],
        );
        let mut transaction = self.transaction().await?;
        let memberships = self
            .within_deadline(memberships.fetch_all(&mut *transaction))
            .await?;
        match memberships.into_iter().next() {
            Some(row) => Err(IsolationError::Member(row.member, row.held)),
            None => Ok(()),
        }
    }

    /// Every table that the app role may touch holds one tenant's rows to it, or is `installation`.
    async fn verify_tables(&self) -> Result<(), IsolationError> {
        let open = sqlx::query_scalar!(
            r#"select t.oid::regclass::text as "table!"
               from pg_class t
               where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p', 'v', 'm', 'f')
                 and has_table_privilege($1, t.oid, 'select, insert, update, delete, truncate')
                 and t.relname <> 'installation'
                 and not (t.relrowsecurity and t.relforcerowsecurity
                          and exists (select from pg_policy p where p.polrelid = t.oid
                                      and p.polname = 'tenant_isolation'))
               union all
               select p.polrelid::regclass::text
               from pg_policy p
               where (p.polroles = '{0}' or (select oid from pg_roles where rolname = $1) = any(p.polroles))
                 and (pg_get_expr(p.polqual, p.polrelid) is distinct from
                          '(tenant_id = (current_setting(''app.tenant_id''::text))::uuid)'
                      or pg_get_expr(p.polwithcheck, p.polrelid) is not null or p.polcmd <> '*')
               order by 1"#,
            self.roles().app(),
        );
        let mut transaction = self.transaction().await?;
        let open = self
            .within_deadline(open.fetch_all(&mut *transaction))
            .await?;
        match open.into_iter().next() {
            Some(table) => Err(IsolationError::OpenTable(table)),
            None => Ok(()),
        }
    }

    async fn verify_platform_reach(&self) -> Result<(), IsolationError> {
        let shared = [
            "admin_keys",
            "due_work",
            "guard_rail_versions",
            "installation",
            "issuer_hosts",
            "memberships",
            "platform_audit_events",
            "platform_idempotent_answers",
            "revocations",
            "tenant_quotas",
            "tenants",
            "_sqlx_migrations",
        ];
        let shared: Vec<String> = shared.iter().map(|name| (*name).to_owned()).collect();
        // Which key-encryption keys are in use, nothing that opens or signs; and which events webhooks want, nothing of
        // where they are.
        let columns = [
            "signing_keys.tenant_id",
            "signing_keys.kid",
            "signing_keys.algorithm",
            "signing_keys.state",
            "signing_keys.kek_id",
            "signing_keys.activated_at",
            "webhooks.tenant_id",
            "webhooks.webhook_id",
            "webhooks.event_types",
            "webhooks.state",
        ];
        let columns: Vec<String> = columns.iter().map(|it| (*it).to_owned()).collect();
        let reached = sqlx::query_scalar!(
            r#"select t.oid::regclass::text as "table!"
               from pg_class t
               where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p', 'v', 'm', 'f')
                 and t.relname <> all($2)
                 and (has_table_privilege($1, t.oid, 'select, update, delete')
                      or exists (select from pg_attribute a
                                 where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
                                   and (has_column_privilege($1, t.oid, a.attnum, 'update')
                                        or has_column_privilege($1, t.oid, a.attnum, 'select')
                                           and t.relname || '.' || a.attname <> all($3))))
               order by 1"#,
            self.roles().platform(),
            &shared,
            &columns,
        );
        let mut transaction = self.transaction().await?;
        let reached = self
            .within_deadline(reached.fetch_all(&mut *transaction))
            .await?;
        match reached.into_iter().next() {
            Some(table) => Err(IsolationError::PlatformReads(table)),
            None => Ok(()),
        }
    }
}
