//! What is about no tenant: revocations that no longer matter, the audit partitions, and what is kept no longer.

use std::time::Duration;

use authority::Authority;
use authority::audit::{Actor, AuditEvent, EventType};
use protocol::Timestamp;
use store::{FirstKept, StoreError};

const BATCH: u32 = 5_000;
/// The partition of a month stands before the month begins.
const PARTITION_AHEAD: Duration = Duration::from_hours(7 * 24);
/// So long is a claim to a host shown that was not verified in time.
const ENDED_CLAIMS_KEPT: Duration = Duration::from_hours(7 * 24);

pub async fn run(
    authority: &Authority,
    now: Timestamp,
    audit_retention: Duration,
) -> Result<(), StoreError> {
    sweep_revocations(authority, now).await?;
    sweep_idempotent_answers(authority, now).await?;
    sweep_issuer_hosts(authority, now).await?;
    authority.measure_signing_keys().await?;
    let mut platform = authority.database().platform().await?;
    platform.ensure_audit_partition(now).await?;
    platform
        .ensure_audit_partition(now + PARTITION_AHEAD)
        .await?;
    platform.commit().await?;
    end_retention(authority, now, FirstKept::new(now, audit_retention)).await
}

/// Each batch a transaction of its own: short locks.
async fn sweep_revocations(authority: &Authority, now: Timestamp) -> Result<(), StoreError> {
    let mut removed = 0;
    loop {
        let mut platform = authority.database().platform().await?;
        let swept = platform.sweep_revocations(now, BATCH).await?;
        platform.commit().await?;
        removed += swept;
        if swept < u64::from(BATCH) {
            break;
        }
    }
    count(authority, "revocations", removed);
    Ok(())
}

async fn sweep_idempotent_answers(authority: &Authority, now: Timestamp) -> Result<(), StoreError> {
    let mut platform = authority.database().platform().await?;
    let swept = platform
        .sweep_platform_idempotent_answers(now, BATCH)
        .await?;
    platform.commit().await?;
    count(authority, "idempotent_answers", swept);
    Ok(())
}

async fn sweep_issuer_hosts(authority: &Authority, now: Timestamp) -> Result<(), StoreError> {
    let ended_before = now - ENDED_CLAIMS_KEPT;
    let mut platform = authority.database().platform().await?;
    let swept = platform.sweep_issuer_hosts(ended_before, BATCH).await?;
    platform.commit().await?;
    count(authority, "issuer_hosts", swept);
    Ok(())
}

/// Audit events and ended admin keys, which they name, of before `first_kept`. That history is gone is itself
/// recorded.
async fn end_retention(
    authority: &Authority,
    now: Timestamp,
    first_kept: FirstKept,
) -> Result<(), StoreError> {
    let mut platform = authority.database().platform().await?;
    let months = platform.drop_audit_partitions(first_kept).await?;
    if months > 0 {
        let event = AuditEvent::new(EventType::AuditEventsRemoved, Actor::System, now)
            .detail("before", first_kept.at())
            .detail("months", months);
        platform
            .insert_platform_audit_event(None, &event.into_row(authority.random()))
            .await?;
    }
    platform.commit().await?;
    count(
        authority,
        "audit_months",
        u64::try_from(months).unwrap_or(0),
    );
    let mut events = 0;
    loop {
        let mut platform = authority.database().platform().await?;
        let removed = platform.remove_audit_events(first_kept, BATCH).await?;
        platform.commit().await?;
        events += removed;
        if removed < u64::from(BATCH) {
            break;
        }
    }
    count(authority, "audit_events", events);
    let mut platform = authority.database().platform().await?;
    let keys = platform.sweep_admin_keys(first_kept.at(), BATCH).await?;
    platform.commit().await?;
    count(authority, "admin_keys", keys);
    Ok(())
}

fn count(authority: &Authority, kind: &'static str, rows: u64) {
    if rows > 0 {
        let swept = &authority.metrics().swept;
        swept.with_label_values(&[kind]).inc_by(rows);
        tracing::info!(kind, rows, "removed what is kept no longer");
    }
}
