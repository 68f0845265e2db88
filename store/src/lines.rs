//! Who waits in this process to change a tenant: one of them at a time waits with a connection.
//!
//! That no two change a tenant at once is PostgreSQL's to keep (`Database::tenant_in_line`); without this, those who
//! call for one tenant at once would hold every connection while they wait, and other tenants would have none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use protocol::TenantId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Lines that nobody stands in are dropped when there are so many.
const KEPT_LINES: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Lines(StdMutex<HashMap<TenantId, Arc<Mutex<()>>>>);

/// It is one's turn until this is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Lines {
    pub async fn wait(&self, tenant_id: TenantId) -> Turn {
        let line = self.find(tenant_id);
        line.lock_owned().await
    }

    fn find(&self, tenant_id: TenantId) -> Arc<Mutex<()>> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= KEPT_LINES {
            // Under the lock that lines are handed out with: nobody is about to stand in one.
            lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        Arc::clone(lines.entry(tenant_id).or_default())
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
        let turn = lines.wait(id(0)).await;
        for number in 1..=1_000 {
            lines.wait(id(number)).await;
        }
        assert!(lines.find(id(0)).try_lock_owned().is_err());
        assert!(lines.0.lock().unwrap().len() <= KEPT_LINES + 1);
        drop(turn);
        assert!(lines.find(id(0)).try_lock_owned().is_ok());
    }
}
