//! Webhooks that are due to be told of what happened, tenant by tenant. A loop of its own, and several tenants at
//! once: a webhook that does not answer keeps no other work waiting.
//!
//! Not here: what one is told, and when it is paused (`authority::webhooks`).

use std::time::Duration;

use authority::Authority;
use futures_util::future::join_all;
use store::{DueWork, DueWorkKind, StoreError, TenantState};

/// Whoever automates something waits for this.
pub const INTERVAL: Duration = Duration::from_secs(2);
/// Tenants whose webhooks are told at the same time.
const TENANTS_AT_ONCE: u32 = 8;
/// Each takes half a minute at most.
const LEASE: Duration = Duration::from_mins(3);

pub async fn run(authority: &Authority) -> Result<(), StoreError> {
    loop {
        let now = authority.now();
        let mut platform = authority.database().platform().await?;
        let kind = DueWorkKind::WebhookDeliveries;
        let works = platform
            .claim_due_work(kind, now, now + LEASE, TENANTS_AT_ONCE)
            .await?;
        platform.commit().await?;
        let told = works.iter().map(|work| async move {
            if let Err(error) = tell(authority, work).await {
                // The lease brings it back.
                tracing::warn!(%error, tenant_id = %work.tenant_id, "no webhook could be told of anything");
            }
        });
        join_all(told).await;
        if works.len() < usize::try_from(TENANTS_AT_ONCE).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}

async fn tell(authority: &Authority, work: &DueWork) -> Result<(), StoreError> {
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
    authority.deliver_webhooks(&tenant).await
}
