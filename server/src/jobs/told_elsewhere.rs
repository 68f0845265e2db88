//! Other hosts that are due to be told of something, tenant by tenant and several tenants at once: one that does not
//! answer keeps no other waiting. Each kind has a loop of its own.
//!
//! Not here: what is told, how often, and who is given up (`authority::webhooks`, `authority::logout`).

use std::time::Duration;

use authority::Authority;
use futures_util::future::join_all;
use store::{DueWork, DueWorkKind, StoreError, Tenant, TenantState};

/// Tenants that are worked for at the same time.
const TENANTS_AT_ONCE: u32 = 8;

/// One kind of what is told.
pub struct Telling {
    pub kind: DueWorkKind,
    /// Longer than one tenant takes.
    pub lease: Duration,
    /// For the log, when it fails.
    pub failure: &'static str,
}

/// Works for every tenant that is due, with `deliver`.
pub async fn run(
    authority: &Authority,
    telling: &Telling,
    deliver: impl AsyncFn(&Authority, &Tenant) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    loop {
        let now = authority.now();
        let mut platform = authority.database().platform().await?;
        let works = platform
            .claim_due_work(telling.kind, now, now + telling.lease, TENANTS_AT_ONCE)
            .await?;
        platform.commit().await?;
        let told = works.iter().map(async |work| {
            if let Err(error) = tell(authority, work, &deliver).await {
                // The lease brings it back.
                tracing::warn!(%error, tenant_id = %work.tenant_id, "{}", telling.failure);
            }
        });
        join_all(told).await;
        if works.len() < usize::try_from(TENANTS_AT_ONCE).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}

async fn tell(
    authority: &Authority,
    work: &DueWork,
    deliver: &impl AsyncFn(&Authority, &Tenant) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut platform = authority.database().platform().await?;
    let found = platform.find_tenant(work.tenant_id).await?;
    let Some(tenant) = found else {
        return platform.commit().await;
    };
    if tenant.state() == TenantState::Deleted {
        let mut scope = platform.into_tenant(&tenant).await?;
        scope.finish_due_work(work.kind).await?;
        return scope.commit().await;
    }
    platform.commit().await?;
    if tenant.state() == TenantState::Deleting {
        // It may come back: what is due waits, and the lease brings it up again.
        return Ok(());
    }
    deliver(authority, &tenant).await
}
