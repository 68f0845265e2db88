//! POST /admin/v1/admin-keys.

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::{AdminKeyId, Slug};
use serde::Deserialize;
use store::{NewAdminKey, PlatformScope, Tenant};
use utoipa::ToSchema;

use super::giving::KeyBody;
use crate::admin_keys::{self, AdminKeyOut, CreatedAdminKey};
use crate::api::Api;
use crate::audit::Changes;
use crate::operation::{Committed, Created};
use crate::principal::PlatformWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::{FieldProblem, Problem};
use crate::request::Body;
use crate::secret;
use crate::text;

/// An admin key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAdminKey, example = json!({
    "name": "deploy pipeline", "tenant": "acme", "scopes": ["clients:write", "resources:read"],
    "lifetime": 7_776_000,
}))]
pub struct NewAdminKeyBody {
    /// Who or what will hold it.
    #[schema(value_type = text::Words)]
    name: String,
    /// The slug of the one tenant that it is for; absent: the platform.
    #[schema(value_type = Option<text::SlugText>)]
    tenant: Option<String>,
    /// What it may do, such as `clients:write`; `*:read` reads everything, `*:write` is an administrator's. No more
    /// than the key (or person) that calls has.
    #[schema(min_items = 1, max_items = 30)]
    scopes: Vec<String>,
    /// Seconds from now; absent: until it is revoked, or as long as the key that calls.
    #[schema(minimum = 60, maximum = 315_360_000)]
    lifetime: Option<u64>,
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
    access: PlatformWrite<AdminKeys>,
    api: Api,
    Body(body): Body<NewAdminKeyBody>,
) -> Result<Committed<Created<CreatedAdminKey>>, Problem> {
    let now = api.now();
    let wanted = KeyBody {
        name: body.name,
        scopes: body.scopes,
        lifetime: body.lifetime,
    };
    let caller = &access.caller;
    let given = wanted.validate(caller, &caller.on_platform, now)?;
    let mut platform = access.open(&api).await?;
    let tenant = find_tenant(&mut platform, body.tenant.as_deref()).await?;
    let (admin_key, digest) = secret::generate(&api, SecretKind::AdminKey);
    let new = NewAdminKey {
        admin_key_id: AdminKeyId::generate(api.random(), now),
        tenant: tenant.clone(),
        name: given.name,
        digest,
        scopes: given.scopes,
        rotated_from: None,
        expires_at: given.expires_at,
    };
    platform.insert_admin_key(&new, now).await?;
    let made = new.as_of(now);
    let key = AdminKeyOut::new(&made, tenant.as_ref().map(Tenant::slug));
    let recorded = platform
        .record_about(
            tenant.as_ref(),
            EventType::AdminKeyCreated,
            admin_keys::target(&made),
            Changes::created(&key),
        )
        .await?;
    recorded
        .commit(Created {
            location: admin_keys::location(None, &made),
            thing: CreatedAdminKey { key, admin_key },
        })
        .await
}

/// A key of the system tenant could do nothing there, and would only look as if it could.
async fn find_tenant(
    platform: &mut PlatformScope,
    slug: Option<&str>,
) -> Result<Option<Tenant>, Problem> {
    let Some(slug) = slug else { return Ok(None) };
    let found = match Slug::parse(slug) {
        Ok(slug) => platform.find_tenant_by_slug(&slug).await?,
        Err(_) => None,
    };
    let detail = match &found {
        Some(tenant) if tenant.is_system() => {
            "The system tenant is administered by keys of the platform: leave tenant out."
        }
        Some(_) => return Ok(found),
        None => "Not the slug of a tenant; GET /admin/v1/tenants lists them.",
    };
    Err(Problem::invalid(vec![FieldProblem {
        field: "tenant".to_owned(),
        detail: detail.to_owned(),
    }]))
}
