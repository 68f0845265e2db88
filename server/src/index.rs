//! `GET /`: says what this is, to whoever types the address into a browser. No version, no tenants.

use actix_web::HttpResponse;
use actix_web::http::header;

use crate::state::AppState;

pub fn answer(state: &AppState) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .body(format!(
            "Writ: an OAuth 2.1 authorization server for MCP servers.\n\
             An issuer's metadata: {}/t/{{tenant}}/.well-known/oauth-authorization-server\n\
             Documentation: README.md and docs/ beside the program's source; begin with docs/first-tenant.md.\n\
             The admin API describes itself at /admin/docs/ on the admin port.\n",
            state.public_url
        ))
}
