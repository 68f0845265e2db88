//! Which URLs may be fetched at all (rows K1 and K4). Pure: no network, no clock, no state, so that
//! a rule of a request can use it before any fetch, and a fuzzer can feed it.
//!
//! What it is not: the check of what a name resolves to; that is `guard`'s, at fetch time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::fetch::FetchKind;
use crate::special_use::is_special_use;

/// Longer URLs are refused unread.
const MAX_URL_BYTES: usize = 2_048;

/// Names that never lead to the public internet (RFC 6761, RFC 6762, RFC 7686, RFC 8375, and the
/// top-level name that is set aside for private use).
const LOCAL_NAMES: [&str; 5] = ["localhost", "local", "internal", "home.arpa", "onion"];

/// Why a URL may not be fetched. The texts may be shown: they speak of the URL alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UrlFault {
    #[error("the URL is longer than 2048 bytes")]
    TooLong,
    #[error("the URL may contain printable ASCII characters only, and no backslash")]
    Characters,
    #[error("the URL cannot be read")]
    NotAUrl,
    #[error("the URL must use https")]
    Scheme,
    #[error("the URL must not contain a user name or password")]
    Userinfo,
    #[error("the URL must not contain a fragment")]
    Fragment,
    #[error("the URL must name a host of the public internet")]
    Host,
    #[error("the URL must use port 443 or another allowed port")]
    Port,
    #[error("the URL must have a path")]
    Path,
    #[error("the URL must not contain dot segments or an encoded dot")]
    DotSegment,
    #[error("the URL must be written in its normal form")]
    NotNormal,
    #[error("the URL must not name an address outside the public internet")]
    SpecialUse,
}

/// What the rule depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlRules {
    pub allowed_ports: Vec<u16>,
    /// Development, and the issuer is on a loopback host itself: `http` and any port are fine there.
    pub allows_loopback: bool,
}

/// A URL that passed, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedUrl {
    url: Url,
    destination: Destination,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Lower case, in its ASCII form, with at least one dot and none at the end.
    Name(String),
    /// A literal of the public internet.
    Address(IpAddr),
    /// This machine, in development.
    Loopback(Vec<IpAddr>),
}

impl CheckedUrl {
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Lower case, ASCII; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn destination(&self) -> &Destination {
        &self.destination
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }
}

impl UrlRules {
    /// The rule. `kind` matters because the URL of a metadata document is a client's identifier,
    /// compared byte by byte: it has one spelling.
    pub fn check(&self, text: &str, kind: FetchKind) -> Result<CheckedUrl, UrlFault> {
        if text.len() > MAX_URL_BYTES {
            return Err(UrlFault::TooLong);
        }
        // The parser mends what it can: it drops tabs and line ends, takes a backslash for a
        // slash, encodes the rest. What needs mending is not a URL (RFC 3986 §2).
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains('\\') {
            return Err(UrlFault::Characters);
        }
        let url = Url::parse(text).map_err(|_| UrlFault::NotAUrl)?;
        let destination = self.destination(&url)?;
        let (authority, path) = split(text);
        // Also the empty ones, which the parser forgets.
        if authority.contains('@') {
            return Err(UrlFault::Userinfo);
        }
        if url.fragment().is_some() {
            return Err(UrlFault::Fragment);
        }
        let is_loopback = matches!(destination, Destination::Loopback(_));
        let port = url.port_or_known_default().unwrap_or_default();
        if !is_loopback && !self.allowed_ports.contains(&port) {
            return Err(UrlFault::Port);
        }
        if has_dot_segment(path) {
            return Err(UrlFault::DotSegment);
        }
        if kind == FetchKind::MetadataDocument {
            check_identifier(text, &url)?;
        }
        Ok(CheckedUrl { url, destination })
    }

    fn destination(&self, url: &Url) -> Result<Destination, UrlFault> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err(UrlFault::Scheme);
        }
        let host = url.host().ok_or(UrlFault::Host)?;
        if self.allows_loopback
            && let Some(addresses) = loopback(&host)
        {
            return Ok(Destination::Loopback(addresses));
        }
        if url.scheme() != "https" {
            return Err(UrlFault::Scheme);
        }
        let address = match host {
            Host::Domain(name) => return public_name(name).map(Destination::Name),
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
        };
        // Decimal, octal, hexadecimal and short spellings have become an address by now.
        if is_special_use(address) {
            return Err(UrlFault::SpecialUse);
        }
        Ok(Destination::Address(address))
    }
}

/// CIMD §3: a path, and no second spelling of the same place. The parser's output is the first:
/// lower-case host in ASCII, no default port, nothing left to encode.
fn check_identifier(text: &str, url: &Url) -> Result<(), UrlFault> {
    if matches!(url.path(), "" | "/") {
        return Err(UrlFault::Path);
    }
    if url.as_str() != text {
        return Err(UrlFault::NotNormal);
    }
    Ok(())
}

/// Authority and path as they are written, before a parser has tidied them.
fn split(text: &str) -> (&str, &str) {
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    let rest = rest.trim_start_matches('/');
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let before_query = rest.get(..end).unwrap_or_default();
    let slash = before_query.find('/').unwrap_or(before_query.len());
    before_query.split_at(slash)
}

/// CIMD §3: no single- or double-dot segments, in any spelling. A dot never needs encoding (RFC
/// 3986 §2.3), so an encoded one is there to be decoded by somebody else.
fn has_dot_segment(path: &str) -> bool {
    path.to_ascii_lowercase().contains("%2e")
        || path.split('/').any(|segment| matches!(segment, "." | ".."))
}

fn public_name(name: &str) -> Result<String, UrlFault> {
    let is_local = |suffix: &&str| {
        name.strip_suffix(*suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // A single label is a name of somebody's own network. Empty labels include the one after a
    // final dot: the same host, spelt a second way.
    let is_well_formed = name.contains('.')
        && name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        });
    if !is_well_formed || LOCAL_NAMES.iter().any(is_local) {
        return Err(UrlFault::Host);
    }
    Ok(name.to_owned())
}

fn loopback(host: &Host<&str>) -> Option<Vec<IpAddr>> {
    match host {
        Host::Domain("localhost") => {
            Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
        }
        Host::Ipv4(address) if address.is_loopback() => Some(vec![(*address).into()]),
        Host::Ipv6(address) if address.is_loopback() => Some(vec![(*address).into()]),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
