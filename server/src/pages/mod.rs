//! The pages a person meets: sign in, consent, device, error. Each file here is the view of one page
//! (plain strings, already decided), its template lies in `server/templates/` under the same name.
//!
//! Not here: deciding anything, reading the database, or knowing what a client is. A view is filled
//! in by the step that shows it (`authorize/login.rs`, `authorize/consent.rs`, …).
//!
//! To add a page: a view with `#[derive(Template)]` in a new file, a template that extends
//! `base.html`, an answer through [`respond`], which puts the headers on every page alike, and a
//! line in the test that renders them all with hostile names.

pub mod assets;
pub mod consent;
pub mod device;
pub mod error;
pub mod login;
pub mod logout;
#[cfg(test)]
mod tests;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use askama::Template;

/// Nothing but our own style sheet and icon. There is deliberately no `form-action`: browsers apply
/// it to the whole chain of redirects after a form, and that chain ends at the client, which may be
/// `http://localhost:51004` or `cursor://…` (row L1).
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What surrounds every page. Tenant branding is data: a name and its first letter, never markup.
#[derive(Debug, Clone)]
pub struct Frame {
    pub tenant: String,
    pub initial: String,
    pub stylesheet: &'static str,
    pub icon: &'static str,
}

impl Frame {
    /// The frame of a tenant's page.
    pub fn of_tenant(display_name: &str) -> Self {
        Self {
            tenant: display_name.to_owned(),
            initial: initial_of(display_name),
            stylesheet: assets::stylesheet_path(),
            icon: assets::icon_path(),
        }
    }

    /// The frame of a page that belongs to no tenant.
    pub fn of_nobody() -> Self {
        Self::of_tenant("")
    }
}

/// The first letter or digit, upper-case, for the mark beside the tenant's name.
pub fn initial_of(display_name: &str) -> String {
    display_name
        .chars()
        .find(|character| character.is_alphanumeric())
        .map(|character| character.to_uppercase().collect())
        .unwrap_or_default()
}

/// Turns a view into an answer with the headers that every page carries.
pub fn respond(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(body) => HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
            .insert_header((header::X_FRAME_OPTIONS, "DENY"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            // `no-referrer` would make browsers send `Origin: null` with our own forms.
            .insert_header((header::REFERRER_POLICY, "same-origin"))
            // L7: nothing to see with Back or Reload after signing out.
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(body),
        // A template writes into a string, which cannot fail; the type only says it might.
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}
