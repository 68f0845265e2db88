//! `GET {issuer}/.well-known/resource-metadata/{resource_id}`: the protected resource metadata (RFC 9728) of one of the
//! tenant's resources, for its server to proxy, or to name in its 401 (§5.1).
//!
//! What it is not: the well-known address of a resource (§3.1); that is on the resource's own host. Not here: what
//! the document says (`protocol::resource::metadata`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use protocol::resource::ProtectedResourceMetadata;
use protocol::{ErrorCode, ResourceId};
use store::StoreError;

use crate::discovery::{ReadyDocument, etag_of, ready};
use crate::http::oauth_error::OAuthFailure;
use crate::jwks;
use crate::tenancy::TenantRequest;

#[utoipa::path(
    get, path = "/.well-known/resource-metadata/{resource_id}", operation_id = "find_resource_metadata", tag = "discovery",
    summary = "A resource's protected resource metadata (RFC 9728)",
    description = "For the resource's server to proxy at its own well-known address, or to name in its 401.",
    params(("resource_id" = String, Path, description = "The resource's id.")),
    responses(
        (status = 200, description = "The metadata", body = serde_json::Value, content_type = "application/json"),
        (status = 304, description = "Unchanged since the ETag that was sent"),
        (status = 404, description = "No such issuer or resource", body = crate::http::oauth_error::OAuthErrorBody),
    )
)]
pub async fn answer(request: &TenantRequest) -> HttpResponse {
    match find(request).await {
        Ok(Some(document)) => ready(&request.http, &document, jwks::MAX_AGE),
        Ok(None) => OAuthFailure::new(ErrorCode::InvalidRequest, "There is no such resource here.")
            .with_status(StatusCode::NOT_FOUND)
            .respond(request.request_id),
        Err(error) => OAuthFailure::from(error).respond(request.request_id),
    }
}

async fn find(request: &TenantRequest) -> Result<Option<ReadyDocument>, StoreError> {
    let segment = request.segment.as_deref().unwrap_or_default();
    let parsed = segment.parse::<ResourceId>().ok();
    // One spelling of an id, as the admin API shows it.
    let Some(resource_id) = parsed.filter(|id| id.to_string() == segment) else {
        return Ok(None);
    };
    let directory = request.authority().directory();
    let resources = directory.list_published_resources(&request.tenant).await?;
    Ok(resources.find(resource_id).map(|resource| {
        let metadata = ProtectedResourceMetadata::new(request.tenant.issuer(), resource);
        let body = Bytes::from(serde_json::to_vec(&metadata).unwrap_or_default());
        let etag = etag_of(&body);
        ReadyDocument { body, etag }
    }))
}
