//! DELETE …/resources/{id}.

use authority::audit::EventType;
use authority::grants::last_token_ends;
use protocol::ResourceId;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::request::Id;
use crate::resources::{self, ResourceOut};

/// Delete a resource
///
/// No new token is issued for it; those that are out are void, and the revocation feed names its audience until
/// the last has expired. What it introspects with, and people's consents for it, go with it.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/resources/{id}",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
    ),
    responses((status = 204, description = "Deleted.")),
)]
pub async fn delete_resource(
    access: TenantWrite<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
) -> Result<Committed<Done>, Problem> {
    let unknown = || resources::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let before = scope
        .find_resource(resource_id)
        .await?
        .ok_or_else(unknown)?;
    let left = scope
        .delete_resource(resource_id)
        .await?
        .ok_or_else(unknown)?;
    let target = audit::target("resource", &resource_id);
    let changes = Changes::deleted(&ResourceOut::of(access.tenant.issuer(), &before));
    let mut recorded = scope
        .record(EventType::ResourceDeleted, target, changes)
        .await?;
    let now = api.now();
    recorded
        .insert_ended_audience(&left, now, last_token_ends(now))
        .await?;
    recorded.commit(Done).await
}
