//! One piece of work for one tenant: a sweep, or a batch of a deleted tenant's rows.

use std::time::Duration;

use authority::Authority;
use store::{DueWork, DueWorkKind, StoreError, SweepReport, Tenant, TenantScope, TenantState};

/// How often a tenant is swept.
const SWEEP_INTERVAL: Duration = Duration::from_hours(6);
/// Rows of one kind that one transaction removes.
const BATCH: u32 = 500;
/// Before the next batch: others may have the database in between.
const PAUSE: Duration = Duration::from_secs(5);

pub async fn run(authority: &Authority, work: &DueWork) -> Result<(), StoreError> {
    let mut platform = authority.database().platform().await?;
    let Some(tenant) = platform.find_tenant(work.tenant_id).await? else {
        return platform.commit().await;
    };
    let mut scope = platform.into_tenant(&tenant).await?;
    if tenant.state() == TenantState::Deleted {
        remove_rows(authority, work.kind, &mut scope).await?;
    } else {
        sweep(authority, work.kind, &tenant, &mut scope).await?;
    }
    scope.commit().await
}

async fn sweep(
    authority: &Authority,
    kind: DueWorkKind,
    tenant: &Tenant,
    scope: &mut TenantScope,
) -> Result<(), StoreError> {
    if kind != DueWorkKind::Sweep {
        // Rows of a tenant that is not deleted: nothing to do.
        return scope.finish_due_work(kind).await;
    }
    let now = authority.now();
    let report = scope.sweep_expired(now, BATCH).await?;
    count(authority, &report);
    tracing::debug!(tenant = %tenant.slug(), ?report, "swept");
    let wait = if report.is_unfinished {
        PAUSE
    } else {
        SWEEP_INTERVAL
    };
    scope
        .insert_due_work(DueWorkKind::Sweep, now + wait, now)
        .await
}

fn count(authority: &Authority, report: &SweepReport) {
    for (kind, rows) in [
        ("authorization_codes", report.authorization_codes),
        ("browser_sessions", report.browser_sessions),
        ("grants", report.grants),
        ("clients", report.clients),
        ("client_assertion_ids", report.client_assertion_ids),
        ("initial_access_tokens", report.initial_access_tokens),
    ] {
        let swept = &authority.metrics().swept;
        swept.with_label_values(&[kind]).inc_by(rows);
    }
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
