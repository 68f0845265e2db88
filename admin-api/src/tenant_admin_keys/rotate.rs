//! POST …/tenants/{tenant}/admin-keys/{id}/rotate.

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::AdminKeyId;

use crate::admin_keys::giving::{RotationBody, successor_of};
use crate::admin_keys::{self, AdminKeyOut, CreatedAdminKey};
use crate::api::Api;
use crate::audit::Changes;
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::{Body, Id};
use crate::secret;

/// Replace an admin key of a tenant
///
/// Makes another one with the same name and scopes; the old one ends after the overlap. Takes all the scopes that the
/// key has.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/admin-keys/{id}/rotate",
    tag = "admin-keys",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The id of the old key."),
    ),
    request_body = RotationBody,
    responses((status = 201, description = "The new key.", body = CreatedAdminKey)),
)]
pub async fn rotate_tenant_admin_key(
    access: TenantWrite<AdminKeys>,
    api: Api,
    Id(admin_key_id): Id<AdminKeyId>,
    Body(body): Body<RotationBody>,
) -> Result<Committed<Created<CreatedAdminKey>>, Problem> {
    let overlap = body.overlap()?;
    let tenant = &access.tenant;
    let slug = Some(tenant.slug());
    let mut scope = access.open(&api).await?;
    let found = scope.find_admin_key_for_update(admin_key_id).await?;
    let mut old = found.ok_or_else(|| admin_keys::unknown(slug))?;
    let now = api.now();
    let (admin_key, digest) = secret::generate(&api, SecretKind::AdminKey);
    let giver = (&access.caller, &access.caller.scopes());
    let new = successor_of(&old, Some(tenant), giver, (&api, digest), now)?;
    let before = AdminKeyOut::new(&old, slug);
    scope.insert_admin_key(&new, now).await?;
    let ends_at = now + overlap;
    scope.shorten_admin_key(admin_key_id, ends_at).await?;
    old.expires_at = Some(old.expires_at.map_or(ends_at, |end| end.min(ends_at)));
    let made = new.as_of(now);
    let key = AdminKeyOut::new(&made, slug);
    let created = Changes::created(&key).of_version(&before);
    let mut recorded = scope
        .record(
            EventType::AdminKeyCreated,
            admin_keys::target(&made),
            created,
        )
        .await?;
    let ended = Changes::updated(&before, &AdminKeyOut::new(&old, slug));
    recorded
        .record(EventType::AdminKeyRotated, admin_keys::target(&old), ended)
        .await?;
    recorded
        .commit(Created {
            location: admin_keys::location(slug, &made),
            thing: CreatedAdminKey { key, admin_key },
        })
        .await
}
