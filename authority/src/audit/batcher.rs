//! Events of issued tokens, written in batches: what is dropped is counted.

use std::sync::Arc;

use protocol::random::Random;
use store::{Database, NewAuditEvent, StoreError, Tenant};

use super::AuditEvent;
use crate::batches::{BatchWriter, Batches};
use crate::metrics::Metrics;

const MOST_WAITING: usize = 50_000;

type Waiting = (Tenant, NewAuditEvent);

pub struct AuditBatcher {
    batches: Batches<Waiting>,
    random: Arc<dyn Random>,
    metrics: Arc<Metrics>,
}

struct Writer<'a> {
    database: Database,
    metrics: &'a Metrics,
}

impl AuditBatcher {
    pub(crate) fn new(random: Arc<dyn Random>, metrics: Arc<Metrics>) -> Self {
        Self {
            batches: Batches::new(MOST_WAITING),
            random,
            metrics,
        }
    }

    /// Never waits.
    pub fn record(&self, tenant: &Tenant, event: AuditEvent) {
        let row = event.into_row(self.random.as_ref());
        if !self.batches.put((tenant.clone(), row)) {
            self.metrics.audit_events_dropped.inc();
        }
    }

    /// Writes batches until stopped, then what is left.
    pub(crate) async fn run(&self, database: Database) {
        let metrics = &self.metrics;
        self.batches.run(&Writer { database, metrics }).await;
    }

    pub(crate) fn stop(&self) {
        self.batches.stop();
    }
}

impl BatchWriter<Waiting> for Writer<'_> {
    async fn write(&self, rows: &[Waiting]) -> Result<(), StoreError> {
        let mut scope = self.database.platform().await?;
        scope.insert_audit_events_of_tenants(rows).await?;
        scope.commit().await
    }

    fn lose(&self, rows: usize, error: &StoreError) {
        tracing::error!(%error, events = rows, "audit events were lost");
        let lost = u64::try_from(rows).unwrap_or(u64::MAX);
        self.metrics.audit_events_dropped.inc_by(lost);
    }
}
