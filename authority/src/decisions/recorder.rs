//! Traces of decisions, written in batches.
//!
//! Of what is allowed only so much is kept per tenant and minute, as a sample; what is refused or narrowed always, up
//! to a bound that a runaway client meets and people do not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::clock::Timestamp;
use protocol::ids::TenantId;
use store::{Database, NewDecision, StoreError, Tenant};

use super::settled::Settlement;
use crate::batches::{BatchWriter, Batches};
use crate::metrics::Metrics;

const MOST_WAITING: usize = 10_000;

const MINUTE: Duration = Duration::from_mins(1);
/// Of one tenant, on one replica.
const MOST_ALLOWED_A_MINUTE: u32 = 20;
const MOST_REFUSED_A_MINUTE: u32 = 100;
const MOST_RULED_A_MINUTE: u32 = 100;
/// Beyond this the counting begins anew.
const MOST_TENANTS: usize = 20_000;

type Waiting = (Tenant, NewDecision);

pub struct DecisionRecorder {
    batches: Batches<Waiting>,
    minutes: Mutex<HashMap<TenantId, Minute>>,
    metrics: Arc<Metrics>,
}

struct Writer<'a> {
    database: Database,
    recorder: &'a DecisionRecorder,
}

/// What was kept of one tenant since it began.
#[derive(Clone, Copy, Debug)]
struct Minute {
    began_at: Timestamp,
    allowed: u32,
    refused: u32,
    ruled: u32,
}

/// What is bounded by itself, so that none of it takes another's room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    Allowed,
    /// By policies, or narrowed.
    Refused,
    /// By the rules of OAuth.
    Ruled,
}

impl From<Settlement> for Share {
    fn from(settlement: Settlement) -> Self {
        match settlement {
            Settlement::Allowed => Self::Allowed,
            Settlement::Narrowed | Settlement::Denied | Settlement::StrongerSignIn => Self::Refused,
        }
    }
}

impl Minute {
    const fn beginning(began_at: Timestamp) -> Self {
        Self {
            began_at,
            allowed: 0,
            refused: 0,
            ruled: 0,
        }
    }

    /// Whether one more is kept.
    fn take(&mut self, share: Share, now: Timestamp) -> bool {
        if now.saturating_since(self.began_at) >= MINUTE || now < self.began_at {
            *self = Self::beginning(now);
        }
        let (count, most) = match share {
            Share::Allowed => (&mut self.allowed, MOST_ALLOWED_A_MINUTE),
            Share::Refused => (&mut self.refused, MOST_REFUSED_A_MINUTE),
            Share::Ruled => (&mut self.ruled, MOST_RULED_A_MINUTE),
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
        Self {
            batches: Batches::new(MOST_WAITING),
            minutes: Mutex::new(HashMap::new()),
            metrics,
        }
    }

    /// Whether this one is kept; asked before its row is made.
    pub(super) fn wants(&self, tenant: &Tenant, share: Share, now: Timestamp) -> bool {
        let is_wanted = {
            let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
            if minutes.len() >= MOST_TENANTS && !minutes.contains_key(&tenant.id()) {
                minutes.clear();
            }
            let minute = minutes
                .entry(tenant.id())
                .or_insert_with(|| Minute::beginning(now));
            minute.take(share, now)
        };
        // That a sample leaves out most of what was allowed is no loss.
        if !is_wanted && share != Share::Allowed {
            self.count_lost("bound", 1);
        }
        is_wanted
    }

    /// Never waits.
    pub(super) fn record(&self, tenant: &Tenant, decision: NewDecision) {
        if !self.batches.put((tenant.clone(), decision)) {
            self.count_lost("queue", 1);
        }
    }

    /// Writes batches until stopped, then what is left.
    pub(crate) async fn run(&self, database: Database) {
        let recorder = self;
        self.batches.run(&Writer { database, recorder }).await;
    }

    pub(crate) fn stop(&self) {
        self.batches.stop();
    }

    fn count_lost(&self, why: &str, lost: u64) {
        let dropped = &self.metrics.decision_traces_dropped;
        dropped.with_label_values(&[why]).inc_by(lost);
    }
}

impl BatchWriter<Waiting> for Writer<'_> {
    async fn write(&self, rows: &[Waiting]) -> Result<(), StoreError> {
        let mut scope = self.database.platform().await?;
        scope.insert_decisions_of_tenants(rows).await?;
        scope.commit().await
    }

    fn lose(&self, rows: usize, error: &StoreError) {
        tracing::error!(%error, decisions = rows, "decision traces were lost");
        let lost = u64::try_from(rows).unwrap_or(u64::MAX);
        self.recorder.count_lost("database", lost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_what_is_allowed_is_kept_and_nearly_all_that_is_refused() {
        let at = Timestamp::from_unix_seconds;
        let mut minute = Minute::beginning(at(0));
        let mut kept = |settlement: Settlement, now, tries: u32| {
            let taken = (0..tries).filter(|_| minute.take(settlement.into(), at(now)));
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
