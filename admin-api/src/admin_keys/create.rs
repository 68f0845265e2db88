//! POST /admin/v1/admin-keys.

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::{AdminKeyId, Slug, Timestamp};
use serde::{Deserialize, Serialize};
use store::{AdminAccess, AdminKey, NewAdminKey, PlatformScope, Tenant};
use utoipa::ToSchema;

use crate::admin_keys::{AdminKeyOut, KeyAccess};
use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::Created;
use crate::principal::PlatformWrite;
use crate::problem::{Faults, FieldProblem, Problem};
use crate::request::Body;
use crate::{secret, wire};

/// An admin key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAdminKey, example = json!({"name": "deploy pipeline", "tenant": "acme", "lifetime": 7_776_000}))]
pub struct NewAdminKeyBody {
    /// Who or what will hold it.
    name: String,
    /// The slug of the one tenant that it is for; absent: the platform.
    tenant: Option<String>,
    /// Absent: `write`.
    access: Option<KeyAccess>,
    /// Seconds from now; absent: until it is revoked.
    #[schema(minimum = 60, maximum = 315_360_000)]
    lifetime: Option<u64>,
}

/// A new admin key, with the key itself: the only time that it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedAdminKey)]
pub struct CreatedAdminKey {
    #[serde(flatten)]
    key: AdminKeyOut,
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "writ_ak_…")]
    admin_key: String,
}

impl NewAdminKeyBody {
    fn validate(&self, now: Timestamp) -> Result<(String, Option<Timestamp>), Problem> {
        let mut faults = Faults::default();
        let name = wire::words(&mut faults, "name", &self.name, wire::NAME_LIMIT);
        let expires_at = self.lifetime.map(|seconds| {
            now + wire::lifetime(&mut faults, "lifetime", seconds, &wire::ADMIN_KEY_LIFETIME)
        });
        faults.finish().map(|()| (name, expires_at))
    }
}

/// Create an admin key
///
/// For the platform, or for one tenant and nothing else. The key is in this answer and nowhere afterwards.
#[utoipa::path(
    post,
    path = "/admin/v1/admin-keys",
    tag = "admin-keys",
    request_body = NewAdminKeyBody,
    responses((status = 201, description = "The key.", body = CreatedAdminKey)),
)]
pub async fn create_admin_key(
    access: PlatformWrite,
    api: Api,
    Body(body): Body<NewAdminKeyBody>,
) -> Result<Created<CreatedAdminKey>, Problem> {
    let now = api.now();
    let (name, expires_at) = body.validate(now)?;
    let mut platform = api.database().platform().await?;
    let tenant = find_tenant(&mut platform, body.tenant.as_deref()).await?;
    let (admin_key, digest) = secret::generate(&api, SecretKind::AdminKey);
    let admin_access = AdminAccess::from(body.access.unwrap_or(KeyAccess::Write));
    let new = NewAdminKey {
        admin_key_id: AdminKeyId::generate(api.random(), now),
        tenant: tenant.clone(),
        name,
        digest,
        access: admin_access,
        expires_at,
    };
    platform.insert_admin_key(&new, now).await?;
    let key = AdminKeyOut::new(&shown(&new, now), tenant.as_ref().map(Tenant::slug));
    let target = audit::target("admin_key", &new.admin_key_id);
    let event = audit::event(
        &api,
        &access.caller,
        EventType::AdminKeyCreated,
        target,
        Changes::created(&key),
    );
    platform
        .insert_platform_audit_event(tenant.as_ref(), &event)
        .await?;
    platform.commit().await?;
    Ok(Created {
        location: format!("/admin/v1/admin-keys/{}", new.admin_key_id),
        thing: CreatedAdminKey { key, admin_key },
    })
}

fn shown(new: &NewAdminKey, now: Timestamp) -> AdminKey {
    AdminKey {
        admin_key_id: new.admin_key_id,
        tenant_id: new.tenant.as_ref().map(Tenant::id),
        name: new.name.clone(),
        access: new.access,
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    }
}

async fn find_tenant(
    platform: &mut PlatformScope,
    slug: Option<&str>,
) -> Result<Option<Tenant>, Problem> {
    let Some(slug) = slug else { return Ok(None) };
    let found = match Slug::parse(slug) {
        Ok(slug) => platform.find_tenant_by_slug(&slug).await?,
        Err(_) => None,
    };
    if found.is_none() {
        let detail = "Not the slug of a tenant; GET /admin/v1/tenants lists them.".to_owned();
        return Err(Problem::invalid(vec![FieldProblem {
            field: "tenant".to_owned(),
            detail,
        }]));
    }
    Ok(found)
}
