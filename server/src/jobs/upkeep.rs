//! What is about no tenant: revocations that no longer matter, and the audit partitions.

use std::time::Duration;

use authority::Authority;
use protocol::Timestamp;
use store::StoreError;

const BATCH: u32 = 5_000;
/// The partition of a month stands before the month begins.
const PARTITION_AHEAD: Duration = Duration::from_hours(7 * 24);

pub async fn run(authority: &Authority, now: Timestamp) -> Result<(), StoreError> {
    sweep_revocations(authority, now).await?;
    let mut platform = authority.database().platform().await?;
    platform.ensure_audit_partition(now).await?;
    platform
        .ensure_audit_partition(now + PARTITION_AHEAD)
        .await?;
    platform.commit().await
}

/// Each batch a transaction of its own: short locks.
async fn sweep_revocations(authority: &Authority, now: Timestamp) -> Result<(), StoreError> {
    loop {
        let mut platform = authority.database().platform().await?;
        let swept = platform.sweep_revocations(now, BATCH).await?;
        platform.commit().await?;
        if swept < u64::from(BATCH) {
            return Ok(());
        }
    }
}
