//! DELETE /admin/v1/admin-keys/{id}.

use authority::audit::EventType;
use protocol::AdminKeyId;
use serde_json::json;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::Done;
use crate::principal::PlatformWrite;
use crate::problem::Problem;
use crate::request::Id;

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
    access: PlatformWrite,
    api: Api,
    Id(admin_key_id): Id<AdminKeyId>,
) -> Result<Done, Problem> {
    let mut platform = api.database().platform().await?;
    let revoked = platform.revoke_admin_key(admin_key_id, api.now()).await?;
    let Some(revoked) = revoked else {
        let detail =
            "No such admin key, or it is revoked already. GET /admin/v1/admin-keys lists them.";
        return Err(Problem::new(crate::problem::ProblemKind::NotFound, detail));
    };
    let tenant = match revoked.tenant_id {
        Some(tenant_id) => platform.find_tenant(tenant_id).await?,
        None => None,
    };
    let target = audit::target("admin_key", &admin_key_id);
    let changes = Changes::updated(&json!({"is_revoked": false}), &json!({"is_revoked": true}));
    let event = audit::event(
        &api,
        &access.caller,
        EventType::AdminKeyRevoked,
        target,
        changes,
    );
    platform
        .insert_platform_audit_event(tenant.as_ref(), &event)
        .await?;
    platform.commit().await?;
    Ok(Done)
}
