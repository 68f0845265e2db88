//! What a flow asks the policies: everything at hand, as plain facts.

use std::collections::BTreeSet;

use protocol::client::{Client, GrantType};
use protocol::clock::Timestamp;
use protocol::redirect_uri::RedirectUri;
use protocol::resource::Resource;
use protocol::scope::ScopeSet;
use store::Tenant;

use super::facts;
use crate::audit::Origin;
use crate::directory::KnownPerson;
use crate::policy::{
    AuthenticationFacts, ContextFacts, DecisionRequest, PolicyAction, PrincipalFacts,
    ResourceFacts, ScopeFacts,
};

/// Who it is done for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whom<'a> {
    /// A person, and when they signed in.
    Person(&'a KnownPerson, Timestamp),
    /// The client itself, about to register.
    Registrant,
    /// The client itself, with its credentials.
    Workload,
}

/// One question of a flow. It becomes one request about its scopes, and one for each resource that none of them is
/// of: a token for a resource is decided about, whatever its scopes are.
#[derive(Clone, Debug)]
pub(super) struct Question<'a> {
    pub tenant: &'a Tenant,
    pub action: PolicyAction,
    pub whom: Whom<'a>,
    pub client: &'a Client,
    pub scopes: &'a ScopeSet,
    pub resources: &'a [&'a Resource],
    pub grant_type: Option<GrantType>,
    pub redirect_host: Option<String>,
    pub origin: &'a Origin,
    pub now: Timestamp,
}

impl Question<'_> {
    pub fn requests(&self) -> Vec<DecisionRequest> {
        let scopes = ScopeFacts::of(self.scopes, self.resources);
        let is_named = |resource: &&&Resource| {
            let mut named = scopes.iter().filter_map(|scope| scope.resource.as_ref());
            named.any(|it| it.identifier == resource.identifier())
        };
        let unnamed = self.resources.iter().filter(|it| !is_named(it));
        let mut requests: Vec<DecisionRequest> = unnamed
            .map(|resource| self.request(Vec::new(), Some(ResourceFacts::of(resource))))
            .collect();
        if requests.is_empty() || !scopes.is_empty() {
            requests.push(self.request(scopes, None));
        }
        requests
    }

    fn request(&self, scopes: Vec<ScopeFacts>, resource: Option<ResourceFacts>) -> DecisionRequest {
        DecisionRequest {
            tenant: self.tenant.slug().to_string(),
            action: self.action,
            principal: self.principal(),
            client: facts::of_client(self.client),
            scopes,
            resource,
            context: ContextFacts {
                grant_type: self.grant_type.map(|it| it.as_str().to_owned()),
                redirect_host: self.redirect_host.clone(),
                redirect_hosts: self.redirect_hosts(),
                time: self.now,
                address: self.origin.address,
                authentication: self.authentication(),
            },
        }
    }

    /// At a registration alone: all that the client names.
    fn redirect_hosts(&self) -> BTreeSet<String> {
        if self.action != PolicyAction::Register {
            return BTreeSet::new();
        }
        let uris = self.client.redirect_uris.iter();
        uris.map(RedirectUri::host_or_scheme).collect()
    }

    fn principal(&self) -> PrincipalFacts {
        match self.whom {
            Whom::Person(person, _) => PrincipalFacts::User(facts::of_person(person)),
            Whom::Registrant => PrincipalFacts::Client,
            Whom::Workload => PrincipalFacts::Workload,
        }
    }

    fn authentication(&self) -> Option<AuthenticationFacts> {
        match self.whom {
            Whom::Person(_, at) => Some(facts::of_sign_in(at)),
            Whom::Registrant | Whom::Workload => None,
        }
    }
}
