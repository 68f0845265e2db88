//! GET …/resources/{id}.

use protocol::ResourceId;

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::request::Id;
use crate::resources::{self, ResourceOut};

/// Show a resource
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/resources/{id}",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
    ),
    responses((status = 200, description = "The resource.", body = ResourceOut)),
)]
pub async fn find_resource(
    access: TenantRead<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
) -> Result<Found<ResourceOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.find_resource(resource_id).await?;
    scope.end().await?;
    let record = found.ok_or_else(|| resources::unknown(access.tenant.slug()))?;
    Ok(Found(ResourceOut::of(access.tenant.issuer(), &record)))
}
