//! GET /admin/v1/issuer-hosts/{id}.

use protocol::IssuerHostId;

use crate::api::Api;
use crate::issuer_hosts::{self, IssuerHostOut};
use crate::operation::Found;
use crate::principal::PlatformRead;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::request::Id;

/// Show a claim to a host
#[utoipa::path(
    get,
    path = "/admin/v1/issuer-hosts/{id}",
    tag = "issuer-hosts",
    params(("id" = String, Path, description = "The claim's id.")),
    responses((status = 200, description = "The claim.", body = IssuerHostOut)),
)]
pub async fn find_issuer_host(
    access: PlatformRead<Tenants>,
    api: Api,
    Id(issuer_host_id): Id<IssuerHostId>,
) -> Result<Found<IssuerHostOut>, Problem> {
    let mut platform = access.read(&api).await?;
    let found = platform.find_issuer_host(issuer_host_id).await?;
    platform.end().await?;
    let claim = found.ok_or_else(issuer_hosts::unknown)?;
    Ok(Found(IssuerHostOut::new(&claim, api.now())))
}
