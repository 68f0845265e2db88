//! `GET {issuer}/.well-known/jwks.json`: the tenant's public keys (RFC 7517 §5), as the key ring has
//! them ready.
//!
//! Not here: which keys are in it (`authority::key_ring`).

use actix_web::HttpResponse;
use authority::key_ring::ReadyJwks;

use crate::discovery::{ReadyDocument, ready};
use crate::http::oauth_error::OAuthFailure;
use crate::tenancy::TenantRequest;

/// Five minutes: a new key must have been published for longer than this before it signs.
pub const MAX_AGE: &str = "public, max-age=300";

#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "find_jwks", tag = "discovery",
    summary = "The issuer's public keys (RFC 7517)",
    responses(
        (status = 200, description = "A JSON Web Key Set", body = serde_json::Value, content_type = "application/json"),
        (status = 304, description = "Unchanged since the ETag that was sent"),
        (status = 404, description = "No such issuer", body = crate::http::oauth_error::OAuthErrorBody),
    )
)]
pub async fn answer(request: &TenantRequest) -> HttpResponse {
    match request
        .authority()
        .key_ring()
        .find_jwks(&request.tenant)
        .await
    {
        Ok(jwks) => ready(&request.http, &document(&jwks), MAX_AGE),
        Err(error) => OAuthFailure::from(error).respond(request.request_id),
    }
}

pub fn document(jwks: &ReadyJwks) -> ReadyDocument {
    ReadyDocument {
        body: jwks.body.clone(),
        etag: jwks.etag.clone(),
    }
}
