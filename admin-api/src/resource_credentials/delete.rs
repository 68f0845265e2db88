//! DELETE …/resources/{id}/credentials/{credential_id}.

use authority::audit::EventType;
use protocol::{CredentialId, ResourceId};
use serde_json::json;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::request::{Id, SubId};
use crate::resource_credentials::list_path;

/// Delete a resource's credential
///
/// Introspection with it is refused from now on.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/resources/{id}/credentials/{credential_id}",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
        ("credential_id" = String, Path, description = "The credential's id."),
    ),
    responses((status = 204, description = "Deleted.")),
)]
pub async fn delete_resource_credential(
    access: TenantWrite<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
    SubId(credential_id): SubId<CredentialId>,
) -> Result<Committed<Done>, Problem> {
    let mut scope = access.open(&api).await?;
    if !scope
        .delete_resource_credential(resource_id, credential_id)
        .await?
    {
        return Err(Problem::not_found(
            "credential",
            &list_path(access.tenant.slug(), resource_id),
        ));
    }
    let target = audit::target("resource_credential", &credential_id);
    let changes = Changes::deleted(
        &json!({"id": credential_id.to_string(), "resource_id": resource_id.to_string()}),
    );
    let recorded = scope
        .record(EventType::ResourceCredentialDeleted, target, changes)
        .await?;

    recorded.commit(Done).await
}
