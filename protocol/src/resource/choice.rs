//! Which resource a request gets, at each of the places that may name one.
//!
//! Beside the registered ones there is our own userinfo endpoint (OpenID Connect Core §5.3), which a client
//! calls by its URL. It is no resource: nobody registers it, and `openid` is all that it takes.

use crate::client::Client;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::ResourceId;
use crate::issuer::Issuer;
use crate::metadata::USERINFO_ENDPOINT;
use crate::scope::{OPENID, ScopeSet};

use super::{Resource, Resources, normalise};

/// What the choice is made from.
#[derive(Clone, Copy, Debug)]
pub struct ResourceChoice<'a> {
    pub resources: &'a Resources,
    pub client: &'a Client,
    pub tenant_default: Option<ResourceId>,
    pub issuer: &'a Issuer,
}

/// What an access token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    Resource(&'a Resource),
    Userinfo,
}

/// RFC 8707 §2: `invalid_target`. The refused value is kept for the administrator's list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("resource must be an absolute URI without fragment")]
    Malformed(String),
    #[error("the resource asked for is not registered with this authorization server")]
    Unknown(String),
    #[error("this client may not use the resource asked for")]
    NotForClient(String),
    #[error("the resource asked for is not part of what was granted")]
    BeyondGrant(String),
    #[error("ask for one resource at a time here")]
    TooMany,
    #[error("send the resource parameter: there is no default resource for this client")]
    NoDefault,
    #[error("the resource that was granted is no longer available to this client")]
    Gone,
}

impl TargetError {
    /// The longest value that is kept for the administrator.
    pub const MAX_KEPT_BYTES: usize = 2048;

    /// What was asked for and is no resource, where it is short enough to be kept whole.
    pub fn refused_value(&self) -> Option<&str> {
        match self {
            Self::Malformed(value) | Self::Unknown(value) => {
                Some(value.as_str()).filter(|value| value.len() <= Self::MAX_KEPT_BYTES)
            }
            // The first two are resources.
            Self::NotForClient(_)
            | Self::BeyondGrant(_)
            | Self::TooMany
            | Self::NoDefault
            | Self::Gone => None,
        }
    }
}

impl ProtocolError for TargetError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed(_)
            | Self::Unknown(_)
            | Self::NotForClient(_)
            | Self::BeyondGrant(_)
            | Self::TooMany
            | Self::NoDefault
            | Self::Gone => ErrorCode::InvalidTarget,
        }
    }
}

impl<'a> ResourceChoice<'a> {
    /// At authorize several may be asked; every one must be registered and the client's. None at all
    /// means a sign-in and nothing else: `openid` where no resource is meant, or userinfo by its URL.
    pub fn at_authorize(
        &self,
        asked: &[&str],
        scopes: Option<&ScopeSet>,
    ) -> Result<Vec<&'a Resource>, TargetError> {
        if asked.is_empty() {
            let is_sign_in = scopes.is_some_and(|scopes| scopes.contains(OPENID));
            return match self.default() {
                Err(TargetError::NoDefault) if is_sign_in => Ok(Vec::new()),
                default => default.map(|resource| vec![resource]),
            };
        }
        let (_, others) = self.split_userinfo(asked);
        self.resolve_all(&others)
    }

    /// A client acting for itself gets a token for one resource.
    pub fn for_client_credentials(&self, asked: &[&str]) -> Result<&'a Resource, TargetError> {
        let resources = if asked.is_empty() {
            vec![self.default()?]
        } else {
            self.resolve_all(asked)?
        };
        match resources.as_slice() {
            [one] => Ok(one),
            _ => Err(TargetError::TooMany),
        }
    }

    /// At token and refresh: within what was granted. Absent with one granted means that one; absent
    /// with several means the default among them; with none, userinfo, which `openid` alone opens.
    pub fn at_token(
        &self,
        granted: &[ResourceId],
        scopes: &ScopeSet,
        asked: &[&str],
    ) -> Result<Target<'a>, TargetError> {
        let (is_userinfo_asked, others) = self.split_userinfo(asked);
        if !is_userinfo_asked && (!asked.is_empty() || !granted.is_empty()) {
            return self.granted_one(granted, asked).map(Target::Resource);
        }
        if !others.is_empty() {
            return Err(TargetError::TooMany);
        }
        if !scopes.contains(OPENID) {
            return Err(TargetError::BeyondGrant(kept(&self.userinfo())));
        }
        Ok(Target::Userinfo)
    }

    fn granted_one(
        &self,
        granted: &[ResourceId],
        asked: &[&str],
    ) -> Result<&'a Resource, TargetError> {
        let usable = |resource_id: &ResourceId| self.find_usable(*resource_id);
        if asked.is_empty() {
            if let [one] = granted {
                return usable(one).ok_or(TargetError::Gone);
            }
            let defaults = [self.client.default_resource, self.tenant_default];
            let default = defaults
                .into_iter()
                .flatten()
                .find(|id| granted.contains(id));
            return default
                .as_ref()
                .and_then(usable)
                .ok_or(TargetError::NoDefault);
        }
        let asked_resources = self.resolve_all(asked)?;
        let [resource] = asked_resources.as_slice() else {
            return Err(TargetError::TooMany);
        };
        if !granted.contains(&resource.resource_id) {
            return Err(TargetError::BeyondGrant(kept(asked[0])));
        }
        Ok(resource)
    }

    fn userinfo(&self) -> String {
        self.issuer.endpoint(USERINFO_ENDPOINT)
    }

    /// Whether userinfo is asked for, and what else is.
    fn split_userinfo<'s>(&self, asked: &[&'s str]) -> (bool, Vec<&'s str>) {
        let userinfo = normalise(&self.userinfo()).ok();
        let (ours, others): (Vec<&str>, Vec<&str>) = asked
            .iter()
            .copied()
            .partition(|sent| userinfo.is_some() && normalise(sent).ok() == userinfo);
        (!ours.is_empty(), others)
    }

    /// The client's default, the tenant's, or the only one that the client may use.
    fn default(&self) -> Result<&'a Resource, TargetError> {
        let defaults = [self.client.default_resource, self.tenant_default];
        let stated = defaults
            .into_iter()
            .flatten()
            .find_map(|id| self.find_usable(id));
        if let Some(resource) = stated {
            return Ok(resource);
        }
        let mut usable = self
            .resources
            .iter()
            .filter(|one| self.client.may_use_resource(one.resource_id));
        match (usable.next(), usable.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(TargetError::NoDefault),
        }
    }

    fn find_usable(&self, resource_id: ResourceId) -> Option<&'a Resource> {
        self.resources
            .find(resource_id)
            .filter(|_| self.client.may_use_resource(resource_id))
    }

    fn resolve_all(&self, asked: &[&str]) -> Result<Vec<&'a Resource>, TargetError> {
        let mut found: Vec<&'a Resource> = Vec::new();
        for sent in asked {
            let resource = self.resolve(sent)?;
            if !found
                .iter()
                .any(|known| known.resource_id == resource.resource_id)
            {
                found.push(resource);
            }
        }
        Ok(found)
    }

    fn resolve(&self, sent: &str) -> Result<&'a Resource, TargetError> {
        if normalise(sent).is_err() {
            return Err(TargetError::Malformed(kept(sent)));
        }
        let resource = self
            .resources
            .resolve(sent)
            .ok_or_else(|| TargetError::Unknown(kept(sent)))?;
        if !self.client.may_use_resource(resource.resource_id) {
            return Err(TargetError::NotForClient(kept(sent)));
        }
        Ok(resource)
    }
}

/// One character more than is kept, so that a value that was cut is never taken for a whole one.
fn kept(sent: &str) -> String {
    sent.chars().take(TargetError::MAX_KEPT_BYTES + 1).collect()
}
