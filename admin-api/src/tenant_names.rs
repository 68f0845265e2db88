//! What the tenants of rows above tenants are called outside: their slugs.

use std::collections::HashMap;

use protocol::{Slug, TenantId};
use store::{PlatformScope, StoreError, Tenant};

/// The tenant that a row is about, in any state.
pub async fn of_row(
    platform: &mut PlatformScope,
    tenant_id: Option<TenantId>,
) -> Result<Option<Tenant>, StoreError> {
    match tenant_id {
        Some(tenant_id) => platform.find_tenant(tenant_id).await,
        None => Ok(None),
    }
}

pub async fn slug_of(
    platform: &mut PlatformScope,
    tenant_id: Option<TenantId>,
) -> Result<Option<Slug>, StoreError> {
    let tenant = of_row(platform, tenant_id).await?;
    Ok(tenant.map(|tenant| tenant.slug().clone()))
}

/// One look-up for each tenant on a page.
pub async fn slugs_of(
    platform: &mut PlatformScope,
    tenant_ids: impl IntoIterator<Item = TenantId>,
) -> Result<HashMap<TenantId, Slug>, StoreError> {
    let mut slugs = HashMap::new();
    for tenant_id in tenant_ids {
        if slugs.contains_key(&tenant_id) {
            continue;
        }
        if let Some(slug) = slug_of(platform, Some(tenant_id)).await? {
            slugs.insert(tenant_id, slug);
        }
    }
    Ok(slugs)
}
