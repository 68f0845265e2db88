//! `GET {issuer}/client-logo?logo=…`: the image that a client names as its own, from our origin, so that no
//! consent page sends a browser to a client's host (row K14).
//!
//! Only what a consent page of this tenant sealed into the URL is fetched: nobody can have us fetch an
//! address of their own choice here. What cannot be shown is replaced by the first letter of the name.
//!
//! Not here: what counts as an image (`outbound`), keeping it (`authority::client_documents`).

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{AssociatedData, Purpose};
use protocol::Timestamp;
use protocol::client::{Client, ClientOrigin};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::pages;
use crate::tenancy::TenantRequest;

/// As long as somebody may look at a consent page.
const LIFETIME: Duration = Duration::from_hours(1);
const MAX_SEALED_BYTES: usize = 4_096;

/// An image is never a document of ours: opened by itself it runs nothing and loads nothing.
const CONTENT_SECURITY_POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

#[derive(Serialize, Deserialize)]
struct ShownLogo {
    uri: String,
    initial: String,
    until: i64,
}

/// Where a page shows the logo of this client from, if it names one and may show it. A picture convinces
/// more than a name: of one that registered itself as whoever it likes none is shown, proven or not, and so
/// nothing that its registration names is fetched (row J6). A document at least is its host's.
pub fn path_for(request: &TenantRequest, client: &Client) -> Option<String> {
    if client.origin == ClientOrigin::Registered {
        return None;
    }
    let shown = ShownLogo {
        uri: client.logo_uri.clone()?,
        initial: pages::initial_of(client.display_name()),
        until: (request.now() + LIFETIME).unix_seconds(),
    };
    let plain = serde_json::to_vec(&shown).ok()?;
    let keys = request.authority().encryption_keys();
    let sealed = keys.seal(Purpose::Logo, &place(request), &plain);
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("logo", &URL_SAFE_NO_PAD.encode(sealed))
        .finish();
    let path = request.tenant.issuer().endpoint_path("client-logo");
    Some(format!("{path}?{query}"))
}

pub async fn answer(request: TenantRequest) -> HttpResponse {
    let Some(shown) = open(&request) else {
        return image(StatusCode::NOT_FOUND, "image/svg+xml", letter(""));
    };
    let authority = request.authority();
    let found = Box::pin(authority.find_client_logo(&request.tenant, &shown.uri)).await;
    match found {
        Some(logo) => image(StatusCode::OK, &logo.media_type, logo.image.clone()),
        // Browsers show the body of an image whatever its status is.
        None => image(
            StatusCode::NOT_FOUND,
            "image/svg+xml",
            letter(&shown.initial),
        ),
    }
}

fn place(request: &TenantRequest) -> AssociatedData {
    AssociatedData::of(&[request.tenant.id().as_uuid().as_bytes()])
}

fn open(request: &TenantRequest) -> Option<ShownLogo> {
    let parameters = request.query().ok()?;
    let sealed = parameters.single("logo").ok()??;
    if sealed.len() > MAX_SEALED_BYTES {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let keys = request.authority().encryption_keys();
    let plain = keys.open(Purpose::Logo, &place(request), &sealed).ok()?;
    let shown: ShownLogo = serde_json::from_slice(&plain).ok()?;
    let is_current = request.now() < Timestamp::from_unix_seconds(shown.until);
    is_current.then_some(shown)
}

fn image(status: StatusCode, media_type: &str, body: Vec<u8>) -> HttpResponse {
    let Ok(media_type) = header::HeaderValue::try_from(media_type) else {
        return HttpResponse::NotFound().finish();
    };
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "private, max-age=300"))
        .insert_header(("cross-origin-resource-policy", "same-origin"))
        .body(body)
}

/// Our own drawing: one letter or digit, so that nothing of the client's becomes markup.
fn letter(initial: &str) -> Vec<u8> {
    let initial: String = initial
        .chars()
        .filter(|character| character.is_alphanumeric())
        .collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 48 48\"><rect width=\"48\" height=\"48\" rx=\"10\" \
         fill=\"#1d5c58\"/><text x=\"24\" y=\"33\" font-family=\"system-ui,sans-serif\" font-size=\"25\" font-weight=\"700\" \
         text-anchor=\"middle\" fill=\"#fff\">{initial}</text></svg>"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_is_a_letter() {
        let drawn = String::from_utf8(letter("<\"A&>")).unwrap();
        assert!(drawn.contains(">A</text>"), "{drawn}");
    }
}
