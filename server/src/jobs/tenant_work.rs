//! One piece of work for one tenant: a sweep, one of its used DPoP proofs alone, a step of its signing keys, taking
//! erased people's data out of its audit, deleting one whose time of grace is over, or a batch of a deleted tenant's rows.

use std::time::Duration;

use authority::Authority;
use authority::audit::{Actor, AuditEvent, EventType};
use protocol::Timestamp;
use store::{DueWork, DueWorkKind, StoreError, SweepReport, Tenant, TenantScope, TenantState};

/// How often a tenant is swept.
const SWEEP_INTERVAL: Duration = Duration::from_hours(6);
/// Used DPoP proofs are over in minutes, and there may be one for each request: where there are any, they go
/// between the sweeps too.
const PROOFS_INTERVAL: Duration = Duration::from_mins(10);
/// Rows of one kind that one transaction removes.
const BATCH: u32 = 500;
/// Proofs come with every request of some clients, and a row of theirs is a few bytes.
const BATCH_OF_PROOFS: u32 = 10_000;
/// In one go: a tenant's proofs come faster than one batch a round.
const MOST_BATCHES_OF_PROOFS: u32 = 100;
/// Before the next batch: others may have the database in between.
const PAUSE: Duration = Duration::from_secs(5);

pub async fn run(authority: &Authority, work: &DueWork) -> Result<(), StoreError> {
    let mut platform = authority.database().platform().await?;
    let Some(tenant) = platform.find_tenant(work.tenant_id).await? else {
        return platform.commit().await;
    };
    if tenant.state() == TenantState::Deleted {
        let mut scope = platform.into_tenant(&tenant).await?;
        remove_rows(authority, work.kind, &mut scope).await?;
        return scope.commit().await;
    }
    platform.commit().await?;
    match work.kind {
        DueWorkKind::SigningKeys => {
            let until = authority.advance_signing_keys(&tenant).await?;
            tracing::debug!(tenant = %tenant.slug(), %until, "the signing keys are settled");
            Ok(())
        }
        DueWorkKind::Sweep => sweep(authority, &tenant).await,
        DueWorkKind::SweepDpopProofIds => sweep_proofs(authority, &tenant).await,
        DueWorkKind::AuditErasures => authority.erase_from_audit(&tenant).await,
        DueWorkKind::DeleteTenant => delete_tenant(authority, &tenant).await,
        // The tenant is not deleted, and what waits for others' hosts is claimed elsewhere: nothing to do.
        DueWorkKind::DeleteTenantRows
        | DueWorkKind::LogoutNotices
        | DueWorkKind::WebhookDeliveries => {
            let mut scope = authority.database().tenant(&tenant).await?;
            scope.finish_due_work(work.kind).await?;
            scope.commit().await
        }
    }
}

/// Each batch a transaction of its own.
async fn sweep(authority: &Authority, tenant: &Tenant) -> Result<(), StoreError> {
    let now = authority.now();
    // Before the clients: one whose last grant went may go too.
    let grants = sweep_grants(authority, tenant, now).await?;
    let mut scope = authority.database().tenant(tenant).await?;
    let report = scope.sweep_expired(now, BATCH).await?;
    for client in &report.clients {
        let event = AuditEvent::new(EventType::ClientDeleted, Actor::System, now)
            .at("client", &client.client_id)
            .detail("reason", "unused")
            .detail("origin", &client.origin);
        scope
            .insert_audit_event(&event.into_row(authority.random()))
            .await?;
    }
    let wait = if report.is_unfinished {
        PAUSE
    } else {
        SWEEP_INTERVAL
    };
    scope
        .insert_due_work(DueWorkKind::Sweep, now + wait, now)
        .await?;
    if scope.has_dpop_proof_ids().await? {
        scope
            .insert_due_work(DueWorkKind::SweepDpopProofIds, now, now)
            .await?;
    }
    scope.commit().await?;
    authority.reseal_webhook_secrets(tenant).await?;
    note(authority, tenant, grants, &report);
    Ok(())
}

/// Until a tenant has none; the sweep that finds some begins it again.
async fn sweep_proofs(authority: &Authority, tenant: &Tenant) -> Result<(), StoreError> {
    let now = authority.now();
    let kind = DueWorkKind::SweepDpopProofIds;
    let (mut removed, mut batches) = (0, 0);
    let is_unfinished = loop {
        let mut scope = authority.database().tenant(tenant).await?;
        let swept = scope.sweep_dpop_proof_ids(now, BATCH_OF_PROOFS).await?;
        scope.commit().await?;
        removed += swept;
        batches += 1;
        let is_full = swept >= u64::from(BATCH_OF_PROOFS);
        if !is_full || batches == MOST_BATCHES_OF_PROOFS {
            break is_full;
        }
    };
    let mut scope = authority.database().tenant(tenant).await?;
    if is_unfinished {
        scope.insert_due_work(kind, now + PAUSE, now).await?;
    } else if removed > 0 || scope.has_dpop_proof_ids().await? {
        scope
            .insert_due_work(kind, now + PROOFS_INTERVAL, now)
            .await?;
    } else {
        scope.finish_due_work(kind).await?;
    }
    scope.commit().await?;
    let counted = &authority.metrics().swept;
    counted
        .with_label_values(&["dpop_proof_ids"])
        .inc_by(removed);
    Ok(())
}

/// From the oldest to the last, window by window.
async fn sweep_grants(
    authority: &Authority,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (mut removed, mut after) = (0, None);
    loop {
        let mut scope = authority.database().tenant(tenant).await?;
        let swept = scope.sweep_grants(after, now, BATCH).await?;
        scope.commit().await?;
        removed += swept.removed;
        after = swept.next;
        if after.is_none() {
            return Ok(removed);
        }
    }
}

/// In the counters and, where anything went, in the log.
fn note(authority: &Authority, tenant: &Tenant, grants: u64, report: &SweepReport) {
    let clients = u64::try_from(report.clients.len()).unwrap_or(u64::MAX);
    let mut all = 0;
    for (kind, rows) in [
        ("authorization_codes", report.authorization_codes),
        ("browser_sessions", report.browser_sessions),
        ("grants", grants),
        ("clients", clients),
        ("client_assertion_ids", report.client_assertion_ids),
        ("idempotent_answers", report.idempotent_answers),
        ("initial_access_tokens", report.initial_access_tokens),
        ("device_authorizations", report.device_authorizations),
        ("logout_notices", report.logout_notices),
        ("ended_clients", report.ended_clients),
        ("ended_audiences", report.ended_audiences),
        ("decisions", report.decisions),
        ("webhook_deliveries", report.webhook_deliveries),
        ("webhooks", report.webhooks),
    ] {
        let swept = &authority.metrics().swept;
        swept.with_label_values(&[kind]).inc_by(rows);
        all += rows;
    }
    if all > 0 {
        tracing::info!(tenant = %tenant.slug(), rows = all, grants, clients, ?report, "swept");
    }
}

/// Whoever asked for it is in the event of that moment; this is the end of it.
async fn delete_tenant(authority: &Authority, tenant: &Tenant) -> Result<(), StoreError> {
    let now = authority.now();
    let mut platform = authority.database().platform().await?;
    let deleted = platform.delete_tenant_after_grace(tenant.id(), now).await?;
    if let Some(tenant) = &deleted {
        let event = AuditEvent::new(EventType::TenantDeleted, Actor::System, now)
            .at("tenant", tenant.id())
            .detail("slug", tenant.slug());
        platform
            .insert_platform_audit_event(Some(tenant), &event.into_row(authority.random()))
            .await?;
    }
    platform.commit().await?;
    if deleted.is_some() {
        let counted = &authority.metrics().tenant_deletions;
        counted.with_label_values(&["deleted"]).inc();
    }
    Ok(())
}

/// A tenant is deleted in batches, never by a cascade.
async fn remove_rows(
    authority: &Authority,
    kind: DueWorkKind,
    scope: &mut TenantScope,
) -> Result<(), StoreError> {
    if scope.delete_rows_of_deleted_tenant(BATCH).await? == 0 {
        return scope.finish_due_work(kind).await;
    }
    let now = authority.now();
    scope.insert_due_work(kind, now + PAUSE, now).await
}
