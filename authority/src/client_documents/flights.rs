//! One piece of work for all who wait for the same thing.
//!
//! The work runs on its own: nobody who leaves takes it along, and if it dies, everybody who waits hears so.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::ids::TenantId;
use tokio::sync::watch;

/// Who waits listens here; none while nobody knows the answer.
type Answer<T> = watch::Receiver<Option<T>>;
type UnderWay<K, T> = HashMap<(TenantId, K), Answer<T>>;

/// Work under way, by tenant and `K`.
pub(super) struct Flights<K, T> {
    under_way: Mutex<UnderWay<K, T>>,
    most: usize,
    most_per_tenant: usize,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// The tenant, or everybody together, waits for enough already.
    Full,
    /// The work did not end well.
    Died,
}

impl<K, T> Flights<K, T>
where
    K: Hash + Eq + Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(super) fn new(most: usize, most_per_tenant: usize) -> Arc<Self> {
        Arc::new(Self {
            under_way: Mutex::new(HashMap::new()),
            most,
            most_per_tenant,
        })
    }

    /// The answer of the work that is under way, or of this one.
    pub(super) async fn join<F>(
        self: &Arc<Self>,
        tenant_id: TenantId,
        key: K,
        work: impl FnOnce() -> F,
    ) -> Result<T, NoAnswer>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut answer = self.board((tenant_id, key), work)?;
        match answer.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().ok_or(NoAnswer::Died),
            Err(_) => Err(NoAnswer::Died),
        }
    }

    fn board<F>(
        self: &Arc<Self>,
        key: (TenantId, K),
        work: impl FnOnce() -> F,
    ) -> Result<Answer<T>, NoAnswer>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut under_way = self.lock();
        if let Some(answer) = under_way.get(&key) {
            return Ok(answer.clone());
        }
        let of_tenant = under_way
            .keys()
            .filter(|(tenant_id, _)| *tenant_id == key.0);
        if under_way.len() >= self.most || of_tenant.count() >= self.most_per_tenant {
            return Err(NoAnswer::Full);
        }
        let (told, answer) = watch::channel(None);
        under_way.insert(key.clone(), answer.clone());
        let landing = Landing {
            flights: Arc::clone(self),
            key,
        };
        let work = work();
        tokio::spawn(async move {
            let answer = work.await;
            // First nobody can join any more, then those who did are told.
            drop(landing);
            let _ = told.send(Some(answer));
        });
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay<K, T>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the work off the list however it ends.
struct Landing<K: Hash + Eq, T> {
    flights: Arc<Flights<K, T>>,
    key: (TenantId, K),
}

impl<K: Hash + Eq, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        self.flights
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(number))
    }

    /// Row K10.
    #[tokio::test]
    async fn many_who_ask_at_once_cause_one_piece_of_work() {
        let flights: Arc<Flights<&str, u32>> = Flights::new(10, 10);
        let (count, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
        let asking: Vec<_> = (0..20)
            .map(|_| {
                let flights = Arc::clone(&flights);
                let (count, gate) = (Arc::clone(&count), Arc::clone(&gate));
                tokio::spawn(async move {
                    let work = || async move {
                        let _open = gate.acquire().await;
                        count.fetch_add(1, Ordering::SeqCst) + 1
                    };
                    flights.join(tenant(1), "a", work).await
                })
            })
            .collect();
        tokio::task::yield_now().await;
        // Whoever began it goes away; the work does not.
        asking[0].abort();
        gate.add_permits(1);
        for one in asking.into_iter().skip(1) {
            assert_eq!(one.await.unwrap(), Ok(1));
        }
        let next = flights.join(tenant(1), "a", || async { 2 }).await;
        assert_eq!(next, Ok(2), "an answer is not kept here");
    }

    #[tokio::test]
    async fn work_that_dies_wakes_everybody_and_blocks_nobody() {
        let flights: Arc<Flights<&str, u32>> = Flights::new(10, 10);
        let dying = || async { panic!("the test's own") };
        assert_eq!(
            flights.join(tenant(1), "a", dying).await,
            Err(NoAnswer::Died)
        );
        assert_eq!(flights.join(tenant(1), "a", || async { 3 }).await, Ok(3));
    }

    #[tokio::test]
    async fn a_tenant_can_only_wait_for_so_much() {
        let flights: Arc<Flights<u32, u32>> = Flights::new(3, 2);
        let endless = std::future::pending::<u32>;
        for key in 0..2 {
            assert!(flights.board((tenant(1), key), endless).is_ok());
        }
        assert_eq!(
            flights.board((tenant(1), 2), endless).err(),
            Some(NoAnswer::Full)
        );
        assert!(flights.board((tenant(2), 0), endless).is_ok());
        assert_eq!(
            flights.board((tenant(3), 0), endless).err(),
            Some(NoAnswer::Full)
        );
        assert!(flights.board((tenant(1), 0), endless).is_ok(), "joins");
    }
}
