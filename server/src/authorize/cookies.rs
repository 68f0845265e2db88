//! The two cookies of a sign-in: the browser session, and the secret that binds a pending
//! authorization to the browser it was begun in.
//!
//! Not here: what a session is (`authority::browser_sessions`). Nothing about a request is kept in
//! a cookie, so that several tabs work. To add a cookie: a variant of [`CookieKind`].

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use store::Tenant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieKind {
    Session,
    Browser,
}

impl CookieKind {
    /// Tenants share an origin, so the name carries the tenant (row L2). `__Host-`
    /// keeps a neighbouring subdomain from planting one; browsers take it only with Secure, so a
    /// development issuer on http has the plain name.
    fn name(self, tenant: &Tenant) -> String {
        let prefix = if tenant.issuer().is_https() {
            "__Host-"
        } else {
            ""
        };
        let thing = match self {
            Self::Session => "session",
            Self::Browser => "browser",
        };
        format!("{prefix}writ_{thing}_{}", tenant.slug())
    }
}

/// The value that the browser sent.
pub fn find(request: &HttpRequest, tenant: &Tenant, kind: CookieKind) -> Option<String> {
    request
        .cookie(&kind.name(tenant))
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| !value.is_empty())
}

/// The cookie to set. It ends with the browser; the session's own lifetimes are the server's.
pub fn set(tenant: &Tenant, kind: CookieKind, value: String) -> Cookie<'static> {
    Cookie::build(kind.name(tenant), value)
        // `__Host-` demands the root path; the name keeps tenants apart.
        .path("/")
        .http_only(true)
        .secure(tenant.issuer().is_https())
        // Lax: the way in is a link from the client's site, and the cookie must come along.
        .same_site(SameSite::Lax)
        .finish()
}

/// The cookie that takes another away.
pub fn removal(tenant: &Tenant, kind: CookieKind) -> Cookie<'static> {
    let mut cookie = set(tenant, kind, String::new());
    cookie.make_removal();
    cookie
}
