//! RSA key pairs made ahead of time, so that creating a tenant or rotating a key computes none.
//!
//! They are in memory only, belong to nobody, and are sealed for the tenant that takes one. One is made at
//! a time with a pause between: whoever serves requests has the processor first.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crypto::{SigningKeyError, SpareRsaKey};
use tokio::sync::Notify;

use crate::metrics::Metrics;

/// After each pair, several times as long as it took.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) struct SpareKeys {
    wanted: usize,
    ready: Mutex<Vec<SpareRsaKey>>,
    taken: Notify,
    metrics: Arc<Metrics>,
}

impl SpareKeys {
    pub(crate) fn new(wanted: usize, metrics: Arc<Metrics>) -> Self {
        Self {
            wanted,
            ready: Mutex::new(Vec::with_capacity(wanted)),
            taken: Notify::new(),
            metrics,
        }
    }

    /// One that is ready; `None` when somebody was faster, or none are kept.
    pub(crate) fn take(&self) -> Option<SpareRsaKey> {
        let taken = {
            let mut ready = self.ready();
            let taken = ready.pop();
            self.show(ready.len());
            taken
        };
        self.taken.notify_one();
        taken
    }

    /// Keeps as many ready as are wanted, for as long as the process lives.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            while self.ready().len() < self.wanted {
                if let Err(error) = self.make_one().await {
                    tracing::error!(%error, "no key pair could be made ahead of time");
                }
                tokio::time::sleep(PAUSE).await;
            }
            self.taken.notified().await;
        }
    }

    async fn make_one(&self) -> Result<(), SigningKeyError> {
        let made = tokio::task::spawn_blocking(SpareRsaKey::generate).await;
        let made = made.map_err(|_| SigningKeyError::Generation)??;
        self.count("ahead");
        let mut ready = self.ready();
        ready.push(made);
        self.show(ready.len());
        Ok(())
    }

    /// `when`: ahead, needed.
    pub(crate) fn count(&self, when: &'static str) {
        self.metrics.rsa_keys_made.with_label_values(&[when]).inc();
    }

    fn show(&self, ready: usize) {
        let ready = i64::try_from(ready).unwrap_or(i64::MAX);
        self.metrics.spare_rsa_keys.set(ready);
    }

    fn ready(&self) -> std::sync::MutexGuard<'_, Vec<SpareRsaKey>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spare_keys(wanted: usize) -> Arc<SpareKeys> {
        Arc::new(SpareKeys::new(wanted, Arc::new(Metrics::new().unwrap())))
    }

    async fn filled(spare: &SpareKeys, wanted: usize) {
        while spare.ready().len() < wanted {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_is_taken_is_made_again() {
        let spare = spare_keys(1);
        let run = tokio::spawn(Arc::clone(&spare).run());
        for _ in 0..2 {
            filled(&spare, 1).await;
            assert_eq!(spare.metrics.spare_rsa_keys.get(), 1);
            assert!(spare.take().is_some());
            assert_eq!(spare.metrics.spare_rsa_keys.get(), 0);
            assert!(spare.take().is_none());
        }
        filled(&spare, 1).await;
        run.abort();
        let made = spare.metrics.rsa_keys_made.with_label_values(&["ahead"]);
        assert_eq!(made.get(), 3);
    }

    #[tokio::test]
    async fn none_are_kept_where_none_are_wanted() {
        let spare = spare_keys(0);
        let run = tokio::spawn(Arc::clone(&spare).run());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        run.abort();
        assert!(spare.take().is_none());
        let made = spare.metrics.rsa_keys_made.with_label_values(&["ahead"]);
        assert_eq!(made.get(), 0);
    }
}
