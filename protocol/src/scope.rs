//! Scopes: what a token may do at its resource, and how a request is narrowed to what may be had.
//!
//! Resource scopes belong to a resource. `openid profile email offline_access` belong to the tenant
//! and are never filtered by a resource.

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::resource::Resource;

/// Asks for an ID token (OpenID Connect Core §3.1.2.1), and opens the userinfo endpoint.
pub const OPENID: &str = "openid";
/// Asks for the person's name and username there (§5.4).
pub const PROFILE: &str = "profile";
/// Asks for the address.
pub const EMAIL: &str = "email";

/// Scopes that belong to the tenant, not to a resource: accepted, never required.
pub const TENANT_SCOPES: [&str; 4] = [OPENID, PROFILE, EMAIL, "offline_access"];

/// A set of scope tokens that keeps the order in which they came. On the wire: joined by spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScopeSet(Vec<String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("scope contains characters that RFC 6749 does not allow")]
    Malformed,
    #[error("none of the scopes asked for is available to this client at this resource")]
    NothingLeft,
    #[error("scope asks for more than was granted; ask for a new authorization instead")]
    BeyondGrant,
}

impl ProtocolError for ScopeError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed | Self::NothingLeft | Self::BeyondGrant => ErrorCode::InvalidScope,
        }
    }
}

/// RFC 6749 §3.3: `%x21 / %x23-5B / %x5D-7E`; so `:` `/` `.` are legal.
pub fn is_scope_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

impl ScopeSet {
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// Reads the wire form; surplus spaces do no harm.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        Self::from_tokens(text.split(' ').filter(|token| !token.is_empty()))
    }

    pub fn from_tokens<T: AsRef<str>>(
        tokens: impl IntoIterator<Item = T>,
    ) -> Result<Self, ScopeError> {
        let mut set = Self::empty();
        for token in tokens {
            if !is_scope_token(token.as_ref()) {
                return Err(ScopeError::Malformed);
            }
            set.insert(token.as_ref());
        }
        Ok(set)
    }

    fn insert(&mut self, token: &str) {
        if !self.contains(token) {
            self.0.push(token.to_owned());
        }
    }

    #[must_use]
    fn with(mut self, token: Option<&str>) -> Self {
        if let Some(token) = token {
            self.insert(token);
        }
        self
    }

    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|known| known == token)
    }

    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().all(|token| other.contains(token))
    }

    /// What both hold, in the order of `self`.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        self.retain(|token| other.contains(token))
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut set = self.clone();
        other.iter().for_each(|token| set.insert(token));
        set
    }

    #[must_use]
    pub fn retain(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|token| keep(token)).cloned().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn tokens(&self) -> &[String] {
        &self.0
    }
}

impl std::fmt::Display for ScopeSet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.join(" "))
    }
}

impl std::str::FromStr for ScopeSet {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ScopeSet {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ScopeSet> for String {
    fn from(set: ScopeSet) -> Self {
        set.to_string()
    }
}

/// Narrows a request for new rights silently to what this client may have at these resources.
///
/// Absent or empty means the resources' default scopes, or `openid` where it is a sign-in and nothing
/// else. `invalid_scope` only when something was asked
/// and nothing is left; never more than was asked.
pub fn narrow(
    asked: Option<&ScopeSet>,
    resources: &[&Resource],
    client: &Client,
) -> Result<ScopeSet, ScopeError> {
    let is_for_client = |token: &str| {
        client
            .scopes
            .as_ref()
            .is_none_or(|registered| registered.contains(token))
    };
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        let of_nothing = ScopeSet::empty().with(resources.is_empty().then_some(OPENID));
        let defaults = resources.iter().fold(of_nothing, |set, resource| {
            set.union(&resource.default_scopes())
        });
        return Ok(defaults.retain(is_for_client));
    };
    let left = asked.retain(|token| is_available(token, resources) && is_for_client(token));
    if left.is_empty() {
        Err(ScopeError::NothingLeft)
    } else {
        Ok(left)
    }
}

/// Narrows what a grant holds to what our userinfo endpoint goes by.
pub fn for_userinfo(granted: &ScopeSet) -> ScopeSet {
    granted.retain(|token| TENANT_SCOPES.contains(&token))
}

/// Narrows what a grant holds to the one resource that an access token is for.
pub fn for_resource(granted: &ScopeSet, resource: &Resource) -> ScopeSet {
    granted.retain(|token| is_available(token, &[resource]))
}

/// What a refresh may ask: a part of the grant, never more (RFC 6749 §6; row F3).
pub fn at_refresh(granted: &ScopeSet, asked: Option<&ScopeSet>) -> Result<ScopeSet, ScopeError> {
    match asked.filter(|asked| !asked.is_empty()) {
        None => Ok(granted.clone()),
        Some(asked) if asked.is_subset(granted) => Ok(asked.clone()),
        Some(_) => Err(ScopeError::BeyondGrant),
    }
}

fn is_available(token: &str, resources: &[&Resource]) -> bool {
    TENANT_SCOPES.contains(&token) || resources.iter().any(|resource| resource.has_scope(token))
}

#[cfg(test)]
mod tests;
