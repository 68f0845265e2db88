//! `WRIT_PUBLIC_URL`: what issuers are made of; and `WRIT_ADMIN_URL`, what tokens for the admin API are for. Both must be
//! written exactly as clients will compare them.

use std::fmt;

use super::error::Problem;
use super::sources::Sources;

const NAME: &str = "WRIT_PUBLIC_URL";
const DEFAULT: &str = "http://localhost:9000";
const ADMIN_NAME: &str = "WRIT_ADMIN_URL";

/// An http(s) URL without query, fragment, credentials or a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    is_localhost: bool,
}

impl PublicUrl {
    /// The URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether only this machine can be meant.
    pub fn is_localhost(&self) -> bool {
        self.is_localhost
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

pub(super) fn read(sources: &Sources) -> Result<PublicUrl, Problem> {
    parse(sources.text(NAME).unwrap_or(DEFAULT)).map_err(|what| sources.problem(NAME, what))
}

/// None: administrators have keys only, and nobody signs in.
pub(super) fn read_admin(
    sources: &Sources,
    public_url: Option<&PublicUrl>,
) -> Result<Option<PublicUrl>, Problem> {
    let Some(text) = sources.text(ADMIN_NAME) else {
        return Ok(None);
    };
    let url = parse(text).map_err(|what| sources.problem(ADMIN_NAME, what))?;
    // A token's audience says which of the two ports it is for.
    if public_url == Some(&url) {
        let what = "is the same as WRIT_PUBLIC_URL: write how administrators reach the admin port";
        return Err(sources.problem(ADMIN_NAME, what));
    }
    Ok(Some(url))
}

fn parse(text: &str) -> Result<PublicUrl, String> {
    let url = url::Url::parse(text).map_err(|error| {
        format!(
            "is `{text}`, which is no URL ({error}): write one such as https://auth.example.com"
        )
    })?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(format!(
            "is `{text}`: write an https URL such as https://auth.example.com"
        ));
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(
            "has a query, a fragment or credentials: write scheme, host and path alone".to_owned(),
        );
    }
    let canonical = url.as_str().trim_end_matches('/');
    if text.trim_end_matches('/') != canonical {
        return Err(format!(
            "is `{text}`: write it as `{canonical}`, since clients compare issuers byte by byte"
        ));
    }
    let is_localhost = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "http" && !is_localhost {
        return Err(format!(
            "is `{text}`: plain http is only for localhost; write https, with a proxy in front or WRIT_TLS_CERTIFICATE_FILE and WRIT_TLS_KEY_FILE"
        ));
    }
    Ok(PublicUrl {
        text: canonical.to_owned(),
        is_localhost,
    })
}
