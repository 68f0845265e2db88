//! GET …/resources/{id}/tools.

use protocol::ResourceId;

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::request::Id;
use crate::resource_tools::ToolsOut;
use crate::resources;

/// Show a resource's tools
///
/// As they were when scopes were imported from them, and what was different when the server was asked again.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/resources/{id}/tools",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
    ),
    responses((status = 200, description = "The tools.", body = ToolsOut)),
)]
pub async fn find_resource_tools(
    access: TenantRead<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
) -> Result<Found<ToolsOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let record = scope.find_resource(resource_id).await?;
    let kept = scope.find_resource_tools(resource_id).await?;
    scope.end().await?;
    let record = record.ok_or_else(|| resources::unknown(access.tenant.slug()))?;
    Ok(Found(ToolsOut::of_any(kept.as_ref(), &record.resource)))
}
