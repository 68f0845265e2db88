//! Which resource a request gets, at each of the places that may name one.

use crate::client::Client;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::ResourceId;

use super::{Resource, Resources, normalise};

/// What the choice is made from.
#[derive(Clone, Copy, Debug)]
pub struct ResourceChoice<'a> {
    pub resources: &'a Resources,
    pub client: &'a Client,
    pub tenant_default: Option<ResourceId>,
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
    /// At authorize several may be asked; every one must be registered and the client's.
    pub fn at_authorize(&self, asked: &[&str]) -> Result<Vec<&'a Resource>, TargetError> {
        if asked.is_empty() {
            return self.default().map(|resource| vec![resource]);
        }
        self.resolve_all(asked)
    }

    /// A client acting for itself gets a token for one resource.
    pub fn for_client_credentials(&self, asked: &[&str]) -> Result<&'a Resource, TargetError> {
        match self.at_authorize(asked)?.as_slice() {
            [one] => Ok(one),
            _ => Err(TargetError::TooMany),
        }
    }

    /// At token and refresh: within what was granted. Absent with one granted means that one; absent
    /// with several means the default among them.
    pub fn at_token(
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
