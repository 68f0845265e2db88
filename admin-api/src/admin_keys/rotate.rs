//! POST /admin/v1/admin-keys/{id}/rotate.

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::AdminKeyId;
use store::Tenant;

use super::giving::{RotationBody, successor_of};
use crate::admin_keys::{self, AdminKeyOut, CreatedAdminKey};
use crate::api::Api;
use crate::audit::Changes;
use crate::operation::{Committed, Created};
use crate::principal::PlatformWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::Problem;
use crate::request::{Body, Id};
use crate::{secret, tenant_names};

/// Replace an admin key
///
/// Makes another one with the same name, tenant and scopes; the old one ends after the overlap. Takes all the scopes
/// that the key has.
#[utoipa::path(
    post,
    path = "/admin/v1/admin-keys/{id}/rotate",
    tag = "admin-keys",
    params(("id" = String, Path, description = "The id of the old key.")),
    request_body = RotationBody,
    responses((status = 201, description = "The new key.", body = CreatedAdminKey)),
)]
pub async fn rotate_admin_key(
    access: PlatformWrite<AdminKeys>,
    api: Api,
    Id(admin_key_id): Id<AdminKeyId>,
    Body(body): Body<RotationBody>,
) -> Result<Committed<Created<CreatedAdminKey>>, Problem> {
    let overlap = body.overlap()?;
    let mut platform = access.open(&api).await?;
    let found = platform.find_admin_key_for_update(admin_key_id).await?;
    let mut old = found.ok_or_else(|| admin_keys::unknown(None))?;
    let tenant = tenant_names::of_row(&mut platform, old.tenant_id).await?;
    let slug = tenant.as_ref().map(Tenant::slug);
    let now = api.now();
    let (admin_key, digest) = secret::generate(&api, SecretKind::AdminKey);
    let giver = (&access.caller, &access.caller.on_platform);
    let new = successor_of(&old, tenant.as_ref(), giver, (&api, digest), now)?;
    let before = AdminKeyOut::new(&old, slug);
    platform.insert_admin_key(&new, now).await?;
    let ends_at = now + overlap;
    platform.shorten_admin_key(admin_key_id, ends_at).await?;
    old.expires_at = Some(old.expires_at.map_or(ends_at, |end| end.min(ends_at)));
    let made = new.as_of(now);
    let key = AdminKeyOut::new(&made, slug);
    let mut recorded = platform
        .record_about(
            tenant.as_ref(),
            EventType::AdminKeyCreated,
            admin_keys::target(&made),
            Changes::created(&key).of_version(&before),
        )
        .await?;
    let ended = Changes::updated(&before, &AdminKeyOut::new(&old, slug));
    let target = admin_keys::target(&old);
    recorded
        .record_about(tenant.as_ref(), EventType::AdminKeyRotated, target, ended)
        .await?;
    recorded
        .commit(Created {
            location: admin_keys::location(None, &made),
            thing: CreatedAdminKey { key, admin_key },
        })
        .await
}
