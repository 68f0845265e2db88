//! DELETE …/resources/{id}.

use authority::audit::EventType;
use authority::grants::last_token_ends;
use protocol::ResourceId;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::Done;
use crate::principal::TenantWrite;
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
    access: TenantWrite,
    api: Api,
    Id(resource_id): Id<ResourceId>,
) -> Result<Done, Problem> {
    let unknown = || resources::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let before = scope
        .find_resource(resource_id)
        .await?
        .ok_or_else(unknown)?;
    if !scope.delete_resource(resource_id).await? {
        return Err(unknown());
    }
    let target = audit::target("resource", &resource_id);
    let changes = Changes::deleted(&ResourceOut::of(access.tenant.issuer(), &before));
    let event = audit::event(
        &api,
        &access.caller,
        EventType::ResourceDeleted,
        target,
        changes,
    );
    scope.insert_audit_event(&event).await?;
    let (audience, now) = (&before.resource.audience, api.now());
    scope
        .insert_ended_audience(audience, now, last_token_ends(now))
        .await?;
    scope.commit().await?;
    Ok(Done)
}
