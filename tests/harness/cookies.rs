//! A cookie jar that keeps what a browser would: by name, path and host, and not by the real clock.

use reqwest::header::{HeaderMap, SET_COOKIE};
use url::Url;

/// A cookie as it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    pub host: String,
    pub path: String,
    /// The attributes as they were written: `HttpOnly`, `SameSite=Lax`, …
    pub attributes: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct CookieJar {
    cookies: Vec<Cookie>,
}

impl Cookie {
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes
            .iter()
            .any(|written| written.eq_ignore_ascii_case(attribute))
    }
}

impl CookieJar {
    pub(super) fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Puts a cookie there that no server set: what a neighbouring subdomain or malware can.
    pub(super) fn plant(&mut self, url: &Url, name: &str, value: &str) {
        self.cookies.retain(|kept| kept.name != name);
        let text = format!("{name}={value}; Path=/");
        self.cookies.extend(parse(&text, url));
    }

    /// The `Cookie` header of a request, if there is anything to send.
    pub(super) fn header_for(&self, url: &Url) -> Option<String> {
        let matching: Vec<String> = self
            .cookies
            .iter()
            .filter(|cookie| {
                Some(cookie.host.as_str()) == url.host_str()
                    && path_matches(url.path(), &cookie.path)
            })
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!matching.is_empty()).then(|| matching.join("; "))
    }

    pub(super) fn store(&mut self, url: &Url, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let Some(cookie) = parse(header.to_str().unwrap(), url) else {
                continue;
            };
            self.cookies.retain(|kept| {
                (&kept.name, &kept.path, &kept.host) != (&cookie.name, &cookie.path, &cookie.host)
            });
            if !cookie.value.is_empty() && !cookie.has("Max-Age=0") {
                self.cookies.push(cookie);
            }
        }
    }
}

fn parse(text: &str, url: &Url) -> Option<Cookie> {
    let mut parts = text.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let attributes: Vec<String> = parts.map(str::to_owned).collect();
    let path = attributes
        .iter()
        .find_map(|attribute| {
            attribute
                .split_once('=')
                .filter(|(name, _)| name.eq_ignore_ascii_case("path"))
        })
        .map_or("/", |(_, path)| path);
    Some(Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        host: url.host_str()?.to_owned(),
        path: path.to_owned(),
        attributes,
    })
}

// RFC 6265 §5.1.4: equal, or a prefix that ends at a segment's boundary.
fn path_matches(asked: &str, path: &str) -> bool {
    asked == path
        || asked
            .strip_prefix(path)
            .is_some_and(|rest| path.ends_with('/') || rest.starts_with('/'))
}
