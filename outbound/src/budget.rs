//! How much may be asked of one host, of one address and of this process. Row K6's companion:
//! nobody can use Writ to press on somebody else's server.
//!
//! Memory is bounded by construction: a table of counters of fixed size, chosen by a keyed hash.
//! Two hosts that share a counter share its budget, which costs a fetch now and then and cannot be
//! aimed, because nobody outside knows the key.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What one host may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// At the same time.
    pub concurrent: u32,
    /// Begun within a minute.
    pub per_minute: u32,
}

const COUNTERS: usize = 4_096;
const WINDOW: Duration = Duration::from_mins(1);

pub(crate) struct Budgets {
    budget: Budget,
    key: RandomState,
    counters: Box<[Mutex<Counter>]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    running: u32,
    begun: u32,
    window_began: Duration,
}

/// Room for one fetch; given back when dropped.
pub(crate) struct Place {
    budgets: Arc<Budgets>,
    index: usize,
}

impl Budgets {
    pub fn new(budget: Budget) -> Arc<Self> {
        Arc::new(Self {
            budget,
            key: RandomState::new(),
            counters: (0..COUNTERS).map(|_| Mutex::default()).collect(),
        })
    }

    /// `now` counts from any fixed moment. `None` when the budget is spent.
    pub fn admit(self: &Arc<Self>, subject: impl Hash, now: Duration) -> Option<Place> {
        let hash = self.key.hash_one(subject);
        let index = usize::try_from(hash % COUNTERS as u64).unwrap_or_default();
        let mut counter = self.counter(index)?;
        if now.saturating_sub(counter.window_began) >= WINDOW {
            counter.window_began = now;
            counter.begun = 0;
        }
        if counter.running >= self.budget.concurrent || counter.begun >= self.budget.per_minute {
            return None;
        }
        counter.running += 1;
        counter.begun += 1;
        Some(Place {
            budgets: Arc::clone(self),
            index,
        })
    }

    fn counter(&self, index: usize) -> Option<MutexGuard<'_, Counter>> {
        let counter = self.counters.get(index)?;
        Some(counter.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut counter) = self.budgets.counter(self.index) {
            counter.running = counter.running.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budgets(concurrent: u32, per_minute: u32) -> Arc<Budgets> {
        Budgets::new(Budget {
            concurrent,
            per_minute,
        })
    }

    #[test]
    fn places_come_back_when_they_are_dropped() {
        let budgets = budgets(2, 100);
        let first = budgets.admit("a.example", Duration::ZERO);
        let second = budgets.admit("a.example", Duration::ZERO);
        assert!(first.is_some() && second.is_some());
        assert!(budgets.admit("a.example", Duration::ZERO).is_none());
        drop(first);
        assert!(budgets.admit("a.example", Duration::ZERO).is_some());
    }

    #[test]
    fn a_minute_has_its_number_and_the_next_begins_anew() {
        let budgets = budgets(10, 3);
        let mut now = Duration::from_secs(1_000);
        for _ in 0..3 {
            assert!(budgets.admit("a.example", now).is_some());
            now += Duration::from_secs(10);
        }
        assert!(budgets.admit("a.example", now).is_none());
        assert!(
            budgets
                .admit("a.example", now + Duration::from_secs(30))
                .is_some()
        );
    }

    #[test]
    fn any_number_of_hosts_takes_the_same_memory() {
        let budgets = budgets(1, 1_000_000);
        for host in 0..100_000_u32 {
            drop(budgets.admit(host, Duration::ZERO));
        }
        assert_eq!(budgets.counters.len(), COUNTERS);
        let running: u32 = (0..COUNTERS)
            .map(|index| budgets.counter(index).unwrap().running)
            .sum();
        assert_eq!(running, 0);
    }
}
