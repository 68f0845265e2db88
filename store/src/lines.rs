//! Who waits in this process to change a tenant: one of them at a time waits with a connection.
//!
//! That no two change a tenant at once is PostgreSQL's to keep (`Database::tenant_in_line`); without this, those who
//! call for one tenant at once would hold every connection while they wait, and other tenants would have none.
//! Clients that change their own registrations wait among themselves first: however many there are, an administrator
//! has one of them before them at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use protocol::TenantId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Lines that nobody stands in are dropped when there are so many.
const KEPT_LINES: usize = 256;

type Line = Arc<Mutex<()>>;

#[derive(Debug, Default)]
pub(crate) struct Lines(StdMutex<HashMap<(TenantId, Waiting), Line>>);

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waiting {
    Administrator,
    /// Who changes its own registration (RFC 7592).
    Client,
}

/// It is one's turn until this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _among_all: OwnedMutexGuard<()>,
    _among_clients: Option<OwnedMutexGuard<()>>,
}

impl Lines {
    pub async fn wait(&self, tenant_id: TenantId, who: Waiting) -> Turn {
        let among_clients = match who {
            Waiting::Administrator => None,
            Waiting::Client => Some(self.find((tenant_id, who)).lock_owned().await),
        };
        let all = self.find((tenant_id, Waiting::Administrator));
        Turn {
            _among_all: all.lock_owned().await,
            _among_clients: among_clients,
        }
    }

    fn find(&self, line: (TenantId, Waiting)) -> Line {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= KEPT_LINES {
            // Under the lock that lines are handed out with: nobody is about to stand in one.
            lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        Arc::clone(lines.entry(line).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn a_line_that_somebody_stands_in_is_kept() {
        let lines = Lines::default();
        let turn = lines.wait(id(0), Waiting::Client).await;
        for number in 1..=1_000 {
            drop(lines.wait(id(number), Waiting::Administrator).await);
        }
        for line in [Waiting::Administrator, Waiting::Client] {
            assert!(lines.find((id(0), line)).try_lock_owned().is_err());
        }
        assert!(lines.0.lock().unwrap().len() <= KEPT_LINES + 2);
        drop(turn);
        for line in [Waiting::Administrator, Waiting::Client] {
            assert!(lines.find((id(0), line)).try_lock_owned().is_ok());
        }
    }

    #[tokio::test]
    async fn an_administrator_has_one_client_before_them_at_most() {
        let lines = Arc::new(Lines::default());
        let first = lines.wait(id(0), Waiting::Administrator).await;
        let done = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (lines, done) = (Arc::clone(&lines), Arc::clone(&done));
            clients.spawn(async move {
                drop(lines.wait(id(0), Waiting::Client).await);
                done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            });
        }
        tokio::task::yield_now().await;
        let administrator = lines.wait(id(0), Waiting::Administrator);
        let (turn, ()) = tokio::join!(administrator, async { drop(first) });
        assert!(done.load(std::sync::atomic::Ordering::Relaxed) <= 1);
        drop(turn);
        assert_eq!(clients.join_all().await.len(), 100);
    }
}
