//! `GET {issuer}/revocations`: what is revoked, signed, for resource servers that verify tokens by themselves
//! (`docs/revocation.md`).
//!
//! Not here: what it says (`protocol::revocation_feed`), when it is made anew (`authority::revocation_feed`).

use actix_web::HttpResponse;

use crate::discovery::{ReadyDocument, ready_as};
use crate::http::oauth_error::OAuthFailure;
use crate::tenancy::TenantRequest;

/// Verifiers poll; what lies between them and us may spare them this long.
const MAX_AGE: &str = "public, max-age=10";

#[utoipa::path(
    get, path = "/revocations", operation_id = "find_revocations", tag = "tokens",
    summary = "What is revoked and could still be presented, signed",
    description = "A JWT of type `revocations+jwt`: `iss`, `iat`, `exp`, `grants` (void `grant_id`s), `tokens` (void \
        `jti`s), `clients` (`client_id`, and `issued_before` where only older tokens are void) and `complete`.",
    responses(
        (status = 200, description = "The feed", body = String, content_type = "application/jwt"),
        (status = 304, description = "Unchanged since the ETag that was sent"),
        (status = 404, description = "No such issuer", body = crate::http::oauth_error::OAuthErrorBody),
        (status = 503, description = "Try again", body = crate::http::oauth_error::OAuthErrorBody),
    )
)]
pub async fn answer(request: &TenantRequest) -> HttpResponse {
    match request.authority().revocation_feed(&request.tenant).await {
        Ok(feed) => {
            let document = ReadyDocument {
                body: feed.body,
                etag: feed.etag,
            };
            ready_as("application/jwt", &request.http, &document, MAX_AGE)
        }
        Err(error) => OAuthFailure::from(error).respond(request.request_id),
    }
}
