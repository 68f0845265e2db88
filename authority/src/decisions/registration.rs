//! Before a client registers or updates itself, and before one is taken by its metadata document.

use std::sync::Arc;

use protocol::client::{Client, ClientOrigin};
use protocol::resource::{Resource, Resources};
use protocol::scope::ScopeSet;
use store::{StoreError, Tenant};

use super::PolicyRefusal;
use super::question::{Question, Whom};
use super::settled::{FreshSignIn, Settlement};
use crate::Authority;
use crate::audit::Origin;
use crate::directory::PoliciesInForce;
use crate::policy::PolicyAction;

/// What a registration is decided by; fetched before a transaction begins.
#[derive(Clone, Debug)]
pub struct RegistrationGround {
    policies: Arc<PoliciesInForce>,
    resources: Arc<Resources>,
}

impl Authority {
    pub async fn registration_ground(
        &self,
        tenant: &Tenant,
    ) -> Result<RegistrationGround, StoreError> {
        Ok(RegistrationGround {
            policies: self.directory().find_policies(tenant).await?,
            resources: self.directory().list_resources(tenant).await?,
        })
    }

    /// Whether the tenant takes this client as it describes itself, and with which of the scopes that it names. None
    /// where it names none: what it may have is decided when somebody lets it.
    pub fn decide_registration(
        &self,
        tenant: &Tenant,
        ground: &RegistrationGround,
        client: &Client,
        origin: &Origin,
    ) -> Result<Option<ScopeSet>, PolicyRefusal> {
        let policies = ground.policies.as_ref();
        let (now, nothing) = (self.now(), ScopeSet::empty());
        // As a whole first: naming scopes is no way around that.
        let whole = Question {
            tenant,
            action: PolicyAction::Register,
            whom: Whom::Registrant,
            client,
            scopes: &nothing,
            resources: &[],
            grant_type: None,
            redirect_host: None,
            origin,
            now,
        };
        let denied = || PolicyRefusal::Denied {
            reference: origin.request_id.clone().unwrap_or_default(),
        };
        let settled = self.settle(policies, &whole, FreshSignIn::Impossible, &[]);
        if settled.settlement != Settlement::Allowed {
            return Err(denied());
        }
        // Of a document's scopes nothing is read: they are the tenant's own limit.
        let named = client
            .scopes
            .as_ref()
            .filter(|scopes| client.origin != ClientOrigin::Document && !scopes.is_empty());
        let Some(scopes) = named else {
            return Ok(client.scopes.clone());
        };
        let having: Vec<&Resource> = ground
            .resources
            .iter()
            .filter(|resource| scopes.iter().any(|name| resource.has_scope(name)))
            .collect();
        let each = Question {
            scopes,
            resources: &having,
            ..whole
        };
        let settled = self.settle(policies, &each, FreshSignIn::Impossible, &[]);
        if settled.scopes.is_empty() {
            return Err(denied());
        }
        Ok(Some(settled.scopes))
    }
}
