//! Whether the redirect URI of a request is a registered one, and the answer that is sent there.

use url::form_urlencoded;

use crate::error_code::{ErrorCode, OAuthError};

use super::{RedirectUri, RedirectUriKind};

/// A redirect URI that was compared with the registered ones: the only thing a redirect is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRedirectUri {
    uri: String,
    registered: RedirectUri,
    was_sent: bool,
}

/// Why nothing may be sent anywhere (RFC 6749 §3.1.2.4): such a request gets a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriMismatch {
    #[error("redirect_uri is missing, and the application has not registered exactly one")]
    Missing,
    #[error("redirect_uri is not one that the application has registered")]
    NotRegistered,
}

/// OAuth 2.1 §2.3.1: exact comparison; it may be left out when exactly one is registered.
pub fn match_redirect_uri(
    registered: &[RedirectUri],
    sent: Option<&str>,
) -> Result<VerifiedRedirectUri, RedirectUriMismatch> {
    let Some(sent) = sent else {
        return match registered {
            [only] => Ok(VerifiedRedirectUri {
                uri: only.as_str().to_owned(),
                registered: only.clone(),
                was_sent: false,
            }),
            _ => Err(RedirectUriMismatch::Missing),
        };
    };
    // An exact one first: consent is remembered per registered URI.
    let found = registered
        .iter()
        .find(|known| known.as_str() == sent)
        .or_else(|| {
            registered
                .iter()
                .find(|known| differs_in_loopback_port(known.as_str(), sent))
        })
        .ok_or(RedirectUriMismatch::NotRegistered)?;
    Ok(VerifiedRedirectUri {
        uri: sent.to_owned(),
        registered: found.clone(),
        was_sent: true,
    })
}

/// RFC 8252 §7.3: the port of a loopback redirect is whatever was free; nothing else is.
fn differs_in_loopback_port(registered: &str, sent: &str) -> bool {
    match (split_loopback(registered), split_loopback(sent)) {
        (Some(registered), Some(sent)) => registered == sent,
        _ => false,
    }
}

/// Host and everything after the port of `http://{loopback host}[:port]…`. No URL parser: what is
/// compared are bytes.
fn split_loopback(uri: &str) -> Option<(&'static str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]", "localhost"]
        .into_iter()
        .find(|host| rest.starts_with(host))?;
    let after_host = &rest[host.len()..];
    let after_port = match after_host.strip_prefix(':') {
        None => after_host,
        Some(port_and_rest) => {
            let end = port_and_rest
                .find(['/', '?'])
                .unwrap_or(port_and_rest.len());
            let (port, rest) = port_and_rest.split_at(end);
            if !is_plain_port(port) {
                return None;
            }
            rest
        }
    };
    let is_boundary = after_port.is_empty() || after_port.starts_with(['/', '?']);
    is_boundary.then_some((host, after_port))
}

/// 1 to 65535 without leading zeros.
pub(super) fn is_plain_port(port: &str) -> bool {
    let is_digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    is_digits && !port.starts_with('0') && port.parse::<u16>().is_ok()
}

impl VerifiedRedirectUri {
    /// Where the person's browser is sent.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// The registered URI that it matched; consent is remembered per this one.
    pub fn registered(&self) -> &RedirectUri {
        &self.registered
    }

    /// Whether the request carried it; the token endpoint compares only what was sent.
    pub fn was_sent(&self) -> bool {
        self.was_sent
    }

    pub fn kind(&self) -> RedirectUriKind {
        self.registered.kind()
    }

    pub fn display_host(&self) -> String {
        super::display_host(&self.uri)
    }

    /// The URL of the answer: a registered query is kept, our parameters come after it (RFC 6749 §4.1.2).
    pub fn with_response(&self, response: &ResponseParameters<'_>) -> String {
        let separator = match self.uri.find('?') {
            None => "?",
            Some(_) if self.uri.ends_with(['?', '&']) => "",
            Some(_) => "&",
        };
        let query: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(
                response
                    .pairs
                    .iter()
                    .map(|(name, value)| (*name, value.as_ref())),
            )
            .finish();
        format!("{}{separator}{query}", self.uri)
    }
}

/// What an authorization response says. `iss` is always in it (RFC 9207 §2), `state` exactly as sent.
pub struct ResponseParameters<'a> {
    pairs: Vec<(&'static str, std::borrow::Cow<'a, str>)>,
}

impl<'a> ResponseParameters<'a> {
    pub fn success(code: &'a str, state: Option<&'a str>, issuer: &'a str) -> Self {
        let mut pairs = vec![("code", code.into())];
        pairs.extend(state.map(|state| ("state", state.into())));
        pairs.push(("iss", issuer.into()));
        Self { pairs }
    }

    pub fn error(error: &'a OAuthError, state: Option<&'a str>, issuer: &'a str) -> Self {
        let mut pairs = vec![("error", wire(error.code))];
        if !error.description.is_empty() {
            pairs.push(("error_description", error.description.as_str().into()));
        }
        pairs.extend(state.map(|state| ("state", state.into())));
        pairs.push(("iss", issuer.into()));
        Self { pairs }
    }
}

fn wire(code: ErrorCode) -> std::borrow::Cow<'static, str> {
    code.as_str().into()
}
