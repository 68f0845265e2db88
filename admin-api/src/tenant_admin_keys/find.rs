//! GET …/tenants/{tenant}/admin-keys/{id}.

use protocol::AdminKeyId;

use crate::admin_keys::{self, AdminKeyOut};
use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Id;

/// Show an admin key of a tenant
///
/// An ended one too; never the key itself.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/admin-keys/{id}",
    tag = "admin-keys",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The key's id."),
    ),
    responses((status = 200, description = "The key.", body = AdminKeyOut)),
)]
pub async fn find_tenant_admin_key(
    access: TenantRead<AdminKeys>,
    api: Api,
    Id(admin_key_id): Id<AdminKeyId>,
) -> Result<Found<AdminKeyOut>, Problem> {
    let slug = Some(access.tenant.slug());
    let mut scope = access.read(&api).await?;
    let found = scope.find_admin_key_by_id(admin_key_id).await?;
    scope.end().await?;
    let key = found.ok_or_else(|| admin_keys::unknown(slug))?;
    Ok(Found(AdminKeyOut::new(&key, slug)))
}
