//! Events of issued tokens, written in batches.
//!
//! The queue is bounded: when PostgreSQL cannot keep up, events are dropped and counted rather than
//! memory filled or requests held up.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::random::Random;
use store::{Database, NewAuditEvent, Tenant};
use tokio::sync::{Notify, mpsc};
use tokio::time::interval;

use super::AuditEvent;
use crate::metrics::Metrics;

const MOST_WAITING: usize = 50_000;
const MOST_PER_BATCH: usize = 1_000;
const FLUSH_INTERVAL: Duration = Duration::from_millis(500);
/// A batch that cannot be written is tried again this often before it is given up.
const ATTEMPTS: u32 = 20;

type Waiting = (Tenant, NewAuditEvent);

pub struct AuditBatcher {
    sender: mpsc::Sender<Waiting>,
    receiver: Mutex<Option<mpsc::Receiver<Waiting>>>,
    random: Arc<dyn Random>,
    metrics: Arc<Metrics>,
    stop: Notify,
}

impl AuditBatcher {
    pub(crate) fn new(random: Arc<dyn Random>, metrics: Arc<Metrics>) -> Self {
        let (sender, receiver) = mpsc::channel(MOST_WAITING);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            random,
            metrics,
            stop: Notify::new(),
        }
    }

    /// Never waits.
    pub fn record(&self, tenant: &Tenant, event: AuditEvent) {
        let row = event.into_row(self.random.as_ref());
        if self.sender.try_send((tenant.clone(), row)).is_err() {
            self.metrics.audit_events_dropped.inc();
        }
    }

    /// Writes batches until stopped, then what is left.
    pub(crate) async fn run(&self, database: Database) {
        let taken = self
            .receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut receiver) = taken else {
            return;
        };
        let mut ticks = interval(FLUSH_INTERVAL);
        loop {
            let is_last = tokio::select! {
                _ = ticks.tick() => false,
                () = self.stop.notified() => true,
            };
            self.flush(&database, &mut receiver, if is_last { 1 } else { ATTEMPTS })
                .await;
            if is_last {
                return;
            }
        }
    }

    pub(crate) fn stop(&self) {
        self.stop.notify_one();
    }

    async fn flush(
        &self,
        database: &Database,
        receiver: &mut mpsc::Receiver<Waiting>,
        attempts: u32,
    ) {
        loop {
            let mut batch = Vec::new();
            while batch.len() < MOST_PER_BATCH
                && let Ok(waiting) = receiver.try_recv()
            {
                batch.push(waiting);
            }
            if batch.is_empty() {
                return;
            }
            self.write(database, &batch, attempts).await;
        }
    }

    async fn write(&self, database: &Database, batch: &[Waiting], attempts: u32) {
        for attempt in 1..=attempts {
            let written = async {
                let mut scope = database.platform().await?;
                scope.insert_audit_events_of_tenants(batch).await?;
                scope.commit().await
            };
            match written.await {
                Ok(()) => return,
                Err(error) if error.is_unavailable() && attempt < attempts => {
                    tokio::time::sleep(FLUSH_INTERVAL).await;
                }
                Err(error) => {
                    tracing::error!(%error, events = batch.len(), "audit events were lost");
                    let lost = u64::try_from(batch.len()).unwrap_or(u64::MAX);
                    self.metrics.audit_events_dropped.inc_by(lost);
                    return;
                }
            }
        }
    }
}
