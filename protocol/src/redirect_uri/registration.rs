//! What may be registered as a redirect URI: an allow-list of forms, nothing that two parsers read
//! differently.

use url::Url;

use crate::error_code::{ErrorCode, ProtocolError};
use crate::issuer::is_loopback_host;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    #[error("a redirect URI is an absolute URI of at most 2048 characters that RFC 3986 allows")]
    Malformed,
    #[error("a redirect URI has no fragment")]
    HasFragment,
    #[error("a redirect URI has no user name or password")]
    HasUserInfo,
    #[error(
        "write the redirect URI in its plain form: lower-case scheme and host, no dot segments"
    )]
    NotPlain,
    #[error("http redirect URIs work only on localhost, 127.0.0.1 and [::1]; use https elsewhere")]
    HttpNotLoopback,
    #[error("this scheme is never accepted in a redirect URI")]
    SchemeForbidden,
    #[error(
        "a private-use redirect URI must be on the tenant's list of exact URIs; ask its administrator"
    )]
    PrivateUseNotListed,
    #[error("a redirect URI's query must not contain code, state, iss or error")]
    QueryCollides,
}

impl ProtocolError for RedirectUriError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed
            | Self::HasFragment
            | Self::HasUserInfo
            | Self::NotPlain
            | Self::HttpNotLoopback
            | Self::SchemeForbidden
            | Self::PrivateUseNotListed
            | Self::QueryCollides => ErrorCode::InvalidRedirectUri,
        }
    }
}

const MAX_BYTES: usize = 2048;

/// Schemes that run, read or open something in the browser: refused even when an operator lists them.
const FORBIDDEN_SCHEMES: [&str; 16] = [
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "javascript",
    "mailto",
    "resource",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Parameters that an answer of ours carries; a registered one would be taken for ours.
const RESPONSE_PARAMETERS: [&str; 6] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
];

pub(super) fn check(text: &str, private_use: &[String]) -> Result<(), RedirectUriError> {
    let url = check_form(text)?;
    match url.scheme() {
        "https" => check_web(text, &url),
        "http" => {
            check_web(text, &url)?;
            let is_loopback = url.host_str().is_some_and(is_loopback_host);
            is_loopback
                .then_some(())
                .ok_or(RedirectUriError::HttpNotLoopback)
        }
        scheme if FORBIDDEN_SCHEMES.contains(&scheme) => Err(RedirectUriError::SchemeForbidden),
        _ if private_use.iter().any(|listed| listed == text) => Ok(()),
        _ => Err(RedirectUriError::PrivateUseNotListed),
    }
}

pub(super) fn check_private_use_entry(text: &str) -> Result<(), RedirectUriError> {
    let url = check_form(text)?;
    match url.scheme() {
        "http" | "https" => Err(RedirectUriError::NotPlain),
        scheme if FORBIDDEN_SCHEMES.contains(&scheme) => Err(RedirectUriError::SchemeForbidden),
        scheme if text.starts_with(&format!("{scheme}:")) => Ok(()),
        _ => Err(RedirectUriError::NotPlain),
    }
}

/// What holds for every scheme.
fn check_form(text: &str) -> Result<Url, RedirectUriError> {
    // Before anything else: the URL parser silently drops tabs and newlines and turns `\` into `/`.
    let is_rfc3986 =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    if text.len() > MAX_BYTES || !text.bytes().all(is_rfc3986) || has_bad_escape(text) {
        return Err(RedirectUriError::Malformed);
    }
    // RFC 6749 §3.1.2: no fragment, not even an empty one.
    if text.contains('#') {
        return Err(RedirectUriError::HasFragment);
    }
    let url = Url::parse(text).map_err(|_| RedirectUriError::Malformed)?;
    let has_userinfo = !url.username().is_empty()
        || url.password().is_some()
        || authority(text).is_some_and(|authority| authority.contains('@'));
    if has_userinfo {
        return Err(RedirectUriError::HasUserInfo);
    }
    let collides = url
        .query_pairs()
        .any(|(name, _)| RESPONSE_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()));
    if collides {
        Err(RedirectUriError::QueryCollides)
    } else {
        Ok(url)
    }
}

/// http and https: scheme, host and path are written as every parser reads them, so `127.1`,
/// `0x7f.1`, `LOCALHOST` and `/a/../b` are out.
fn check_web(text: &str, url: &Url) -> Result<(), RedirectUriError> {
    let authority = authority(text).ok_or(RedirectUriError::NotPlain)?;
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or(RedirectUriError::Malformed)?;
    let after_host = authority
        .strip_prefix(host)
        .ok_or(RedirectUriError::NotPlain)?;
    let is_port = after_host.is_empty()
        || after_host
            .strip_prefix(':')
            .is_some_and(super::matching::is_plain_port);
    let path_at = url.scheme().len() + "://".len() + authority.len();
    let tail = text.get(path_at..).unwrap_or_default();
    let path = tail.split('?').next().unwrap_or_default();
    let is_plain_path = path == url.path() || (path.is_empty() && url.path() == "/");
    let is_plain_scheme = text.starts_with(url.scheme());
    let is_plain = is_plain_scheme && is_port && is_plain_path && !host.ends_with('.');
    if is_plain {
        Ok(())
    } else {
        Err(RedirectUriError::NotPlain)
    }
}

fn authority(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    rest.split(['/', '?']).next()
}

/// A `%` that two hexadecimal digits do not follow means different things to different parsers.
fn has_bad_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    (0..bytes.len()).any(|at| bytes[at] == b'%' && !(is_hex(at + 1) && is_hex(at + 2)))
}
