//! Before a token is issued: for a code, at every refresh, for a device code, and for a client's own credentials.

use std::time::Duration;

use protocol::authorization::PendingAuthorization;
use protocol::client::{Client, GrantType};
use protocol::clock::Timestamp;
use protocol::resource::Resource;
use protocol::scope::ScopeSet;
use store::{Grant, Tenant};

use super::PolicyRefusal;
use super::question::{Question, Whom};
use super::settled::{FreshSignIn, Settlement};
use super::trace::TraceCheck;
use crate::Authority;
use crate::audit::Origin;
use crate::directory::{KnownPerson, PoliciesInForce};
use crate::policy::PolicyAction;

/// Whether a token may be issued, and for what.
#[derive(Clone, Debug)]
pub(crate) struct IssueQuestion<'a> {
    pub tenant: &'a Tenant,
    pub policies: &'a PoliciesInForce,
    pub client: &'a Client,
    /// Whose grant it is. None: the client's own credentials.
    pub of_grant: Option<(&'a Grant, &'a KnownPerson)>,
    /// What the rules leave of it.
    pub scopes: &'a ScopeSet,
    /// None: our own userinfo endpoint.
    pub resource: Option<&'a Resource>,
    pub grant_type: GrantType,
    /// Where the code went.
    pub redirect_host: Option<String>,
    pub origin: &'a Origin,
    pub now: Timestamp,
    /// What the rules have taken away.
    pub before: &'a [TraceCheck],
}

/// A sign-in is one for the grant it led to if the request that asked for both can have lasted so long.
const SIGN_IN_TO_GRANT: Duration = PendingAuthorization::DEFAULT_LIFETIME;

impl Authority {
    /// The scopes that the token may have.
    pub(crate) fn decide_issue(
        &self,
        asked: &IssueQuestion<'_>,
    ) -> Result<ScopeSet, PolicyRefusal> {
        let whom = match asked.of_grant {
            Some((grant, person)) => Whom::Person(person, grant.authenticated_at),
            None => Whom::Workload,
        };
        let resources: Vec<&Resource> = asked.resource.into_iter().collect();
        let question = Question {
            tenant: asked.tenant,
            action: PolicyAction::Issue,
            whom,
            client: asked.client,
            scopes: asked.scopes,
            resources: &resources,
            grant_type: Some(asked.grant_type),
            redirect_host: asked.redirect_host.clone(),
            origin: asked.origin,
            now: asked.now,
        };
        let settled = self.settle(asked.policies, &question, asked.sign_in(), asked.before);
        let reference = || asked.origin.request_id.clone().unwrap_or_default();
        match settled.settlement {
            Settlement::Allowed | Settlement::Narrowed => Ok(settled.scopes),
            Settlement::Denied if settled.is_obliged => Err(PolicyRefusal::SignInNeeded {
                reference: reference(),
            }),
            Settlement::Denied | Settlement::StrongerSignIn => Err(PolicyRefusal::Denied {
                reference: reference(),
            }),
        }
    }
}

impl IssueQuestion<'_> {
    /// Nobody can be asked to sign in here. The first tokens come of the sign-in that the grant was made with; a
    /// refresh comes of none.
    fn sign_in(&self) -> FreshSignIn {
        let is_first = matches!(
            self.grant_type,
            GrantType::AuthorizationCode | GrantType::DeviceCode
        );
        match self.of_grant {
            Some((grant, _)) if is_first && is_made_with_sign_in(grant) => FreshSignIn::Done,
            _ => FreshSignIn::Impossible,
        }
    }
}

fn is_made_with_sign_in(grant: &Grant) -> bool {
    grant.created_at.saturating_since(grant.authenticated_at) <= SIGN_IN_TO_GRANT
}
