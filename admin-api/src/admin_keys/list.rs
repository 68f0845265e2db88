//! GET /admin/v1/admin-keys.

use std::collections::HashMap;

use protocol::{AdminKeyId, Slug, TenantId};
use store::{AdminKey, PlatformScope, StoreError};

use crate::admin_keys::AdminKeyOut;
use crate::api::Api;
use crate::operation::Found;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::PlatformRead;
use crate::problem::Problem;
use crate::request::QueryString;

/// List admin keys
///
/// In the order in which they were made, expired and revoked ones too. The bootstrap key of the
/// configuration is not among them.
#[utoipa::path(
    get,
    path = "/admin/v1/admin-keys",
    tag = "admin-keys",
    params(PageQuery),
    responses((status = 200, description = "A page of keys.", body = Page<AdminKeyOut>)),
)]
pub async fn list_admin_keys(
    _: PlatformRead,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Found<Page<AdminKeyOut>>, Problem> {
    let list = ListOf {
        operation: "list_admin_keys",
        tenant: None,
        filter: "",
    };
    let wanted = query.read::<AdminKeyId>(&api, list)?;
    let mut platform = api.database().platform().await?;
    let rows = platform
        .list_admin_keys(wanted.after, wanted.rows_to_read())
        .await?;
    let slugs = slugs_of(&mut platform, &rows).await?;
    platform.commit().await?;
    let show = |key: AdminKey| {
        let slug = key.tenant_id.and_then(|tenant_id| slugs.get(&tenant_id));
        AdminKeyOut::new(&key, slug)
    };
    wanted
        .page(&api, list, rows, |key| key.admin_key_id, show)
        .map(Found)
}

/// One look-up for each tenant on the page.
async fn slugs_of(
    platform: &mut PlatformScope,
    keys: &[AdminKey],
) -> Result<HashMap<TenantId, Slug>, StoreError> {
    let mut slugs = HashMap::new();
    for tenant_id in keys.iter().filter_map(|key| key.tenant_id) {
        if slugs.contains_key(&tenant_id) {
            continue;
        }
        if let Some(tenant) = platform.find_tenant(tenant_id).await? {
            slugs.insert(tenant_id, tenant.slug().clone());
        }
    }
    Ok(slugs)
}
