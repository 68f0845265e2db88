//! Traces of decisions, written in batches.
//!
//! Of what is allowed only so much is kept per tenant and minute, as a sample; what is refused or narrowed always, up
//! to a bound that a runaway client meets and people do not. The queue is bounded too: what does not fit is dropped
//! and counted, and no request waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::clock::Timestamp;
use protocol::ids::TenantId;
use store::{Database, NewDecision, StoreError, Tenant};
use tokio::sync::{Notify, mpsc};
use tokio::time::interval;

use super::settled::Settlement;
use crate::metrics::Metrics;

const MOST_WAITING: usize = 10_000;
const MOST_PER_BATCH: usize = 500;
const FLUSH_INTERVAL: Duration = Duration::from_millis(500);
/// A batch that cannot be written is tried again this often before it is given up.
const ATTEMPTS: u32 = 10;

const MINUTE: Duration = Duration::from_mins(1);
/// Of one tenant, on one replica.
const MOST_ALLOWED_A_MINUTE: u32 = 20;
const MOST_REFUSED_A_MINUTE: u32 = 100;
/// Beyond this the counting begins anew.
const MOST_TENANTS: usize = 20_000;

type Waiting = (Tenant, NewDecision);

pub struct DecisionRecorder {
    sender: mpsc::Sender<Waiting>,
    receiver: Mutex<Option<mpsc::Receiver<Waiting>>>,
    minutes: Mutex<HashMap<TenantId, Minute>>,
    metrics: Arc<Metrics>,
    stop: Notify,
}

/// What was kept of one tenant since it began.
#[derive(Clone, Copy, Debug)]
struct Minute {
    began_at: Timestamp,
    allowed: u32,
    refused: u32,
}

impl Minute {
    const fn beginning(began_at: Timestamp) -> Self {
        Self {
            began_at,
            allowed: 0,
            refused: 0,
        }
    }

    /// Whether one more is kept.
    fn take(&mut self, settlement: Settlement, now: Timestamp) -> bool {
        if now.saturating_since(self.began_at) >= MINUTE || now < self.began_at {
            *self = Self::beginning(now);
        }
        let (count, most) = match settlement {
            Settlement::Allowed => (&mut self.allowed, MOST_ALLOWED_A_MINUTE),
            Settlement::Narrowed | Settlement::Denied | Settlement::StrongerSignIn => {
                (&mut self.refused, MOST_REFUSED_A_MINUTE)
            }
        };
        if *count >= most {
            return false;
        }
        *count += 1;
        true
    }
}

impl DecisionRecorder {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        let (sender, receiver) = mpsc::channel(MOST_WAITING);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            minutes: Mutex::new(HashMap::new()),
            metrics,
            stop: Notify::new(),
        }
    }

    /// Whether this one is kept; asked before its row is made.
    pub(super) fn wants(&self, tenant: &Tenant, settlement: Settlement, now: Timestamp) -> bool {
        let is_wanted = {
            let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
            if minutes.len() >= MOST_TENANTS && !minutes.contains_key(&tenant.id()) {
                minutes.clear();
            }
            let minute = minutes
                .entry(tenant.id())
                .or_insert_with(|| Minute::beginning(now));
            minute.take(settlement, now)
        };
        // That a sample leaves out most of what was allowed is no loss.
        if !is_wanted && settlement != Settlement::Allowed {
            self.count_lost("bound", 1);
        }
        is_wanted
    }

    /// Never waits.
    pub(super) fn record(&self, tenant: &Tenant, decision: NewDecision) {
        if self.sender.try_send((tenant.clone(), decision)).is_err() {
            self.count_lost("queue", 1);
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
        let Err(error) = self.try_write(database, batch, attempts).await else {
            return;
        };
        // One that cannot be written takes no other along.
        let one_by_one = batch.len() > 1 && !error.is_unavailable();
        let mut lost = if one_by_one { 0 } else { batch.len() };
        if one_by_one {
            for waiting in batch {
                let alone = self.try_write(database, std::slice::from_ref(waiting), 1);
                lost += usize::from(alone.await.is_err());
            }
        }
        tracing::error!(%error, decisions = lost, "decision traces were lost");
        self.count_lost("database", u64::try_from(lost).unwrap_or(u64::MAX));
    }

    async fn try_write(
        &self,
        database: &Database,
        batch: &[Waiting],
        attempts: u32,
    ) -> Result<(), StoreError> {
        let mut attempt = 1;
        loop {
            let written = async {
                let mut scope = database.platform().await?;
                scope.insert_decisions_of_tenants(batch).await?;
                scope.commit().await
            };
            match written.await {
                Err(error) if error.is_unavailable() && attempt < attempts => {
                    attempt += 1;
                    tokio::time::sleep(FLUSH_INTERVAL).await;
                }
                outcome => return outcome,
            }
        }
    }

    fn count_lost(&self, why: &str, lost: u64) {
        let dropped = &self.metrics.decision_traces_dropped;
        dropped.with_label_values(&[why]).inc_by(lost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_what_is_allowed_is_kept_and_nearly_all_that_is_refused() {
        let at = Timestamp::from_unix_seconds;
        let mut minute = Minute::beginning(at(0));
        let mut kept = |settlement, now, tries: u32| {
            let taken = (0..tries).filter(|_| minute.take(settlement, at(now)));
            u32::try_from(taken.count()).unwrap_or(u32::MAX)
        };
        assert_eq!(kept(Settlement::Allowed, 1, 1_000), MOST_ALLOWED_A_MINUTE);
        assert_eq!(kept(Settlement::Denied, 2, 10), 10);
        assert_eq!(
            kept(Settlement::Narrowed, 3, 1_000),
            MOST_REFUSED_A_MINUTE - 10
        );
        assert_eq!(kept(Settlement::Allowed, 61, 1_000), MOST_ALLOWED_A_MINUTE);
        // A clock that was set back does not stop it for as long.
        assert_eq!(kept(Settlement::Denied, 5, 10), 10);
    }
}
