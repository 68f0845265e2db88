//! PATCH …/tenants/{tenant}/admin-keys/{id}: its name, and nothing else.

use authority::audit::EventType;
use protocol::AdminKeyId;

use crate::admin_keys::update::AdminKeyPatch;
use crate::admin_keys::{self, AdminKeyOut};
use crate::api::Api;
use crate::audit::Changes;
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::{Body, Id};

/// Rename an admin key of a tenant
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenant}/admin-keys/{id}",
    tag = "admin-keys",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The key's id."),
    ),
    request_body = AdminKeyPatch,
    responses((status = 200, description = "The key as it is now.", body = AdminKeyOut)),
)]
pub async fn update_tenant_admin_key(
    access: TenantWrite<AdminKeys>,
    api: Api,
    Id(admin_key_id): Id<AdminKeyId>,
    Body(body): Body<AdminKeyPatch>,
) -> Result<Committed<Found<AdminKeyOut>>, Problem> {
    let slug = Some(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let found = scope.find_admin_key_for_update(admin_key_id).await?;
    let mut key = found.ok_or_else(|| admin_keys::unknown(slug))?;
    let before = AdminKeyOut::new(&key, slug);
    key.name = body.name_after(&key.name)?;
    scope.rename_admin_key(admin_key_id, &key.name).await?;
    let after = AdminKeyOut::new(&key, slug);
    let changes = Changes::updated(&before, &after);
    let recorded = scope
        .record(
            EventType::AdminKeyUpdated,
            admin_keys::target(&key),
            changes,
        )
        .await?;
    recorded.commit(Found(after)).await
}
