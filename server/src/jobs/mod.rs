//! What happens without a request: sweeping what has expired, removing deleted tenants' rows in
//! batches, keeping next month's audit partition ready.
//!
//! Due work is found across tenants in one queue (`store::PlatformScope`); each piece is then done in
//! the scope of its tenant. It is claimed with `skip locked` under a lease, so every replica may run
//! this and a worker that dies leaves its work to another.
//!
//! To add a job: a kind in `store::DueWorkKind` and a file here with its function, or a step in
//! [`upkeep`] if it is about no tenant.

mod tenant_work;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use authority::Authority;
use protocol::Timestamp;
use store::{DueWorkKind, StoreError};
use tokio::sync::watch;

/// Pieces of work that one claim takes.
const CLAIMED_AT_ONCE: u32 = 32;
/// A piece takes well under a second; whoever has not finished by then is gone.
const LEASE: Duration = Duration::from_mins(5);
const UPKEEP_INTERVAL: Duration = Duration::from_hours(1);

/// Looks for due work again and again, until stopped.
pub async fn run(authority: Arc<Authority>, interval: Duration, mut stop: watch::Receiver<bool>) {
    let mut upkeep_due = authority.now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            _ = stop.wait_for(|is_stopped| *is_stopped) => return,
        }
        if let Err(error) = run_once(&authority, &mut upkeep_due).await {
            // It stays due; the next round claims it again.
            tracing::warn!(%error, "a round of jobs was cut short");
        }
    }
}

/// One round: everything that is due now.
async fn run_once(authority: &Authority, upkeep_due: &mut Timestamp) -> Result<(), StoreError> {
    let now = authority.now();
    if now >= *upkeep_due {
        upkeep::run(authority, now).await?;
        *upkeep_due = now + UPKEEP_INTERVAL;
    }
    for kind in [DueWorkKind::Sweep, DueWorkKind::DeleteTenantRows] {
        while claim_and_do(authority, kind).await? {}
    }
    Ok(())
}

/// Whether there may be more.
async fn claim_and_do(authority: &Authority, kind: DueWorkKind) -> Result<bool, StoreError> {
    let now = authority.now();
    let mut platform = authority.database().platform().await?;
    let works = platform
        .claim_due_work(kind, now, now + LEASE, CLAIMED_AT_ONCE)
        .await?;
    platform.commit().await?;
    for work in &works {
        if let Err(error) = tenant_work::run(authority, work).await {
            // One tenant's trouble is not the others'; the lease brings it back.
            tracing::warn!(%error, tenant_id = %work.tenant_id, kind = kind.as_str(), attempts = work.attempts, "a job failed");
        }
    }
    Ok(works.len() >= usize::try_from(CLAIMED_AT_ONCE).unwrap_or(usize::MAX))
}
