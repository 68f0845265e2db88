//! `GET /`: says what this is, to whoever types the address into a browser. No version, no tenants.

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse};

use crate::state::AppState;

pub fn answer(state: &AppState, http: &HttpRequest) -> HttpResponse {
    if !matches!(*http.method(), Method::GET | Method::HEAD) {
        return HttpResponse::MethodNotAllowed()
            .insert_header((header::ALLOW, "GET, HEAD, OPTIONS"))
            .finish();
    }
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .body(format!(
            "Writ: an OAuth 2.1 authorization server for MCP servers.\n\
             An issuer's metadata: {}/t/{{tenant}}/.well-known/oauth-authorization-server\n",
            state.public_url
        ))
}
