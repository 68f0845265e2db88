//! The settings that creating and changing a tenant share, and their bounds.

use protocol::redirect_uri::RedirectUri;

use crate::problem::Faults;

const PRIVATE_USE_LIMIT: usize = 50;

/// Exact URIs: the only private-use redirects that clients of this tenant may register.
pub fn private_use_redirect_uris(faults: &mut Faults, texts: &[String]) -> Vec<String> {
    if texts.len() > PRIVATE_USE_LIMIT {
        faults.add(
            "private_use_redirect_uris",
            format!("At most {PRIVATE_USE_LIMIT}."),
        );
    }
    let mut uris: Vec<String> = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        match RedirectUri::parse_private_use(text) {
            Ok(uri) if !uris.iter().any(|known| known == uri.as_str()) => {
                uris.push(uri.as_str().to_owned());
            }
            Ok(_) => {}
            Err(error) => faults.add(
                format!("private_use_redirect_uris[{at}]"),
                error.to_string(),
            ),
        }
    }
    uris
}

/// A refresh token that must be used within its whole life is what the idle lifetime is for.
pub fn check_refresh_lifetimes(
    faults: &mut Faults,
    idle: std::time::Duration,
    absolute: std::time::Duration,
) {
    if idle > absolute {
        faults.add(
            "refresh_idle_lifetime",
            "At most refresh_absolute_lifetime.",
        );
    }
}
