//! GET …/signing-keys.

use protocol::resource::Resources;
use store::SigningKeyState;

use crate::api::Api;
use crate::clients;
use crate::operation::Found;
use crate::page::Page;
use crate::principal::TenantRead;
use crate::problem::Problem;
use crate::signing_keys::{Sightings, SigningKeyOut};

/// List signing keys
///
/// All of them at once: a tenant has a handful. What resources were shown is written every few seconds.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/signing-keys",
    tag = "signing-keys",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    responses((status = 200, description = "The keys.", body = Page<SigningKeyOut>)),
)]
pub async fn list_signing_keys(
    access: TenantRead,
    api: Api,
) -> Result<Found<Page<SigningKeyOut>>, Problem> {
    let mut scope = api.database().tenant(&access.tenant).await?;
    let rows = scope.list_signing_keys().await?;
    let sightings = scope.list_signing_key_sightings().await?;
    // Only to name those that were shown something.
    let resources = if sightings.is_empty() {
        Resources::new(Vec::new())
    } else {
        clients::all_resources(&mut scope).await?
    };
    scope.commit().await?;
    let is_active = |state| state == SigningKeyState::Active;
    let active: Vec<String> = rows
        .iter()
        .filter(|row| is_active(row.state))
        .map(|row| row.kid.clone())
        .collect();
    let known = Sightings {
        noted: &sightings,
        active: &active,
        resources: &resources,
    };
    Ok(Found(Page {
        data: rows
            .into_iter()
            .map(|row| SigningKeyOut::new(row, &known))
            .collect(),
        next_cursor: None,
    }))
}
