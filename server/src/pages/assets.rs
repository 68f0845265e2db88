//! The style sheet and the icon of the pages: part of the binary, served under a path that carries
//! a digest of the content, so that browsers may keep them for a year and still see every change.
//!
//! Not here: anything a tenant uploads. To add a file: a constant, a path function, a line in
//! [`find`].

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;

/// Where the assets lie, on every host that we serve. The segment is reserved: no issuer may begin
/// with it.
pub const ASSETS_PATH: &str = "/assets/";

const STYLESHEET: &str = include_str!("../../assets/writ.css");
const ICON: &str = include_str!("../../assets/writ.svg");

static STYLESHEET_PATH: LazyLock<String> =
    LazyLock::new(|| format!("{ASSETS_PATH}writ-{:016x}.css", fingerprint(STYLESHEET)));
static ICON_PATH: LazyLock<String> =
    LazyLock::new(|| format!("{ASSETS_PATH}writ-{:016x}.svg", fingerprint(ICON)));

pub fn stylesheet_path() -> &'static str {
    &STYLESHEET_PATH
}

pub fn icon_path() -> &'static str {
    &ICON_PATH
}

/// Answers a request below [`ASSETS_PATH`]; `None` when there is no such file.
pub fn find(path: &str) -> Option<HttpResponse> {
    let (content, content_type) = if path == stylesheet_path() {
        (STYLESHEET, "text/css; charset=utf-8")
    } else if path == icon_path() {
        (ICON, "image/svg+xml")
    } else {
        return None;
    };
    let response = HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Opened by itself, an SVG is a document: it gets nothing either.
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ))
        .body(content);
    Some(response)
}

/// FNV-1a: tells one version of our own file from the next; no secret hangs on it.
fn fingerprint(content: &str) -> u64 {
    content.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
