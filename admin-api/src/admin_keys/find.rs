//! GET /admin/v1/admin-keys/{id}.

use protocol::AdminKeyId;

use crate::admin_keys::{self, AdminKeyOut};
use crate::api::Api;
use crate::operation::Found;
use crate::principal::PlatformRead;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Id;
use crate::tenant_names;

/// Show an admin key
///
/// The platform's or a tenant's, an ended one too; never the key itself.
#[utoipa::path(
    get,
    path = "/admin/v1/admin-keys/{id}",
    tag = "admin-keys",
    params(("id" = String, Path, description = "The key's id.")),
    responses((status = 200, description = "The key.", body = AdminKeyOut)),
)]
pub async fn find_admin_key(
    access: PlatformRead<AdminKeys>,
    api: Api,
    Id(admin_key_id): Id<AdminKeyId>,
) -> Result<Found<AdminKeyOut>, Problem> {
    let mut platform = access.read(&api).await?;
    let found = platform.find_admin_key_by_id(admin_key_id).await?;
    let key = found.ok_or_else(|| admin_keys::unknown(None))?;
    let slug = tenant_names::slug_of(&mut platform, key.tenant_id).await?;
    platform.end().await?;
    Ok(Found(AdminKeyOut::new(&key, slug.as_ref())))
}
