//! POST …/tenants/{tenant}/admin-keys.

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::AdminKeyId;
use store::NewAdminKey;

use super::refuse_system_tenant;
use crate::admin_keys::giving::KeyBody;
use crate::admin_keys::{self, AdminKeyOut, CreatedAdminKey};
use crate::api::Api;
use crate::audit::Changes;
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::Body;
use crate::secret;

/// Create an admin key of a tenant
///
/// For this tenant and nothing else. The key is in this answer and nowhere afterwards.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/admin-keys",
    tag = "admin-keys",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = KeyBody,
    responses((status = 201, description = "The key.", body = CreatedAdminKey)),
)]
pub async fn create_tenant_admin_key(
    access: TenantWrite<AdminKeys>,
    api: Api,
    Body(body): Body<KeyBody>,
) -> Result<Committed<Created<CreatedAdminKey>>, Problem> {
    refuse_system_tenant(&access.tenant)?;
    let caller = &access.caller;
    let given = body.validate(caller, &caller.scopes(), api.now())?;
    let mut scope = access.open(&api).await?;
    let now = api.now();
    let (admin_key, digest) = secret::generate(&api, SecretKind::AdminKey);
    let new = NewAdminKey {
        admin_key_id: AdminKeyId::generate(api.random(), now),
        tenant: Some(access.tenant.clone()),
        name: given.name,
        digest,
        scopes: given.scopes,
        rotated_from: None,
        expires_at: given.expires_at,
    };
    scope.insert_admin_key(&new, now).await?;
    let slug = Some(access.tenant.slug());
    let made = new.as_of(now);
    let key = AdminKeyOut::new(&made, slug);
    let target = admin_keys::target(&made);
    let recorded = scope
        .record(EventType::AdminKeyCreated, target, Changes::created(&key))
        .await?;
    recorded
        .commit(Created {
            location: admin_keys::location(slug, &made),
            thing: CreatedAdminKey { key, admin_key },
        })
        .await
}
