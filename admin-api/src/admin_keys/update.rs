//! PATCH /admin/v1/admin-keys/{id}: its name, and nothing else.

use authority::audit::EventType;
use protocol::AdminKeyId;
use serde::Deserialize;
use store::Tenant;
use utoipa::ToSchema;

use crate::admin_keys::{self, AdminKeyOut};
use crate::api::Api;
use crate::audit::Changes;
use crate::change::Change;
use crate::operation::{Committed, Found};
use crate::principal::PlatformWrite;
use crate::principal::kinds::AdminKeys;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::{tenant_names, wire};

/// Changes to an admin key. What it may do never changes: make another one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AdminKeyChanges, example = json!({"name": "deploy pipeline of the shop"}))]
pub struct AdminKeyPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Change<String>,
}

impl AdminKeyPatch {
    /// The name that it is to have.
    pub fn name_after(self, before: &str) -> Result<String, Problem> {
        let mut faults = Faults::default();
        let name = self.name.required("name", &mut faults);
        let name = name.map(|name| wire::words(&mut faults, "name", &name, wire::NAME_LIMIT));
        faults.finish()?;
        Ok(name.unwrap_or_else(|| before.to_owned()))
    }
}

/// Rename an admin key
#[utoipa::path(
    patch,
    path = "/admin/v1/admin-keys/{id}",
    tag = "admin-keys",
    params(("id" = String, Path, description = "The key's id.")),
    request_body = AdminKeyPatch,
    responses((status = 200, description = "The key as it is now.", body = AdminKeyOut)),
)]
pub async fn update_admin_key(
    access: PlatformWrite<AdminKeys>,
    api: Api,
    Id(admin_key_id): Id<AdminKeyId>,
    Body(body): Body<AdminKeyPatch>,
) -> Result<Committed<Found<AdminKeyOut>>, Problem> {
    let mut platform = access.open(&api).await?;
    let found = platform.find_admin_key_for_update(admin_key_id).await?;
    let mut key = found.ok_or_else(|| admin_keys::unknown(None))?;
    let tenant = tenant_names::of_row(&mut platform, key.tenant_id).await?;
    let slug = tenant.as_ref().map(Tenant::slug);
    let before = AdminKeyOut::new(&key, slug);
    key.name = body.name_after(&key.name)?;
    platform.rename_admin_key(admin_key_id, &key.name).await?;
    let after = AdminKeyOut::new(&key, slug);
    let recorded = platform
        .record_about(
            tenant.as_ref(),
            EventType::AdminKeyUpdated,
            admin_keys::target(&key),
            Changes::updated(&before, &after),
        )
        .await?;
    recorded.commit(Found(after)).await
}
