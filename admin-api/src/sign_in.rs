//! Where people sign in for this API: its protected resource metadata (RFC 9728), and what a 401 says of it.
//!
//! What it is not: an operation. It answers anybody, as discovery must, with what is no secret.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use authority::system_tenant::ADMIN_RESOURCE;
use protocol::resource::metadata::{ProtectedResourceMetadata, well_known_url};

use crate::api::Api;
use crate::problem::Problem;

/// With the path of `WRIT_ADMIN_URL` behind it, or without: what a proxy leaves of it is not ours to say.
pub const PATHS: [&str; 2] = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/{path:.*}",
];

pub async fn serve(request: HttpRequest, api: web::Data<Api>) -> HttpResponse {
    match metadata(&api).await {
        Ok(metadata) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .json(metadata),
        Err(problem) => problem.respond(&api, &request),
    }
}

async fn metadata(api: &Api) -> Result<ProtectedResourceMetadata, Problem> {
    let nobody_signs_in =
        || Problem::not_found("way to sign in: admin keys only", "/admin/v1/openapi.json");
    let admin_url = api.admin_url().ok_or_else(nobody_signs_in)?;
    let directory = api.authority().directory();
    let tenant = directory.find_system_tenant().await?;
    let tenant = tenant.ok_or_else(nobody_signs_in)?;
    let resources = directory.list_resources(&tenant).await?;
    let resource = resources
        .find(ADMIN_RESOURCE)
        .filter(|resource| resource.audience == admin_url)
        .ok_or_else(nobody_signs_in)?;
    Ok(ProtectedResourceMetadata::new(tenant.issuer(), resource))
}

/// RFC 9110 §11.6.1: a 401 names the scheme that would work; RFC 9728 §5.1: and where to ask for a token.
pub fn challenge(api: &Api) -> String {
    const SCHEME: &str = "Bearer realm=\"writ admin\"";
    match api.admin_url().and_then(well_known_url) {
        Some(url) => format!("{SCHEME}, resource_metadata=\"{url}\""),
        None => SCHEME.to_owned(),
    }
}
