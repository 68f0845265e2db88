//! Whether a form was posted by a page of ours (L3).
//!
//! Not here: the sealed pending authorization, which is the other half of the protection. Both must
//! hold. To trust one more place: nowhere; an answer from another origin is never ours.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderValue, ORIGIN};
use store::Tenant;

/// `Sec-Fetch-Site` and `Origin` as browsers send them. A program without either (curl, a test)
/// has no cookies of somebody else to misuse, and passes.
pub fn is_posted_by_us(request: &HttpRequest, tenant: &Tenant) -> bool {
    // The issuer's own origin, never the request's Host: that is the sender's to choose.
    is_ours(request.headers(), &tenant.issuer().origin())
}

fn is_ours(headers: &HeaderMap, our_origin: &str) -> bool {
    let fetch_site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if !matches!(fetch_site, None | Some(b"same-origin" | b"none")) {
        return false;
    }
    headers
        .get(ORIGIN)
        .is_none_or(|origin| origin.as_bytes() == our_origin.as_bytes())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderName;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.insert(
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        map
    }

    /// L3: a form of another site is refused whatever else it carries.
    #[test]
    fn only_our_own_pages_may_post() {
        for (pairs, expected) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("origin", "https://as.example")], true),
            (&[("origin", "https://as.example:8443")], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "http://as.example")], false),
            (&[("origin", "null")], false),
            (
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("origin", "https://evil.example"),
                ],
                false,
            ),
        ] {
            assert_eq!(
                is_ours(&headers(pairs), "https://as.example"),
                expected,
                "{pairs:?}"
            );
        }
    }
}
