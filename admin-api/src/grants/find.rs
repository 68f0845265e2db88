//! GET …/grants/{id}.

use protocol::GrantId;

use crate::api::Api;
use crate::grants::{self, GrantOut};
use crate::names::Names;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Grants;
use crate::problem::Problem;
use crate::request::Id;

/// Show a grant
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/grants/{id}",
    tag = "grants",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The grant's id."),
    ),
    responses((status = 200, description = "The grant.", body = GrantOut)),
)]
pub async fn find_grant(
    access: TenantRead<Grants>,
    api: Api,
    Id(grant_id): Id<GrantId>,
) -> Result<Found<GrantOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.find_grant(grant_id).await?;
    let grant = found.ok_or_else(|| grants::unknown(access.tenant.slug()))?;
    let names = Names::of(&mut scope, [grant.client_key]).await?;
    scope.end().await?;
    Ok(Found(GrantOut::new(&grant, &names)))
}
