//! Redirect URIs: what may be registered, and whether a request's one is registered.
//!
//! Matching is byte by byte; only the port of the three loopback hosts is free (RFC 8252 §7.3). A
//! redirect can be built from a `VerifiedRedirectUri` alone, so an open redirect does not type-check.

mod matching;
mod registration;

use serde::{Deserialize, Serialize};

pub use matching::{
    RedirectUriMismatch, ResponseParameters, VerifiedRedirectUri, match_redirect_uri,
};
pub use registration::RedirectUriError;

/// A redirect URI that registration accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

/// What kind of place a redirect leads to; consent and registration treat them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectUriKind {
    Https,
    /// `http` on localhost, 127.0.0.1 or \[::1\]: whoever listens on the person's own machine.
    Loopback,
    /// `cursor://…`: whichever program claimed the scheme.
    PrivateUse,
}

impl RedirectUri {
    /// The rules of registration. `private_use` is the tenant's list of exact URIs.
    pub fn parse(text: &str, private_use: &[String]) -> Result<Self, RedirectUriError> {
        registration::check(text, private_use)?;
        Ok(Self(text.to_owned()))
    }

    /// An entry for the tenant's list of private-use URIs.
    pub fn parse_private_use(text: &str) -> Result<Self, RedirectUriError> {
        registration::check_private_use_entry(text)?;
        Ok(Self(text.to_owned()))
    }

    /// What the database holds: registration has checked it.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn kind(&self) -> RedirectUriKind {
        if self.0.starts_with("https://") {
            RedirectUriKind::Https
        } else if self.0.starts_with("http://") {
            RedirectUriKind::Loopback
        } else {
            RedirectUriKind::PrivateUse
        }
    }

    /// In lower case, punycode and without the port; none where the URI has no host.
    pub fn host(&self) -> Option<String> {
        let url = url::Url::parse(&self.0).ok()?;
        url.host_str().map(ToOwned::to_owned)
    }

    /// What policies go by: the host without its port, or the scheme where there is none.
    pub fn host_or_scheme(&self) -> String {
        self.host().unwrap_or_else(|| self.display_host())
    }

    /// What consent shows: the host, or the scheme of a private-use URI.
    pub fn display_host(&self) -> String {
        display_host(&self.0)
    }
}

impl std::fmt::Display for RedirectUri {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn display_host(uri: &str) -> String {
    let Ok(url) = url::Url::parse(uri) else {
        return uri.to_owned();
    };
    let ("http" | "https", Some(host)) = (url.scheme(), url.host_str()) else {
        return format!("{}:", url.scheme());
    };
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests;
