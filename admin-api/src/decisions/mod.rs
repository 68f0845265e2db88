//! Decisions of the policies: why somebody was refused, or got less than was asked; what would happen if; and what a
//! draft would change.
//!
//! Traces are read here and made in `authority::decisions`; the policies themselves are in `policies`.

pub mod explain;
pub mod find;
pub mod list;
pub mod simulate;

use authority::decisions::{PolicyCheck, TraceCheck};
use authority::policy::{PolicyLayer, Verdict};
use protocol::AdminObject;
use serde::Serialize;
use serde_json::Value;
use store::Decision;
use utoipa::ToSchema;

use crate::principal::Caller;
use crate::wire;

/// A decision as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub struct DecisionOut {
    pub id: String,
    /// What the person or the client was told; the request's `X-Request-Id`.
    #[schema(example = "9f2c41d07ab3")]
    pub error_id: String,
    #[schema(format = DateTime)]
    pub decided_at: String,
    /// `authorize`, `issue` or `register`.
    #[schema(example = "issue")]
    pub action: String,
    /// `allowed` (a sample), `narrowed`, `denied` or `stronger_sign_in` by policies; `refused` by a rule of OAuth before.
    #[schema(example = "denied")]
    pub outcome: String,
    /// Null: no person was behind it.
    pub user_id: Option<String>,
    #[schema(example = "notes-desktop")]
    pub client_id: String,
    /// Null: the policies that every tenant begins with.
    pub policy_version: Option<i64>,
    /// What was decided from: principal, client, scopes, context. Never a secret. Name, email address, attributes and
    /// network address of a person take the scope `users:read` besides.
    #[schema(value_type = Object)]
    pub inputs: Value,
    /// What each check said, in their order.
    pub checks: Vec<CheckOut>,
}

/// One check of a decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionCheck)]
pub struct CheckOut {
    /// `policies`; `scopes`, which left a scope out before them; or the error by which a rule of OAuth refused.
    #[schema(example = "policies")]
    pub check: String,
    /// Null: it is about the request as a whole.
    #[schema(example = "notes:write")]
    pub scope: Option<String>,
    /// The resource's identifier; null for scopes of the tenant.
    #[schema(example = "https://mcp.example.com/mcp")]
    pub resource: Option<String>,
    /// `allowed`, `denied`, or `sign_in_needed`: allowed once the person has signed in again.
    #[schema(example = "denied")]
    pub verdict: &'static str,
    /// Those that made it so. None and denied: no policy permits it.
    pub policies: Vec<PolicyOut>,
    pub reason: Option<String>,
}

/// A policy that decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecidingPolicy)]
pub struct PolicyOut {
    /// `tenant`, or `platform` for a guard rail above all tenants.
    #[schema(example = "tenant")]
    pub layer: &'static str,
    /// Its `@id`.
    #[schema(example = "writing-is-for-editors")]
    pub id: String,
    pub description: Option<String>,
    /// It could not be evaluated, which denies.
    pub failure: Option<String>,
}

impl From<Decision> for DecisionOut {
    fn from(decision: Decision) -> Self {
        // What another version of Writ wrote may have another form: it is left out.
        let checks: Vec<TraceCheck> = serde_json::from_value(decision.checks).unwrap_or_default();
        Self {
            id: decision.decision_id.to_string(),
            error_id: decision.error_id,
            decided_at: wire::time(decision.decided_at),
            action: decision.action,
            outcome: decision.outcome,
            user_id: decision.user_id.map(|id| id.to_string()),
            client_id: decision.client_id.to_string(),
            policy_version: decision.policy_version,
            inputs: decision.inputs,
            checks: checks.into_iter().map(CheckOut::from).collect(),
        }
    }
}

/// Who may see whom decisions are about, beyond their id: whoever may see users.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    people: bool,
}

impl Sight {
    pub fn of(caller: &Caller) -> Self {
        Self {
            people: caller.require_scope(AdminObject::Users, false).is_ok(),
        }
    }

    /// A decision as this caller may see it.
    pub fn show(self, decision: Decision) -> DecisionOut {
        let mut shown = DecisionOut::from(decision);
        if !self.people {
            let inputs = &mut shown.inputs;
            for (part, member) in PERSONAL {
                if let Some(part) = inputs.get_mut(part).and_then(Value::as_object_mut) {
                    part.remove(member);
                }
            }
        }
        shown
    }
}

/// What of the facts is personal.
const PERSONAL: [(&str, &str); 4] = [
    ("principal", "username"),
    ("principal", "email"),
    ("principal", "attributes"),
    ("context", "address"),
];

impl From<TraceCheck> for CheckOut {
    fn from(check: TraceCheck) -> Self {
        Self {
            check: check.check,
            scope: check.scope,
            resource: check.resource,
            verdict: word_of(check.verdict),
            policies: check.policies.into_iter().map(PolicyOut::from).collect(),
            reason: check.reason,
        }
    }
}

impl From<PolicyCheck> for PolicyOut {
    fn from(policy: PolicyCheck) -> Self {
        Self {
            layer: PolicyLayer::as_str(policy.layer),
            id: policy.id,
            description: policy.description,
            failure: policy.failure,
        }
    }
}

const fn word_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::Obliged(_) => "sign_in_needed",
    }
}
