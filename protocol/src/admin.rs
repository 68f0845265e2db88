//! What may be done through the admin API: kinds of objects, and for each reading or writing.
//!
//! What it is: the words and their order. What it is not: who has them (`admin-api`'s principals), or where.
//!
//! To add one more kind: a variant of [`AdminObject`], its place in `ALL` and its name; and its marker in `admin-api`.

use std::collections::BTreeSet;
use std::fmt;

/// A kind of thing that is administered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdminObject {
    /// The registry of tenants, their settings, issuer hosts and quotas.
    Tenants,
    /// Protected servers, their credentials, and what was asked for and refused.
    Resources,
    /// Clients, their secrets, initial access tokens, known clients.
    Clients,
    /// People, their groups, sessions and consents.
    Users,
    /// Grants and what descends from them.
    Grants,
    SigningKeys,
    /// Versions of policies, and what they decided.
    Policies,
    Audit,
    Webhooks,
    /// What this API is called with: keys and memberships.
    AdminKeys,
    /// What is done to every tenant at once.
    Installation,
}

impl AdminObject {
    pub const ALL: [Self; 11] = [
        Self::Tenants,
        Self::Resources,
        Self::Clients,
        Self::Users,
        Self::Grants,
        Self::SigningKeys,
        Self::Policies,
        Self::Audit,
        Self::Webhooks,
        Self::AdminKeys,
        Self::Installation,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenants => "tenants",
            Self::Resources => "resources",
            Self::Clients => "clients",
            Self::Users => "users",
            Self::Grants => "grants",
            Self::SigningKeys => "signing-keys",
            Self::Policies => "policies",
            Self::Audit => "audit",
            Self::Webhooks => "webhooks",
            Self::AdminKeys => "admin-keys",
            Self::Installation => "installation",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|object| object.as_str() == text)
    }
}

impl fmt::Display for AdminObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One kind of thing or every kind, to read or to write. Who writes may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AdminScope {
    /// None: every kind, and those that come later.
    pub object: Option<AdminObject>,
    pub can_write: bool,
}

impl AdminScope {
    pub const READ_ALL: Self = Self {
        object: None,
        can_write: false,
    };
    pub const WRITE_ALL: Self = Self {
        object: None,
        can_write: true,
    };

    pub const fn read(object: AdminObject) -> Self {
        Self {
            object: Some(object),
            can_write: false,
        }
    }

    pub const fn write(object: AdminObject) -> Self {
        Self {
            object: Some(object),
            can_write: true,
        }
    }

    pub fn parse(text: &str) -> Result<Self, AdminScopeError> {
        let unknown = || AdminScopeError(text.to_owned());
        let (object, verb) = text.split_once(':').ok_or_else(unknown)?;
        let object = match object {
            "*" => None,
            object => Some(AdminObject::parse(object).ok_or_else(unknown)?),
        };
        let can_write = match verb {
            "read" => false,
            "write" => true,
            _ => return Err(unknown()),
        };
        Ok(Self { object, can_write })
    }

    /// Whether who has this has `other` with it.
    pub fn includes(self, other: Self) -> bool {
        let has_object = self.object.is_none() || self.object == other.object;
        has_object && (self.can_write || !other.can_write)
    }
}

impl fmt::Display for AdminScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object.map_or("*", AdminObject::as_str);
        let verb = if self.can_write { "write" } else { "read" };
        write!(formatter, "{object}:{verb}")
    }
}

/// Not a scope of this API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a scope of the admin API: it is a kind of thing or *, a colon, and read or write, such as clients:read"
)]
pub struct AdminScopeError(String);

/// What a principal may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdminScopes(BTreeSet<AdminScope>);

impl AdminScopes {
    /// Everything there is and will be.
    pub fn everything() -> Self {
        Self::from_iter([AdminScope::WRITE_ALL])
    }

    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, AdminScopeError> {
        texts.into_iter().map(AdminScope::parse).collect()
    }

    pub fn covers(&self, object: AdminObject, can_write: bool) -> bool {
        let asked = AdminScope {
            object: Some(object),
            can_write,
        };
        self.includes(asked)
    }

    fn includes(&self, asked: AdminScope) -> bool {
        self.0.iter().any(|scope| scope.includes(asked))
    }

    /// Whether `other` has all of it: nobody gives more than they have.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.iter().all(|scope| other.includes(*scope))
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// The same without writing.
    #[must_use]
    pub fn read_only(&self) -> Self {
        let read = |scope: AdminScope| AdminScope {
            can_write: false,
            ..scope
        };
        self.iter().map(read).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = AdminScope> + '_ {
        self.0.iter().copied()
    }

    /// One word each, for a row or an answer.
    pub fn to_texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

impl FromIterator<AdminScope> for AdminScopes {
    /// What another scope of the same list includes is left out, so that equal rights look equal.
    fn from_iter<I: IntoIterator<Item = AdminScope>>(scopes: I) -> Self {
        let all: BTreeSet<AdminScope> = scopes.into_iter().collect();
        let is_needless = |scope: AdminScope| {
            let mut others = all.iter().filter(|other| **other != scope);
            others.any(|other| other.includes(scope))
        };
        let needed = all.iter().copied().filter(|scope| !is_needless(*scope));
        Self(needed.collect())
    }
}

impl fmt::Display for AdminScopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_texts().join(" "))
    }
}

/// What a person may do, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AdminRole {
    Administrator,
    /// Reads everything and changes nothing.
    Auditor,
}

impl AdminRole {
    pub const ALL: [Self; 2] = [Self::Administrator, Self::Auditor];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub fn scopes(self) -> AdminScopes {
        AdminScopes::from_iter([match self {
            Self::Administrator => AdminScope::WRITE_ALL,
            Self::Auditor => AdminScope::READ_ALL,
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> AdminScopes {
        AdminScopes::parse(text.split(' ').filter(|word| !word.is_empty())).unwrap()
    }

    #[test]
    fn every_scope_is_read_as_it_is_written() {
        for object in AdminObject::ALL.map(Some).into_iter().chain([None]) {
            for can_write in [false, true] {
                let scope = AdminScope { object, can_write };
                assert_eq!(AdminScope::parse(&scope.to_string()), Ok(scope));
            }
        }
        for text in [
            "",
            ":",
            "clients",
            "clients:",
            ":read",
            "client:read",
            "clients:admin",
            "clients:read:x",
            "Clients:read",
            "*",
            "* :read",
        ] {
            assert!(AdminScope::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn writing_includes_reading_and_a_star_every_kind() {
        let has = |text: &str, object, can_write| scopes(text).covers(object, can_write);
        assert!(has("clients:write", AdminObject::Clients, false));
        assert!(!has("clients:read", AdminObject::Clients, true));
        assert!(!has("clients:write", AdminObject::Users, false));
        for object in AdminObject::ALL {
            assert!(has("*:write", object, true) && has("*:read", object, false));
            assert!(!has("*:read", object, true) && !has("", object, false));
        }
    }

    #[test]
    fn nobody_gives_more_than_they_have() {
        let within = |inner: &str, outer: &str| scopes(inner).is_within(&scopes(outer));
        assert!(within("clients:read", "clients:write"));
        assert!(within("clients:read users:read", "*:read"));
        assert!(within("", "clients:read"));
        assert!(!within("*:read", "clients:write users:write"));
        assert!(!within("clients:write", "*:read"));
        assert!(!within("clients:read users:read", "clients:read"));
    }

    #[test]
    fn equal_rights_look_equal() {
        assert_eq!(
            scopes("clients:read clients:write"),
            scopes("clients:write")
        );
        assert_eq!(scopes("*:write users:read").to_string(), "*:write");
        assert_eq!(AdminRole::Auditor.scopes(), scopes("*:read"));
        assert_eq!(
            AdminRole::Administrator.scopes().read_only(),
            scopes("*:read")
        );
    }
}
