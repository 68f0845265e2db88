//! One transaction in one tenant: the only place that tenants' tables are reached from.
//!
//! PostgreSQL was told role and tenant when the transaction began, and every statement names the
//! tenant once more. The methods stand in the files of their tables.

use protocol::Timestamp;
use sqlx::{Executor as _, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::changes::{Change, ChangeKind};
use crate::database::{Database, opening};
use crate::error::StoreError;
use crate::lines::Turn;
use crate::platform_scope::{PlatformScope, send_changes};
use crate::tenants::Tenant;

/// Dropped without [`TenantScope::commit`], nothing of it has happened.
#[must_use]
pub struct TenantScope {
    database: Database,
    transaction: Transaction<'static, Postgres>,
    tenant: Tenant,
    changes: Vec<Change>,
    /// There are deliveries for webhooks, due at this moment.
    deliveries_due_at: Option<Timestamp>,
    /// Dropped after the transaction.
    _turn: Option<Turn>,
}

impl TenantScope {
    pub(crate) fn new(
        database: Database,
        transaction: Transaction<'static, Postgres>,
        tenant: Tenant,
        changes: Vec<Change>,
    ) -> Self {
        Self {
            database,
            transaction,
            tenant,
            changes,
            deliveries_due_at: None,
            _turn: None,
        }
    }

    /// Lets the next one change the tenant when this is over.
    pub(crate) fn with_turn(self, turn: Turn) -> Self {
        Self {
            _turn: Some(turn),
            ..self
        }
    }

    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Makes it so, tells the other replicas, and then this one.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if let Some(due_at) = self.deliveries_due_at {
            self.plan_noted_deliveries(due_at).await?;
        }
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

    /// Goes on in the same transaction above tenants, for the last word of a change that began there.
    pub async fn into_platform(mut self) -> Result<PlatformScope, StoreError> {
        if let Some(due_at) = self.deliveries_due_at {
            self.plan_noted_deliveries(due_at).await?;
        }
        let settings = opening(self.database.platform_settings());
        let (database, connection) = self.parts();
        database
            .within_deadline(connection.execute(settings))
            .await?;
        Ok(PlatformScope::new(
            self.database,
            self.transaction,
            self.changes,
        ))
    }

    pub(crate) fn note_change(&mut self, kind: ChangeKind) {
        self.changes.push(Change::of_tenant(self.tenant.id(), kind));
    }

    /// Somebody is to be told of what happened here. The job hears of it with the commit, as the last thing: that row
    /// is every transaction's of the tenant, and nobody who holds it may wait for anybody.
    pub(crate) fn note_deliveries(&mut self, due_at: Timestamp) {
        self.deliveries_due_at = Some(due_at);
    }

    /// What every statement binds first.
    pub(crate) fn tenant_id(&self) -> Uuid {
        self.tenant.id().as_uuid()
    }

    /// The connection and the deadline, borrowed side by side.
    pub(crate) fn parts(&mut self) -> (&Database, &mut PgConnection) {
        (&self.database, &mut self.transaction)
    }
}

/// Runs a statement of a scope within the deadline: `answer!(self, query.fetch_one)`.
macro_rules! answer {
    ($scope:expr, $query:expr, $fetch:ident) => {{
        let query = $query;
        let (database, connection) = $scope.parts();
        database.within_deadline(query.$fetch(connection)).await
    }};
}
pub(crate) use answer;
