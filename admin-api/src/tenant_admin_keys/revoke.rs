//! DELETE …/tenants/{tenant}/admin-keys/{id}.

use authority::audit::EventType;
use protocol::AdminKeyId;

use crate::admin_keys::{self, AdminKeyOut};
use crate::api::Api;
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Id;

/// Revoke an admin key of a tenant
///
/// The next call with it is refused, on every replica. The key stays in the list.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/admin-keys/{id}",
    tag = "admin-keys",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The key's id."),
    ),
    responses((status = 204, description = "Revoked.")),
)]
pub async fn revoke_tenant_admin_key(
    access: TenantWrite<AdminKeys>,
    api: Api,
    Id(admin_key_id): Id<AdminKeyId>,
) -> Result<Committed<Done>, Problem> {
    let slug = Some(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let found = scope.find_admin_key_for_update(admin_key_id).await?;
    let key = found.ok_or_else(|| admin_keys::unknown(slug))?;
    if !scope.revoke_admin_key(admin_key_id, api.now()).await? {
        return Err(admin_keys::unknown(slug));
    }
    let changes = admin_keys::revocation(&AdminKeyOut::new(&key, slug));
    let recorded = scope
        .record(
            EventType::AdminKeyRevoked,
            admin_keys::target(&key),
            changes,
        )
        .await?;
    recorded.commit(Done).await
}
