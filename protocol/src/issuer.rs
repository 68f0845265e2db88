//! The issuer: one immutable string per tenant, byte-identical wherever it is shown.
//!
//! Clients compare it as a string, so it is never normalised; a trailing slash is part of it. What a
//! request is routed by is its `IssuerLocation`: host and path without the trailing slash.

use serde::{Deserialize, Serialize};
use url::Url;

/// An issuer string that passed the rules below.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer {
    text: String,
    location: IssuerLocation,
}

/// Where an issuer's requests arrive: `host[:port]` in lower case without a default port, and the
/// path without its trailing slash (empty for a root issuer). Unique in the installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IssuerLocation {
    pub host: String,
    pub path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    #[error("an issuer is an absolute URL of at most 512 characters")]
    Malformed,
    #[error("an issuer starts with https:// (http:// only on localhost, 127.0.0.1 and [::1])")]
    SchemeNotAllowed,
    #[error("an issuer has no user name, password, query or fragment")]
    HasExtraParts,
    #[error(
        "write the issuer in its plain form: lower-case host, no default port, and path segments of \
         A-Z a-z 0-9 . _ ~ - that do not start with a dot"
    )]
    NotPlain,
    #[error("the issuer's path begins with a word that is an endpoint or page of a root tenant")]
    ReservedPath,
}

/// First path segments that belong to a root tenant's endpoints, aliases and pages, or to the server.
const RESERVED_FIRST_SEGMENTS: [&str; 35] = [
    "account",
    "admin",
    "assets",
    "authorize",
    "client-logo",
    "clients-registrations",
    "consent",
    "device",
    "device_authorization",
    "docs",
    "end_session",
    "favicon.ico",
    "health",
    "healthz",
    "introspect",
    "jwks",
    "jwks.json",
    "livez",
    "login",
    "logout",
    "metrics",
    "oauth2",
    "openapi.json",
    "par",
    "password",
    "protocol",
    "readyz",
    "register",
    "resources",
    "revocations",
    "revoke",
    "robots.txt",
    "static",
    "token",
    "userinfo",
];

/// A root tenant answers at `/oauth/token` as well, and `/oauth` is too usual an issuer path to be
/// reserved: on one host there is one or the other.
pub const ROOT_ALIAS_PATH: &str = "/oauth";

const MAX_BYTES: usize = 512;

impl Issuer {
    /// Whether it names this machine only.
    pub fn is_loopback(&self) -> bool {
        let url = Url::parse(self.as_str()).ok();
        url.as_ref()
            .and_then(Url::host_str)
            .is_some_and(is_loopback_host)
    }

    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        if text.len() > MAX_BYTES {
            return Err(IssuerError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| IssuerError::Malformed)?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(IssuerError::Malformed)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback_host(host) => {}
            _ => return Err(IssuerError::SchemeNotAllowed),
        }
        let has_extra_parts = !url.username().is_empty()
            || url.password().is_some()
            || text.contains(['?', '#', '@']);
        if has_extra_parts {
            return Err(IssuerError::HasExtraParts);
        }
        let is_plain = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
        if !is_plain {
            return Err(IssuerError::NotPlain);
        }
        let path = url.path().strip_suffix('/').unwrap_or(url.path());
        check_path(path)?;
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let location = IssuerLocation {
            host,
            path: path.to_owned(),
        };
        Ok(Self {
            text: text.to_owned(),
            location,
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn location(&self) -> &IssuerLocation {
        &self.location
    }

    pub fn is_https(&self) -> bool {
        self.text.starts_with("https://")
    }

    /// Scheme, host and port: what a browser sends as `Origin` for our own pages.
    pub fn origin(&self) -> String {
        let scheme = if self.is_https() { "https" } else { "http" };
        format!("{scheme}://{}", self.location.host)
    }

    /// The URL of one of this issuer's endpoints or pages: `endpoint("token")`.
    pub fn endpoint(&self, name: &str) -> String {
        format!("{}/{name}", self.base())
    }

    /// The path of an endpoint on its own host, for forms and cookies.
    pub fn endpoint_path(&self, name: &str) -> String {
        format!("{}/{name}", self.location.path)
    }

    fn base(&self) -> &str {
        self.text.strip_suffix('/').unwrap_or(&self.text)
    }
}

fn check_path(path: &str) -> Result<(), IssuerError> {
    let mut segments = path.split('/').skip(1).peekable();
    if let Some(first) = segments.peek() {
        let first = first.to_ascii_lowercase();
        if RESERVED_FIRST_SEGMENTS.contains(&first.as_str()) {
            return Err(IssuerError::ReservedPath);
        }
    }
    // A dot first would reach into /.well-known; an empty segment has two spellings.
    let is_plain = |segment: &str| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
    };
    if segments.all(is_plain) {
        Ok(())
    } else {
        Err(IssuerError::NotPlain)
    }
}

/// Exactly the three loopback hosts (RFC 8252 §7.3, §8.3), as `Url::host_str` writes them.
pub fn is_loopback_host(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

impl IssuerLocation {
    /// What a request's `Host` is looked up by; `None` when it is no host at all.
    pub fn host_of_request(host_header: &str, is_https: bool) -> Option<String> {
        let host = host_header.to_ascii_lowercase();
        let default_port = if is_https { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(&host);
        let is_host_byte = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        let is_valid = !host.is_empty() && host.len() <= 260 && host.bytes().all(is_host_byte);
        is_valid.then(|| host.to_owned())
    }

    pub fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// Whether both may not stand: the same place, or one inside the other's path on a segment
    /// boundary. A root issuer has others below it; reserved first segments keep them apart, and
    /// `ROOT_ALIAS_PATH` is checked here.
    pub fn collides_with(&self, other: &Self) -> bool {
        if self.host != other.host {
            return false;
        }
        if self.path == other.path {
            return true;
        }
        if self.is_root() || other.is_root() {
            return self.is_at_root_alias() || other.is_at_root_alias();
        }
        is_inside(&self.path, &other.path) || is_inside(&other.path, &self.path)
    }

    /// Whether a root tenant's aliases lie inside this issuer's path.
    fn is_at_root_alias(&self) -> bool {
        self.path == ROOT_ALIAS_PATH || is_inside(&self.path, ROOT_ALIAS_PATH)
    }

    /// Every path that would collide from above: `/a/b/c` → `/a`, `/a/b`, `/a/b/c`; the root's empty one
    /// too where its aliases are. For exact look-ups.
    pub fn path_prefixes(&self) -> Vec<String> {
        let root = self.is_at_root_alias().then_some(0);
        let ends = self.path.match_indices('/').map(|(at, _)| at).skip(1);
        root.into_iter()
            .chain(ends)
            .chain([self.path.len()])
            .map(|end| self.path[..end].to_owned())
            .collect()
    }
}

fn is_inside(inner: &str, outer: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.starts_with('/'))
}

impl std::fmt::Display for Issuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::str::FromStr for Issuer {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Issuer {
    type Error = IssuerError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(text: &str) -> IssuerLocation {
        Issuer::parse(text).unwrap().location().clone()
    }

    #[test]
    fn an_issuer_of_any_form_is_kept_byte_for_byte() {
        for (text, host, path) in [
            ("http://localhost:9000/t/acme", "localhost:9000", "/t/acme"),
            ("http://localhost:9000", "localhost:9000", ""),
            ("https://as.example/", "as.example", ""),
            (
                "https://as.example/realms/acme/",
                "as.example",
                "/realms/acme",
            ),
            ("https://auth.acme.com/oauth", "auth.acme.com", "/oauth"),
            ("http://[::1]:9000/t/x", "[::1]:9000", "/t/x"),
        ] {
            let issuer = Issuer::parse(text).unwrap();
            assert_eq!(issuer.as_str(), text);
            assert_eq!(issuer.location().host, host);
            assert_eq!(issuer.location().path, path);
        }
    }

    #[test]
    fn an_endpoint_has_one_slash_after_the_issuer() {
        let issuer = |text| Issuer::parse(text).unwrap().endpoint("token");
        assert_eq!(
            issuer("https://as.example/realms/a/"),
            "https://as.example/realms/a/token"
        );
        assert_eq!(
            issuer("https://as.example/t/a"),
            "https://as.example/t/a/token"
        );
        assert_eq!(issuer("https://as.example"), "https://as.example/token");
    }

    #[test]
    fn what_has_two_spellings_or_is_reserved_is_refused() {
        use IssuerError::{HasExtraParts, Malformed, NotPlain, ReservedPath, SchemeNotAllowed};
        for (text, error) in [
            ("as.example", Malformed),
            ("http://as.example", SchemeNotAllowed),
            ("http://localhost.evil.test", SchemeNotAllowed),
            ("ftp://as.example", SchemeNotAllowed),
            ("https://user@as.example", HasExtraParts),
            ("https://as.example?x=1", HasExtraParts),
            ("https://as.example/#", HasExtraParts),
            ("https://AS.example", NotPlain),
            ("https://as.example:443", NotPlain),
            ("https://as.example/a/../b", NotPlain),
            ("https://as.example/a//b", NotPlain),
            ("https://as.example/a//", NotPlain),
            ("https://as.example/a b", NotPlain),
            ("https://as.example/a%20b", NotPlain),
            ("https://as.example/.well-known/x", NotPlain),
            ("https://as.example/a/.well-known", NotPlain),
            ("https://as.example/token", ReservedPath),
            ("https://as.example/Authorize/x", ReservedPath),
        ] {
            assert_eq!(Issuer::parse(text), Err(error), "{text}");
        }
    }

    /// Root, `/t/x`, `/realms/acme/`, `/a` stand side by side.
    #[test]
    fn issuers_do_not_nest_except_under_a_root() {
        let h = "https://as.example";
        let standing =
            ["", "/t/x", "/realms/acme/", "/a"].map(|path| location(&format!("{h}{path}")));
        for (at, one) in standing.iter().enumerate() {
            for (other_at, other) in standing.iter().enumerate() {
                assert_eq!(
                    one.collides_with(other),
                    at == other_at,
                    "{one:?} {other:?}"
                );
            }
        }
        assert!(location(&format!("{h}/a/oauth")).collides_with(&standing[3]));
        assert!(location(&format!("{h}/a/")).collides_with(&standing[3]));
        assert!(!location(&format!("{h}/ab")).collides_with(&standing[3]));
        assert!(!location("https://other.example/a").collides_with(&standing[3]));
        assert_eq!(
            location(&format!("{h}/x/b/c")).path_prefixes(),
            ["/x", "/x/b", "/x/b/c"]
        );
        // `/oauth/token` would be both the root tenant's alias and the other's endpoint.
        assert!(location(&format!("{h}/oauth")).collides_with(&standing[0]));
        assert!(standing[0].collides_with(&location(&format!("{h}/oauth/b"))));
        assert!(!location(&format!("{h}/oauthx")).collides_with(&standing[0]));
        assert_eq!(
            location(&format!("{h}/oauth/b")).path_prefixes(),
            ["", "/oauth", "/oauth/b"]
        );
    }

    #[test]
    fn a_host_header_is_looked_up_in_lower_case_without_its_default_port() {
        let host = |text, is_https| IssuerLocation::host_of_request(text, is_https);
        assert_eq!(host("AS.Example:443", true).as_deref(), Some("as.example"));
        assert_eq!(
            host("as.example:443", false).as_deref(),
            Some("as.example:443")
        );
        assert_eq!(
            host("localhost:9000", false).as_deref(),
            Some("localhost:9000")
        );
        assert_eq!(host("evil.test/x", true), None);
        assert_eq!(host("", true), None);
    }
}
