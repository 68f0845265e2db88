//! GET …/signing-keys.

use crate::api::Api;
use crate::operation::Listed;
use crate::page::Page;
use crate::principal::TenantRead;
use crate::principal::kinds::SigningKeys;
use crate::problem::Problem;
use crate::signing_keys::{self, SigningKeyOut};

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
    access: TenantRead<SigningKeys>,
    api: Api,
) -> Result<Listed<SigningKeyOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let (rows, known) = signing_keys::read(&mut scope).await?;
    scope.end().await?;
    let data = rows
        .into_iter()
        .map(|row| SigningKeyOut::new(row, &known.view()));
    Ok(Listed(Page {
        data: data.collect(),
        next_cursor: None,
    }))
}
