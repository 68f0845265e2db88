//! `GET {issuer}/.well-known/jwks/{resource_id}`: the tenant's public keys at a URL of one resource's own, so
//! that it is known which keys the resource has fetched, and a rotation can wait for it.
//!
//! The answer is that of `jwks`, byte for byte. Not here: noting who was shown what (`authority::sightings`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use protocol::{ErrorCode, ResourceId};
use store::StoreError;

use crate::discovery::ready;
use crate::http::oauth_error::OAuthFailure;
use crate::jwks;
use crate::tenancy::TenantRequest;

#[utoipa::path(
    get, path = "/.well-known/jwks/{resource_id}", operation_id = "find_resource_jwks", tag = "discovery",
    summary = "The issuer's public keys, at the URL of one resource",
    description = "What it was shown is noted, so that a change of keys can wait for it.",
    params(("resource_id" = String, Path, description = "The resource's id.")),
    responses(
        (status = 200, description = "A JSON Web Key Set", body = serde_json::Value, content_type = "application/json"),
        (status = 304, description = "Unchanged since the ETag that was sent"),
        (status = 404, description = "No such issuer or resource", body = crate::http::oauth_error::OAuthErrorBody),
    )
)]
pub async fn answer(request: &TenantRequest) -> HttpResponse {
    match find(request).await {
        Ok(response) => response,
        Err(error) => OAuthFailure::from(error).respond(request.request_id),
    }
}

async fn find(request: &TenantRequest) -> Result<HttpResponse, StoreError> {
    let segment = request.segment.as_deref().unwrap_or_default();
    let parsed = segment.parse::<ResourceId>().ok();
    // One spelling of an id, as the admin API shows it.
    let Some(resource_id) = parsed.filter(|id| id.to_string() == segment) else {
        return Ok(unknown(request));
    };
    let shown = request
        .authority()
        .show_jwks_to(&request.tenant, resource_id)
        .await?;
    Ok(match shown {
        Some(keys) => ready(&request.http, &jwks::document(&keys), jwks::MAX_AGE),
        None => unknown(request),
    })
}

fn unknown(request: &TenantRequest) -> HttpResponse {
    OAuthFailure::new(ErrorCode::InvalidRequest, "There is no such resource here.")
        .with_status(StatusCode::NOT_FOUND)
        .respond(request.request_id)
}
