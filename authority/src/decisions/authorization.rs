//! Before consent, and again when the code is issued or the device is let in.

use protocol::Timestamp;
use protocol::authorization::PendingAuthorization;
use protocol::client::{Client, GrantType};
use protocol::ids::UserId;
use protocol::resource::Resource;
use protocol::scope::ScopeSet;
use store::{StoreError, Tenant};

use super::question::{Question, Whom};
use super::settled::{Answered, FreshSignIn, Settled, Settlement};
use super::trace::{Trace, TraceCheck};
use crate::Authority;
use crate::audit::Origin;
use crate::directory::PoliciesInForce;
use crate::policy::{DecisionRequest, PolicyAction, Verdict};

/// Whether a person may let a client have what its request asks for.
#[derive(Clone, Debug)]
pub struct AuthorizationQuestion<'a> {
    pub tenant: &'a Tenant,
    pub client: &'a Client,
    pub pending: &'a PendingAuthorization,
    /// Those of the request.
    pub resources: &'a [&'a Resource],
    pub user_id: UserId,
    pub authenticated_at: Timestamp,
    /// None for a device.
    pub redirect_host: Option<String>,
    pub origin: &'a Origin,
}

impl Authority {
    /// What may be had of it, for the person who is signed in.
    pub async fn decide_authorization(
        &self,
        asked: &AuthorizationQuestion<'_>,
    ) -> Result<Settled, StoreError> {
        let (tenant, pending) = (asked.tenant, asked.pending);
        let policies = self.directory().find_policies(tenant).await?;
        let person = self.directory().find_person(tenant, asked.user_id).await?;
        let Some(person) = person else {
            // Gone or switched off since the session was looked up.
            return Ok(Settled::nothing(&pending.scopes));
        };
        let grant_type = if pending.is_device {
            GrantType::DeviceCode
        } else {
            GrantType::AuthorizationCode
        };
        let question = Question {
            tenant,
            action: PolicyAction::Authorize,
            whom: Whom::Person(&person, asked.authenticated_at),
            client: asked.client,
            scopes: &pending.scopes,
            resources: asked.resources,
            grant_type: Some(grant_type),
            redirect_host: asked.redirect_host.clone(),
            origin: asked.origin,
            now: self.now(),
        };
        let sign_in = if asked.authenticated_at >= pending.created_at {
            FreshSignIn::Done
        } else {
            FreshSignIn::Possible
        };
        let before = lost_before(asked);
        Ok(self.settle(&policies, &question, sign_in, &before))
    }

    /// Asks, counts and records.
    pub(super) fn settle(
        &self,
        policies: &PoliciesInForce,
        question: &Question<'_>,
        sign_in: FreshSignIn,
        before: &[TraceCheck],
    ) -> Settled {
        let answered = ask(policies, question.requests());
        let settled = Settled::of(&answered, question.scopes, sign_in);
        self.count_decision(question.action, settled.settlement, &answered);
        // What the rules took away before is as gone as what the policies do.
        let settlement = match settled.settlement {
            Settlement::Allowed if !before.is_empty() => Settlement::Narrowed,
            settlement => settlement,
        };
        self.record_decision(question, policies, settlement, &answered, before);
        settled
    }

    fn record_decision(
        &self,
        question: &Question<'_>,
        policies: &PoliciesInForce,
        settlement: Settlement,
        answered: &[Answered],
        before: &[TraceCheck],
    ) {
        let (recorder, tenant) = (self.decision_recorder(), question.tenant);
        if !recorder.wants(tenant, settlement.into(), question.now) {
            return;
        }
        for answered in answered {
            let trace = Trace {
                answered,
                settlement,
                policies,
                before,
            };
            if let Some(row) = trace.into_row(question.origin, self.random()) {
                recorder.record(tenant, row);
            }
        }
    }

    fn count_decision(&self, action: PolicyAction, settlement: Settlement, answered: &[Answered]) {
        let labels = [action.as_str(), settlement.as_str()];
        let metrics = self.metrics();
        metrics.decisions.with_label_values(&labels).inc();
        for it in answered {
            for failure in it.decision.failures() {
                metrics.policy_failures.inc();
                tracing::warn!(
                    policy = %failure.policy.id,
                    layer = failure.policy.layer.as_str(),
                    message = %failure.message,
                    "a policy could not be evaluated, which denies"
                );
            }
        }
    }
}

pub(super) fn ask(policies: &PoliciesInForce, requests: Vec<DecisionRequest>) -> Vec<Answered> {
    let answers = requests.into_iter().map(|request| Answered {
        decision: policies.engine.decide(&request),
        request,
    });
    answers.collect()
}

/// Scopes that were asked for and that no resource of the request has, or that the client may not ask for.
fn lost_before(asked: &AuthorizationQuestion<'_>) -> Vec<TraceCheck> {
    let lost = asked.pending.refused_scopes.iter();
    lost.map(|name| rule_check(name, why_lost(name, asked.resources)))
        .collect()
}

fn why_lost(name: &str, resources: &[&Resource]) -> &'static str {
    if resources.iter().any(|resource| resource.has_scope(name)) {
        "the client is not registered for it, or it was not to be had at an earlier step"
    } else {
        "no resource of the request has it"
    }
}

/// Scopes that a client asked for with its own credentials, and that the rules left out.
pub(crate) fn lost_at_token(asked: Option<&ScopeSet>, granted: &ScopeSet) -> Vec<TraceCheck> {
    let asked = asked.into_iter().flat_map(ScopeSet::iter);
    let lost = asked.filter(|name| !granted.contains(name));
    let reason = "the resource has no such scope, or the client is not registered for it";
    lost.map(|name| rule_check(name, reason)).collect()
}

fn rule_check(scope: &str, reason: &str) -> TraceCheck {
    TraceCheck {
        check: "scopes".to_owned(),
        scope: Some(scope.to_owned()),
        resource: None,
        verdict: Verdict::Denied,
        policies: Vec::new(),
        reason: Some(reason.to_owned()),
    }
}
