//! DELETE /admin/v1/admin-keys/{id}.

use authority::audit::EventType;
use protocol::AdminKeyId;
use store::Tenant;

use crate::admin_keys::{self, AdminKeyOut};
use crate::api::Api;
use crate::operation::{Committed, Done};
use crate::principal::PlatformWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Id;
use crate::tenant_names;

/// Revoke an admin key
///
/// The next call with it is refused, on every replica. The key stays in the list.
#[utoipa::path(
    delete,
    path = "/admin/v1/admin-keys/{id}",
    tag = "admin-keys",
    params(("id" = String, Path, description = "The key's id.")),
    responses((status = 204, description = "Revoked.")),
)]
pub async fn revoke_admin_key(
    access: PlatformWrite<AdminKeys>,
    api: Api,
    Id(admin_key_id): Id<AdminKeyId>,
) -> Result<Committed<Done>, Problem> {
    let unknown = || admin_keys::unknown(None);
    let mut platform = access.open(&api).await?;
    let found = platform.find_admin_key_for_update(admin_key_id).await?;
    let key = found.ok_or_else(unknown)?;
    if !platform.revoke_admin_key(admin_key_id, api.now()).await? {
        return Err(unknown());
    }
    let tenant = tenant_names::of_row(&mut platform, key.tenant_id).await?;
    let before = AdminKeyOut::new(&key, tenant.as_ref().map(Tenant::slug));
    let recorded = platform
        .record_about(
            tenant.as_ref(),
            EventType::AdminKeyRevoked,
            admin_keys::target(&key),
            admin_keys::revocation(&before),
        )
        .await?;
    recorded.commit(Done).await
}
