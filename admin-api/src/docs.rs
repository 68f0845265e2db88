//! The document for people: Swagger UI, its assets compiled in and served from our own origin.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa_swagger_ui::Config;

use crate::api::Api;
use crate::problem::Problem;

pub const DOCUMENT_PATH: &str = "/admin/v1/openapi.json";

/// Scripts and requests only from here: what a page with an admin key in it must not do is talk to
/// others. Swagger UI sets inline styles and draws its icons from data URLs.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub async fn serve_document() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .body(crate::document::openapi_json())
}

/// The assets are named relative to the page, so the page's path ends with a slash.
pub async fn redirect_to_page() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/admin/docs/"))
        .finish()
}

pub async fn serve_page(
    request: HttpRequest,
    file: web::Path<String>,
    api: web::Data<Api>,
) -> HttpResponse {
    // Nothing of the document leaves for an online validator, and a key typed in is forgotten.
    let config = Config::from(DOCUMENT_PATH)
        .validator_url("none")
        .persist_authorization(false)
        .try_it_out_enabled(false)
        .display_operation_id(true)
        .deep_linking(true);
    match utoipa_swagger_ui::serve(&file, Arc::new(config)) {
        Ok(Some(asset)) => {
            let mut response = HttpResponse::Ok();
            response
                .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
                .insert_header((header::X_FRAME_OPTIONS, "DENY"))
                .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .insert_header((header::REFERRER_POLICY, "no-referrer"))
                .insert_header((header::CACHE_CONTROL, "no-cache"))
                .content_type(asset.content_type);
            response.body(asset.bytes.into_owned())
        }
        Ok(None) => Problem::not_found("page", "/admin/docs/").respond(&api, &request),
        Err(error) => Problem::internal(error).respond(&api, &request),
    }
}
