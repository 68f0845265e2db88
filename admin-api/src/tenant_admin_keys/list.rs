//! GET …/tenants/{tenant}/admin-keys.

use protocol::AdminKeyId;
use store::AdminKey;

use crate::admin_keys::AdminKeyOut;
use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::QueryString;

/// List the admin keys of a tenant
///
/// In the order in which they were made, expired and revoked ones too. Keys of the platform, which may manage this
/// tenant as well, are not among them.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/admin-keys",
    tag = "admin-keys",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of keys.", body = Page<AdminKeyOut>)),
)]
pub async fn list_tenant_admin_keys(
    access: TenantRead<AdminKeys>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<AdminKeyOut>, Problem> {
    let list = ListOf {
        operation: "list_tenant_admin_keys",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<AdminKeyId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = scope
        .list_admin_keys(wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    let show = |key: AdminKey| AdminKeyOut::new(&key, Some(access.tenant.slug()));
    wanted
        .page(&api, list, rows, |key| key.admin_key_id, show)
        .map(Listed)
}
