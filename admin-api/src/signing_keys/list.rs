//! GET …/signing-keys.

use crate::api::Api;
use crate::operation::Found;
use crate::page::Page;
use crate::principal::TenantRead;
use crate::problem::Problem;
use crate::signing_keys::SigningKeyOut;

/// List signing keys
///
/// All of them at once: a tenant has a handful.
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
    scope.commit().await?;
    Ok(Found(Page {
        data: rows.into_iter().map(SigningKeyOut::new).collect(),
        next_cursor: None,
    }))
}
