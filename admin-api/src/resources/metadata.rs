//! GET …/resources/{id}/protected-resource-metadata.

use protocol::ResourceId;
use protocol::resource::ProtectedResourceMetadata;
use protocol::resource::metadata::well_known_url;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::operation::FoundFor;
use crate::principal::TenantRead;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::request::Id;
use crate::resources;

/// What a resource says of itself (RFC 9728 §2).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProtectedResourceMetadata)]
pub struct MetadataOut {
    #[schema(example = "https://notes.example.com/mcp")]
    resource: String,
    #[schema(example = json!(["https://auth.example.com/t/acme"]))]
    authorization_servers: Vec<String>,
    /// Absent, where the resource has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["notes:read", "notes:write"]))]
    scopes_supported: Vec<String>,
    #[schema(example = json!(["header"]))]
    bearer_methods_supported: Vec<&'static str>,
    #[schema(example = "Notes")]
    resource_name: String,
}

impl From<ProtectedResourceMetadata> for MetadataOut {
    fn from(metadata: ProtectedResourceMetadata) -> Self {
        Self {
            resource: metadata.resource,
            authorization_servers: metadata.authorization_servers,
            scopes_supported: metadata.scopes_supported,
            bearer_methods_supported: metadata.bearer_methods_supported.into(),
            resource_name: metadata.resource_name,
        }
    }
}

/// Show a resource's protected resource metadata
///
/// The document of RFC 9728 as the resource's server must serve it: the body as it is, at the address that
/// `Content-Location` names. The issuer serves the same bytes at the resource's `metadata_uri`.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/resources/{id}/protected-resource-metadata",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
    ),
    responses((
        status = 200, description = "The document.", body = MetadataOut,
        headers(("Content-Location" = String,
            description = "The well-known address of the resource, where this belongs; absent where its identifier is no web address.")),
    )),
)]
pub async fn find_resource_metadata(
    access: TenantRead<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
) -> Result<FoundFor<MetadataOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.find_resource(resource_id).await?;
    scope.end().await?;
    let resource = found.ok_or_else(|| resources::unknown(access.tenant.slug()))?;
    let resource = resource.resource;
    let metadata = ProtectedResourceMetadata::new(access.tenant.issuer(), &resource);
    Ok(FoundFor {
        content_location: well_known_url(resource.identifier()),
        document: metadata.into(),
    })
}
