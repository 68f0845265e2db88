//! A Redis that is slow or gone is left alone for a moment, so that requests do not queue behind it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long nobody asks after a failure.
const OPEN_FOR: Duration = Duration::from_secs(1);

/// Open after a failure, closed again by time: the next request then tries.
pub(super) struct Circuit {
    origin: Instant,
    /// Milliseconds from `origin` until which nobody asks.
    open_until: AtomicU64,
}

impl Circuit {
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
            open_until: AtomicU64::new(0),
        }
    }

    pub fn is_open(&self) -> bool {
        self.elapsed() < self.open_until.load(Ordering::Relaxed)
    }

    pub fn open(&self) {
        let open_for = u64::try_from(OPEN_FOR.as_millis()).unwrap_or(u64::MAX);
        self.open_until
            .store(self.elapsed().saturating_add(open_for), Ordering::Relaxed);
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failure_keeps_everybody_away_for_a_second() {
        let circuit = Circuit::new();
        assert!(!circuit.is_open());
        circuit.open();
        assert!(circuit.is_open());
        tokio::time::advance(Duration::from_millis(999)).await;
        assert!(circuit.is_open());
        tokio::time::advance(Duration::from_millis(2)).await;
        assert!(!circuit.is_open());
    }
}
