//! One transaction above tenants: the registry of tenants, admin keys, queues across tenants.
//!
//! Its role has no rights on tenants' tables. The way from here to a tenant's rows is
//! [`PlatformScope::into_tenant`], which gives up this role for that tenant's.

use sqlx::{Executor as _, PgConnection, Postgres, Transaction};

use crate::changes::{CHANNEL, Change};
use crate::database::{Database, opening};
use crate::error::StoreError;
use crate::tenant_scope::TenantScope;
use crate::tenants::Tenant;

/// Dropped without [`PlatformScope::commit`], nothing of it has happened.
#[must_use]
pub struct PlatformScope {
    database: Database,
    transaction: Transaction<'static, Postgres>,
    changes: Vec<Change>,
}

impl PlatformScope {
    pub(crate) fn new(
        database: Database,
        transaction: Transaction<'static, Postgres>,
        changes: Vec<Change>,
    ) -> Self {
        Self {
            database,
            transaction,
            changes,
        }
    }

    /// Goes on in the same transaction as one tenant: what was done so far and what comes now
    /// happen together or not at all.
    pub async fn into_tenant(mut self, tenant: &Tenant) -> Result<TenantScope, StoreError> {
        let settings = opening(self.database.tenant_settings(tenant));
        let (database, connection) = self.parts();
        database
            .within_deadline(connection.execute(settings))
            .await?;
        Ok(TenantScope::new(
            self.database,
            self.transaction,
            tenant.clone(),
            self.changes,
        ))
    }

    /// Makes it so, tells the other replicas, and then this one.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let database = self.database;
        if !self.changes.is_empty() {
            database
                .within_deadline(send_changes(&mut self.transaction, &self.changes))
                .await?;
        }
        let committed = database.within_deadline(self.transaction.commit()).await;
        // Without an answer it may have committed all the same: forgetting too much does no harm. A
        // refusal is an answer: nothing happened, and nothing may look revoked here alone.
        if committed
            .as_ref()
            .err()
            .is_none_or(StoreError::is_unavailable)
        {
            database.apply(&self.changes);
        }
        committed
    }

    /// Undoes what was done so far, and has let go of every lock when it returns.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        self.database
            .within_deadline(self.transaction.rollback())
            .await
    }

    pub(crate) fn note_change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// The connection and the deadline, borrowed side by side.
    pub(crate) fn parts(&mut self) -> (&Database, &mut PgConnection) {
        (&self.database, &mut self.transaction)
    }
}

/// All changes of a transaction in one statement; PostgreSQL delivers them when it commits.
pub(crate) async fn send_changes(
    connection: &mut PgConnection,
    changes: &[Change],
) -> Result<(), sqlx::Error> {
    let payloads: Vec<String> = changes.iter().map(Change::to_payload).collect();
    sqlx::query!(
        "select pg_notify($1, payload) from unnest($2::text[]) as payload",
        CHANNEL,
        &payloads
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}
