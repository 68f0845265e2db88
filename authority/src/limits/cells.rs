//! Counting in process: one GCRA limiter per kind of limit, with a bound on its memory.
//!
//! A table that forgets under pressure would let an attacker flush the count against an account
//! by naming many others. So nothing is evicted: when the table is full, idle keys are swept, and
//! keys that still find no room share a small set of overflow cells.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::{DashMapStateStore, ShrinkableKeyedStateStore};
use governor::{Quota as GovernorQuota, RateLimiter};
use protocol::clock::Clock;

use super::Quota;

/// Keys beyond this many share overflow cells.
const MOST_KEYS: usize = 65_536;
const OVERFLOW_CELLS: u64 = 1_024;
/// A full table is swept at most this often, so that an attack does not buy a scan per request.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

type Cells = RateLimiter<u64, BoundedStore, LimitClock, StateInformationMiddleware>;

/// Governor's table, which takes no new key when it is full.
#[derive(Default)]
struct BoundedStore(DashMapStateStore<u64>);

impl StateStore for BoundedStore {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let has_room = self.0.len() < MOST_KEYS || self.0.contains_key(key);
        let cell = if has_room { *key } else { key % OVERFLOW_CELLS };
        self.0.measure_and_replace(&cell, decide)
    }
}

impl ShrinkableKeyedStateStore<u64> for BoundedStore {
    fn retain_recent(&self, drop_below: Nanos) {
        ShrinkableKeyedStateStore::retain_recent(&self.0, drop_below);
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Governor's view of our clock: time since the epoch, so that a test's clock moves limits too.
#[derive(Clone)]
pub(super) struct LimitClock(pub(super) Arc<dyn Clock>);

impl GovernorClock for LimitClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.now().unix_micros()).unwrap_or(0))
    }
}

/// The limiter of one kind.
pub(super) struct KeyedCells {
    cells: Cells,
    clock: LimitClock,
    hash: RandomState,
    swept_at_seconds: AtomicU64,
}

impl KeyedCells {
    pub(super) fn new(quota: Quota, clock: LimitClock) -> Self {
        let counting: RateLimiter<u64, BoundedStore, LimitClock, NoOpMiddleware<Duration>> =
            RateLimiter::new(
                governor_quota(quota),
                BoundedStore::default(),
                clock.clone(),
            );
        Self {
            cells: counting.with_middleware::<StateInformationMiddleware>(),
            clock,
            hash: RandomState::new(),
            swept_at_seconds: AtomicU64::new(0),
        }
    }

    /// Takes one from the key's allowance and says how many are left, or how long to wait.
    pub(super) fn take(&self, key: &[u8]) -> Result<u32, Duration> {
        if self.cells.len() >= MOST_KEYS {
            self.sweep_if_due();
        }
        let cell = self.hash.hash_one(key);
        self.cells
            .check_key(&cell)
            .map(|state| state.remaining_burst_capacity())
            .map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    fn sweep_if_due(&self) {
        let now = self.clock.now().as_secs();
        let last = self.swept_at_seconds.load(Ordering::Relaxed);
        let is_due = now.saturating_sub(last) >= SWEEP_INTERVAL.as_secs();
        let is_ours = is_due
            && self
                .swept_at_seconds
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_ours {
            self.cells.retain_recent();
        }
    }
}

fn governor_quota(quota: Quota) -> GovernorQuota {
    // `Quota::new` of ours leaves no period that governor would refuse.
    GovernorQuota::with_period(quota.period / quota.burst.get())
        .unwrap_or(GovernorQuota::per_second(NonZeroU32::MIN))
        .allow_burst(quota.burst)
}
