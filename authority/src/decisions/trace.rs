//! What is kept of a decision: what it was made from, and what each check said.
//!
//! Nothing secret can get in: facts and checks have no place for one.

use protocol::ids::{DecisionId, UserId};
use protocol::random::Random;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::NewDecision;

use super::settled::{Answered, Settlement};
use crate::audit::Origin;
use crate::directory::PoliciesInForce;
use crate::policy::{
    CompiledPolicies, DecidingPolicy, DecisionRequest, Outcome, PolicyLayer, PrincipalFacts,
    Verdict,
};

/// So many checks are kept of one decision; a request may name hundreds of scopes.
const MOST_CHECKS: usize = 200;
/// And so many policies of one check: of what hundreds forbid, some are enough to see why.
const MOST_POLICIES: usize = 5;
const MOST_DESCRIPTION_CHARS: usize = 200;
/// What one trace may come to.
const MOST_BYTES: usize = 64 * 1024;

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceCheck {
    /// `policies`, or the rule of OAuth that came before them.
    pub check: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The registered identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    pub verdict: Verdict,
    /// Which policies made it so. None where it is allowed or not by a rule, or by no permit at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyCheck>,
    /// In a sentence, where the policies do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A policy that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyCheck {
    pub layer: PolicyLayer,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// It could not be evaluated, which denies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// A decision on its way into the database.
pub(super) struct Trace<'a> {
    pub answered: &'a Answered,
    pub settlement: Settlement,
    pub policies: &'a PoliciesInForce,
    /// What the rules of OAuth had taken away before.
    pub before: &'a [TraceCheck],
}

impl Trace<'_> {
    pub fn into_row(self, origin: &Origin, random: &dyn Random) -> Option<NewDecision> {
        let request = &self.answered.request;
        let decided_at = request.context.time;
        let decision_id = DecisionId::generate(random, decided_at);
        let mut checks = self.before.to_vec();
        checks.extend(policy_checks(self.policies, self.answered));
        checks.truncate(MOST_CHECKS);
        let mut checks = serde_json::to_value(&checks).ok()?;
        shorten(&mut checks);
        Some(NewDecision {
            decision_id,
            error_id: origin
                .request_id
                .clone()
                .unwrap_or_else(|| decision_id.to_string()),
            decided_at,
            action: request.action.as_str().to_owned(),
            outcome: self.settlement.as_str().to_owned(),
            user_id: user_of(request),
            client_id: protocol::ClientId::parse(&request.client.id).ok()?,
            policy_version: self.policies.version,
            inputs: serde_json::to_value(request).ok()?,
            checks,
        })
    }
}

/// Lines from the end go, until what is left is no more than a trace may have.
fn shorten(checks: &mut Value) {
    while let Some(lines) = checks.as_array_mut().filter(|lines| lines.len() > 1)
        && lines
            .iter()
            .map(|line| line.to_string().len())
            .sum::<usize>()
            > MOST_BYTES
    {
        lines.truncate(lines.len() / 2);
    }
}

fn user_of(request: &DecisionRequest) -> Option<UserId> {
    match &request.principal {
        PrincipalFacts::User(user) => user.id.parse().ok(),
        PrincipalFacts::Client | PrincipalFacts::Workload => None,
    }
}

/// What the policies said, a line for each scope.
pub(super) fn policy_checks(policies: &PoliciesInForce, answered: &Answered) -> Vec<TraceCheck> {
    let of_request = answered.request.resource.as_ref();
    let lines = answered.decision.outcomes.iter().map(|outcome| {
        let resource = match &outcome.scope {
            Some(scope) => scope.resource.as_ref(),
            None => of_request,
        };
        TraceCheck {
            check: "policies".to_owned(),
            scope: outcome.scope.as_ref().map(|scope| scope.name.clone()),
            resource: resource.map(|resource| resource.identifier.clone()),
            verdict: outcome.verdict,
            policies: deciding(policies, outcome),
            reason: reason_of(outcome),
        }
    });
    lines.collect()
}

fn reason_of(outcome: &Outcome) -> Option<String> {
    let is_unpermitted = outcome.verdict == Verdict::Denied
        && outcome.policies.is_empty()
        && outcome.failures.is_empty();
    is_unpermitted.then(|| "no policy permits it".to_owned())
}

fn deciding(policies: &PoliciesInForce, outcome: &Outcome) -> Vec<PolicyCheck> {
    let mut lines: Vec<PolicyCheck> = outcome
        .policies
        .iter()
        .map(|policy| line_of(policies, policy, None))
        .collect();
    let failures = outcome.failures.iter();
    lines.extend(
        failures.map(|failure| line_of(policies, &failure.policy, Some(failure.message.clone()))),
    );
    lines.truncate(MOST_POLICIES);
    lines
}

fn line_of(
    policies: &PoliciesInForce,
    policy: &DecidingPolicy,
    failure: Option<String>,
) -> PolicyCheck {
    let texts: &CompiledPolicies = match policy.layer {
        PolicyLayer::Platform => policies.engine.guard_rails(),
        PolicyLayer::Tenant => policies.engine.policies(),
    };
    let summary = texts.policies().iter().find(|it| *it.id == *policy.id);
    PolicyCheck {
        layer: policy.layer,
        id: policy.id.to_string(),
        description: summary
            .and_then(|it| it.description.as_ref())
            .map(|it| it.chars().take(MOST_DESCRIPTION_CHARS).collect()),
        failure,
    }
}

/// As it is asked again: from a row.
pub(super) fn request_of(inputs: Value) -> Option<DecisionRequest> {
    serde_json::from_value(inputs).ok()
}
