//! Resources (RFC 8707): which registered MCP server a request means, and which it gets.
//!
//! A mapping, never an echo: what the client sends is looked up, what the token says is registered.

mod choice;
pub mod metadata;

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::Timestamp;
use crate::ids::ResourceId;
use crate::scope::ScopeSet;

pub use choice::{ResourceChoice, Target, TargetError};
pub use metadata::ProtectedResourceMetadata;

/// A resource identifier in the one spelling that look-ups use.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NormalisedResource(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a resource is an absolute URI of at most 2000 visible ASCII characters, without fragment, user name or dot segments"
)]
pub struct InvalidResource;

/// What an index entry of PostgreSQL has room for, with the tenant beside it.
const MAX_BYTES: usize = 2000;

/// Lower-cases scheme and host, drops a default port, makes `https://h` and `https://h/` the same.
/// Nothing else: paths are compared byte for byte, and what a URL parser would rewrite is refused.
pub fn normalise(text: &str) -> Result<NormalisedResource, InvalidResource> {
    let is_plain = text.len() <= MAX_BYTES
        && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
        && !text.contains(['#', '\\', '"', '<', '>', '^', '`', '{', '|', '}']);
    if !is_plain {
        return Err(InvalidResource);
    }
    let url = Url::parse(text).map_err(|_| InvalidResource)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidResource);
    }
    let Some((_, rest)) = text.split_once("://") else {
        return normalise_opaque(text);
    };
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_end);
    if authority.is_empty() || authority.contains('@') {
        return Err(InvalidResource);
    }
    let tail = if tail.starts_with('/') {
        tail.to_owned()
    } else {
        format!("/{tail}")
    };
    let (path, _) = tail.split_once('?').unwrap_or((&tail, ""));
    // The parser resolves `/../` and friends; two spellings of one place would be two resources.
    let parsed_path = if url.path().is_empty() {
        "/"
    } else {
        url.path()
    };
    if parsed_path != path {
        return Err(InvalidResource);
    }
    let host = url.host_str().ok_or(InvalidResource)?.to_ascii_lowercase();
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let normalised = format!("{}://{host}{port}{tail}", url.scheme());
    // A bare origin gains its slash, and that is what is kept.
    if normalised.len() > MAX_BYTES {
        return Err(InvalidResource);
    }
    Ok(NormalisedResource(normalised))
}

/// `urn:example:x` and the like: only the scheme has a case to fold.
fn normalise_opaque(text: &str) -> Result<NormalisedResource, InvalidResource> {
    let (scheme, rest) = text.split_once(':').ok_or(InvalidResource)?;
    let is_opaque = !rest.is_empty() && !rest.starts_with('/');
    // `https:example.com` parses, as something that nobody wrote.
    let scheme = scheme.to_ascii_lowercase();
    let is_web = matches!(
        scheme.as_str(),
        "http" | "https" | "ws" | "wss" | "ftp" | "file"
    );
    if !is_opaque || is_web {
        return Err(InvalidResource);
    }
    Ok(NormalisedResource(format!("{scheme}:{rest}")))
}

impl NormalisedResource {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `/mcp` for `/mcp/` and back; none for a bare origin (it has one form), a query, a URN.
    pub fn slash_variant(&self) -> Option<Self> {
        let (_, rest) = self.0.split_once("://")?;
        let (_, path) = rest.split_once('/')?;
        if path.is_empty() || path.contains('?') || path.ends_with("//") || path == "/" {
            return None;
        }
        Some(Self(match self.0.strip_suffix('/') {
            Some(bare) => bare.to_owned(),
            None => format!("{}/", self.0),
        }))
    }
}

impl std::fmt::Display for NormalisedResource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A protected MCP server as registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub resource_id: ResourceId,
    /// What a request may call it, as registered; the first is its own name, the others are aliases.
    pub identifiers: Vec<String>,
    /// The `aud` of its tokens. May be no URL at all (`mcp_proxy`).
    pub audience: String,
    /// Since when it is this one's: tokens from before were another's, and are void.
    pub audience_since: Timestamp,
    pub name: String,
    pub scopes: Vec<ResourceScope>,
    pub access_token_lifetime: Option<Duration>,
}

/// A scope with words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceScope {
    pub name: String,
    pub description: String,
    pub is_default: bool,
}

impl Resource {
    /// The registered name, as consent shows it.
    pub fn identifier(&self) -> &str {
        self.identifiers
            .first()
            .map_or(self.audience.as_str(), String::as_str)
    }

    pub fn has_scope(&self, token: &str) -> bool {
        self.scopes.iter().any(|scope| scope.name == token)
    }

    pub fn default_scopes(&self) -> ScopeSet {
        self.scope_set(|scope| scope.is_default)
    }

    pub fn all_scopes(&self) -> ScopeSet {
        self.scope_set(|_| true)
    }

    pub fn describe_scope(&self, token: &str) -> Option<&str> {
        let scope = self.scopes.iter().find(|scope| scope.name == token)?;
        Some(scope.description.as_str())
    }

    fn scope_set(&self, is_wanted: impl Fn(&ResourceScope) -> bool) -> ScopeSet {
        let names = self
            .scopes
            .iter()
            .filter(|scope| is_wanted(scope))
            .map(|scope| &scope.name);
        // Registration checked every name; a row that was tampered with yields no scopes at all.
        ScopeSet::from_tokens(names).unwrap_or_default()
    }
}

/// All resources of one tenant, found by what a request calls them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    all: Vec<Resource>,
    by_identifier: HashMap<NormalisedResource, usize>,
    by_id: HashMap<ResourceId, usize>,
}

impl Resources {
    pub fn new(all: Vec<Resource>) -> Self {
        let mut by_identifier = HashMap::new();
        let mut by_id = HashMap::new();
        for (at, resource) in all.iter().enumerate() {
            by_id.insert(resource.resource_id, at);
            for identifier in &resource.identifiers {
                if let Ok(normalised) = normalise(identifier) {
                    by_identifier.entry(normalised).or_insert(at);
                }
            }
        }
        Self {
            all,
            by_identifier,
            by_id,
        }
    }

    /// The exact spelling first; the other slash form only where no resource claims it itself.
    pub fn resolve(&self, sent: &str) -> Option<&Resource> {
        let normalised = normalise(sent).ok()?;
        let at = self.by_identifier.get(&normalised).or_else(|| {
            normalised
                .slash_variant()
                .and_then(|variant| self.by_identifier.get(&variant))
        })?;
        self.all.get(*at)
    }

    pub fn find(&self, resource_id: ResourceId) -> Option<&Resource> {
        self.by_id
            .get(&resource_id)
            .and_then(|at| self.all.get(*at))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.all.iter()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[cfg(test)]
mod tests;
