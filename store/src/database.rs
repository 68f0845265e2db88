//! The one value that reaches PostgreSQL: a pool, and the statement that opens each transaction.
//!
//! What it is not: a way around the scopes. Nothing public takes or gives a connection.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use protocol::{SecretText, Timestamp};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use crate::changes::{CHANNEL, Change, ChangeHook};
use crate::error::StoreError;
use crate::lines::{Lines, Waiting};
use crate::platform_scope::PlatformScope;
use crate::roles::Roles;
use crate::tenant_scope::TenantScope;
use crate::tenants::Tenant;

/// PostgreSQL's code for a lock that was not had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Perhaps through a transaction pooler.
    pub url: SecretText,
    /// The same database without a pooler: LISTEN needs a connection of its own.
    pub direct_url: Option<SecretText>,
    pub max_connections: u32,
    pub roles: Roles,
    /// A statement or a wait for a connection that takes longer is given up.
    pub deadline: Duration,
}

impl DatabaseSettings {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: SecretText::new(url),
            direct_url: None,
            max_connections: 16,
            roles: Roles::default(),
            deadline: Duration::from_millis(2_500),
        }
    }
}

/// PostgreSQL, as the rooms above see it. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    pool: PgPool,
    direct_options: PgConnectOptions,
    roles: Roles,
    deadline: Duration,
    hook: RwLock<Option<ChangeHook>>,
    lines: Lines,
}

impl Database {
    /// Connects when it is first used: a server that starts before its database waits for it.
    pub fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let options = parse_url(&settings.url)?;
        let direct_options = match &settings.direct_url {
            Some(url) => parse_url(url)?,
            None => options.clone(),
        };
        let pool = PoolOptions::<Postgres>::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.deadline)
            // A ping before every use costs a round trip; `begin` finds dead connections anyway.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let inner = Inner {
            pool,
            direct_options,
            roles: settings.roles.clone(),
            deadline: settings.deadline,
            hook: RwLock::new(None),
            lines: Lines::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Opens the one door to a tenant's rows.
    pub async fn tenant(&self, tenant: &Tenant) -> Result<TenantScope, StoreError> {
        let transaction = self
            .begin(format!("begin; {}", self.tenant_settings(tenant)))
            .await?;
        Ok(TenantScope::new(
            self.clone(),
            transaction,
            tenant.clone(),
            Vec::new(),
        ))
    }

    /// The same, for a change by whoever administers the tenant: one after the other, since such changes take rows
    /// of many kinds and each in the order of its own sense. It costs no round trip, and holds a connection only once
    /// nobody in this process is before it.
    pub async fn tenant_in_line(
        &self,
        tenant: &Tenant,
        who: Waiting,
    ) -> Result<TenantScope, StoreError> {
        let wait = self.inner.lines.wait(tenant.id(), who);
        let turn = tokio::time::timeout(self.inner.deadline, wait)
            .await
            .map_err(|_| StoreError::Contended)?;
        // Before the deadline, so that those who are waited for elsewhere are told from a database that stalls.
        let patience = self.inner.deadline.as_millis() * 4 / 5;
        let statement = format!(
            "begin; {}; set local lock_timeout = {patience}; \
             select pg_advisory_xact_lock(hashtextextended('changes:{}', 0)); \
             set local lock_timeout to default",
            self.tenant_settings(tenant),
            tenant.id(),
        );
        let transaction = self.begin(statement).await.map_err(|error| match error {
            StoreError::Unavailable(cause) if cause.starts_with(LOCK_NOT_AVAILABLE) => {
                StoreError::Contended
            }
            error => error,
        })?;
        Ok(TenantScope::new(self.clone(), transaction, tenant.clone(), Vec::new()).with_turn(turn))
    }

    /// Opens what stands above tenants.
    pub async fn platform(&self) -> Result<PlatformScope, StoreError> {
        let statement = format!("begin; {}", self.platform_settings());
        let transaction = self.begin(statement).await?;
        Ok(PlatformScope::new(self.clone(), transaction, Vec::new()))
    }

    /// Called after the commit of every transaction that noted changes, in this process.
    pub fn set_change_hook(&self, hook: ChangeHook) {
        let mut held = self
            .inner
            .hook
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *held = Some(hook);
    }

    /// Sends what this replica's own listener must hear: proof that changes still reach it.
    pub async fn send_heartbeat(&self, replica: &str, number: u64) -> Result<(), StoreError> {
        let payload = format!("heartbeat:{replica}:{number}");
        let mut transaction = self.transaction().await?;
        let sent = sqlx::query!("select pg_notify($1, $2)", CHANNEL, payload);
        self.within_deadline(sent.fetch_one(&mut *transaction))
            .await?;
        self.within_deadline(transaction.commit()).await
    }

    /// What PostgreSQL's clock says, for readiness alone: no row is ever decided by it.
    pub async fn read_clock(&self) -> Result<Timestamp, StoreError> {
        let mut transaction = self.transaction().await?;
        let read = sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#);
        Ok(self
            .within_deadline(read.fetch_one(&mut *transaction))
            .await?
            .into())
    }

    /// Waits until the connections in use have come back, and closes all.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    pub(crate) fn apply(&self, changes: &[Change]) {
        let hook = self
            .inner
            .hook
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(hook) = hook {
            for change in changes {
                hook(change);
            }
        }
    }

    pub(crate) fn roles(&self) -> &Roles {
        &self.inner.roles
    }

    /// Past every scope, for the tests that look at what a connection was left with.
    #[cfg(test)]
    pub(crate) fn pool(&self) -> &PgPool {
        &self.inner.pool
    }

    pub(crate) fn direct_options(&self) -> &PgConnectOptions {
        &self.inner.direct_options
    }

    /// The role and the tenant, for this transaction only: a setting that outlived it would hand the
    /// tenant to whoever gets the connection next.
    pub(crate) fn tenant_settings(&self, tenant: &Tenant) -> String {
        let role = self.inner.roles.app();
        format!(
            "set local role \"{role}\"; set local app.tenant_id = '{}'",
            tenant.id()
        )
    }

    /// The role that stands above tenants, and no tenant, for this transaction only.
    pub(crate) fn platform_settings(&self) -> String {
        let role = self.inner.roles.platform();
        format!("set local role \"{role}\"")
    }

    /// As nobody in particular: for what concerns the server and no table of ours. A statement alone would do,
    /// were there no poolers: preparing it and running it may then meet different sessions.
    pub(crate) async fn transaction(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.begin("begin".to_owned()).await
    }

    /// One round trip.
    pub(crate) async fn begin(
        &self,
        statement: String,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        let all_connections = self.inner.pool.options().get_max_connections();
        let begin = async {
            let mut attempts_left = all_connections;
            loop {
                let begun = self.inner.pool.begin_with(opening(statement.clone())).await;
                match begun {
                    // A connection of the pool died while it was idle, so nothing was done on it;
                    // after a restart of PostgreSQL all of them are like that.
                    Err(error) if attempts_left > 0 && is_dead_connection(&error) => {
                        attempts_left -= 1;
                    }
                    begun => return begun,
                }
            }
        };
        self.within_deadline(begin).await
    }

    /// PostgreSQL may stall without closing the connection; no request waits for it longer.
    pub(crate) async fn within_deadline<T>(
        &self,
        answer: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.inner.deadline, answer).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(StoreError::Unavailable(
                "no answer before the deadline".to_owned(),
            )),
        }
    }
}

/// The only SQL that is put together at run time: role names are checked when they are configured,
/// the tenant's id is a UUID.
#[expect(
    clippy::disallowed_methods,
    reason = "the one exception: the opening of a scope"
)]
pub(crate) fn opening(statement: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(statement)
}

fn parse_url(url: &SecretText) -> Result<PgConnectOptions, StoreError> {
    // The error may quote the URL, and the URL holds a password.
    let options: PgConnectOptions = url
        .expose()
        .parse()
        .map_err(|_| StoreError::Internal("not a database URL".to_owned()))?;
    Ok(options.application_name("writ"))
}

fn is_dead_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::BeginFailed => true,
        // admin_shutdown, crash_shutdown
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P01" | "57P02")),
        _ => false,
    }
}
