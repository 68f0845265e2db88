//! GET …/resources/{id}/credentials.

use protocol::{CredentialId, ResourceId};

use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::request::{Id, QueryString};
use crate::resource_credentials::CredentialOut;
use crate::resources;

/// List a resource's credentials
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/resources/{id}/credentials",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
        PageQuery,
    ),
    responses((status = 200, description = "A page of credentials.", body = Page<CredentialOut>)),
)]
pub async fn list_resource_credentials(
    access: TenantRead<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<CredentialOut>, Problem> {
    let filter = resource_id.to_string();
    let tenant = Some(access.tenant.id());
    let list = ListOf {
        operation: "list_resource_credentials",
        tenant,
        filter: &filter,
    };
    let wanted = query.read::<CredentialId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let found = scope.find_resource(resource_id).await?;
    found.ok_or_else(|| resources::unknown(access.tenant.slug()))?;
    let rows = scope
        .list_resource_credentials(resource_id, wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    let show = |row: store::ResourceCredential| CredentialOut::of(&row);
    wanted
        .page(&api, list, rows, |row| row.credential_id, show)
        .map(Listed)
}
