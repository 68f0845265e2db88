//! Who called, and what they may do where: above all tenants, and at the one that the path names.
//!
//! A key is for the platform or for one tenant. A person may be an administrator here and an auditor there: what
//! counts at a tenant is what they have on the platform and in that tenant.

use authority::audit::Actor;
use protocol::{AdminKeyId, AdminObject, AdminScope, AdminScopes, TenantId, Timestamp, UserId};
use secrecy::SecretString;
use store::Tenant;

use super::Rule;
use crate::problem::Problem;

/// How the caller proved itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The bootstrap key of the configuration: in no table.
    BootstrapKey,
    AdminKey(AdminKeyId),
    /// A person of the system tenant, by an access token.
    Administrator(UserId),
}

/// Who called.
#[derive(Debug, Clone)]
pub struct Caller {
    pub identity: Identity,
    /// What it may do above tenants, and therefore in each of them. Nothing, for who is of some tenants only.
    pub on_platform: AdminScopes,
    /// The tenant that the call is about, and what the caller has there besides.
    pub in_tenant: Option<(TenantId, AdminScopes)>,
    /// When its key ends. A person's access is not given on: it has no end.
    pub ends_at: Option<Timestamp>,
    /// As it was presented: what an answer is sealed under that the same caller may ask for again.
    pub credential: SecretString,
    pub origin: authority::audit::Origin,
}

impl Caller {
    pub fn actor(&self) -> Actor {
        match &self.identity {
            Identity::BootstrapKey => Actor::BootstrapKey,
            Identity::AdminKey(admin_key_id) => Actor::AdminKey(*admin_key_id),
            Identity::Administrator(user_id) => Actor::Administrator(*user_id),
        }
    }

    /// One word for who it is, for as long as it is: what its calls are counted and its answers are kept by.
    pub fn name(&self) -> String {
        match &self.identity {
            Identity::BootstrapKey => "bootstrap".to_owned(),
            Identity::AdminKey(admin_key_id) => format!("key:{admin_key_id}"),
            Identity::Administrator(user_id) => format!("user:{user_id}"),
        }
    }

    /// What it may do where the call is: at the tenant of the path, or else on the platform.
    pub fn scopes(&self) -> AdminScopes {
        match &self.in_tenant {
            Some((_, scopes)) => self.on_platform.union(scopes),
            None => self.on_platform.clone(),
        }
    }

    /// Design §3: another tenant is not found, whether it exists or not.
    pub(super) fn may_see(&self, tenant: &Tenant) -> bool {
        let has_some = |scopes: &AdminScopes| !scopes.is_empty();
        has_some(&self.on_platform)
            || self
                .in_tenant
                .as_ref()
                .is_some_and(|(own, scopes)| *own == tenant.id() && has_some(scopes))
    }

    pub(super) fn require(&self, rule: Rule) -> Result<(), Problem> {
        if rule.access.is_platform() {
            return self.require_on_platform(rule.object, rule.access.is_write());
        }
        self.require_scope(rule.object, rule.access.is_write())
    }

    /// The users, clients, keys and policies of the system tenant decide who administers everything: to change any
    /// of them is to be able to become whoever one likes. So it takes all that there is to have.
    pub(super) fn require_everything(&self) -> Result<(), Problem> {
        if AdminScopes::everything().is_within(&self.on_platform) {
            return Ok(());
        }
        Err(Problem::forbidden(
            "What is changed in the system tenant decides who administers the installation: \
             it takes the scope *:write for the platform.",
        ))
    }

    /// For an operation that asks for more than its signature says, in some cases.
    pub fn require_scope(&self, object: AdminObject, can_write: bool) -> Result<(), Problem> {
        let scopes = self.scopes();
        if scopes.covers(object, can_write) {
            return Ok(());
        }
        Err(missing(object, can_write, &scopes))
    }

    /// The same for what is decided above tenants: what one has in a tenant does not count.
    pub fn require_on_platform(&self, object: AdminObject, can_write: bool) -> Result<(), Problem> {
        if self.on_platform.is_empty() {
            return Err(Problem::forbidden(
                "What you may do is for single tenants; this takes somebody of the platform.",
            ));
        }
        if self.on_platform.covers(object, can_write) {
            return Ok(());
        }
        Err(missing(object, can_write, &self.on_platform))
    }
}

fn missing(object: AdminObject, can_write: bool, scopes: &AdminScopes) -> Problem {
    let scope = AdminScope {
        object: Some(object),
        can_write,
    };
    Problem::forbidden(format!("The scope {scope} is missing; you have {scopes}."))
}
