//! An answer of the policies as a flow acts on it: what may be had, what not, and what to do about it.

use std::collections::BTreeSet;

use protocol::scope::ScopeSet;

use crate::policy::{Decision, DecisionRequest, Outcome, Verdict};

/// How it ended, for the flow, the trace and the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settlement {
    /// Everything.
    Allowed,
    /// Something, and something not.
    Narrowed,
    /// Nothing.
    Denied,
    /// More, once the person has signed in again.
    StrongerSignIn,
}

impl Settlement {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Narrowed => "narrowed",
            Self::Denied => "denied",
            Self::StrongerSignIn => "stronger_sign_in",
        }
    }
}

/// What came of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub settlement: Settlement,
    /// Those of the question that may be had.
    pub scopes: ScopeSet,
    /// Those that may not.
    pub refused: ScopeSet,
    /// Registered identifiers of resources at which nothing may be had.
    pub lost_resources: BTreeSet<String>,
    /// A new sign-in would get more.
    pub is_obliged: bool,
}

/// One request to the engine, and its answer.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub request: DecisionRequest,
    pub decision: Decision,
}

/// Whether an obligation of a policy counts as met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FreshSignIn {
    /// The person signed in for this very request.
    Done,
    /// They can be asked to.
    Possible,
    /// Nobody is there who could.
    Impossible,
}

impl FreshSignIn {
    pub(super) fn allows(self, outcome: &Outcome) -> bool {
        match outcome.verdict {
            Verdict::Allowed => true,
            Verdict::Obliged(_) => self == Self::Done,
            Verdict::Denied => false,
        }
    }
}

impl Settled {
    /// Without a question: nothing of it may be had.
    pub(super) fn nothing(asked: &ScopeSet) -> Self {
        Self {
            settlement: Settlement::Denied,
            scopes: ScopeSet::empty(),
            refused: asked.clone(),
            lost_resources: BTreeSet::new(),
            is_obliged: false,
        }
    }

    /// `asked`: the scopes of the question, in their order.
    pub(super) fn of(answered: &[Answered], asked: &ScopeSet, sign_in: FreshSignIn) -> Self {
        let outcomes = || answered.iter().flat_map(|it| &it.decision.outcomes);
        let is_obliged = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Obliged(_));
        let is_given = |name: &str| {
            outcomes().any(|outcome| {
                let is_it = outcome.scope.as_ref().is_some_and(|it| it.name == name);
                is_it && sign_in.allows(outcome)
            })
        };
        // What no outcome is about was not decided, and is not given: a scope that no resource has.
        let scopes = asked.retain(is_given);
        let refused = asked.retain(|name| !scopes.contains(name));
        let (decided, lost_resources) = resources_of(answered, sign_in);
        // What is left of a request for a resource at which nothing may be had is nothing, `openid` or not.
        let is_any = outcomes().any(|outcome| sign_in.allows(outcome))
            && (decided.is_empty() || decided != lost_resources);
        let is_all = refused.is_empty() && lost_resources.is_empty();
        let is_obliged = sign_in != FreshSignIn::Done && outcomes().any(is_obliged);
        let settlement = if sign_in == FreshSignIn::Possible && is_obliged {
            Settlement::StrongerSignIn
        } else if !is_any {
            Settlement::Denied
        } else if is_all {
            Settlement::Allowed
        } else {
            Settlement::Narrowed
        };
        Self {
            settlement,
            scopes,
            refused,
            lost_resources,
            is_obliged,
        }
    }
}

/// The resources that were decided about, and those of them at which nothing may be had.
fn resources_of(
    answered: &[Answered],
    sign_in: FreshSignIn,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut decided, mut given) = (BTreeSet::new(), BTreeSet::new());
    for it in answered {
        for outcome in &it.decision.outcomes {
            let resource = match &outcome.scope {
                Some(scope) => scope.resource.as_ref(),
                None => it.request.resource.as_ref(),
            };
            let Some(resource) = resource else { continue };
            decided.insert(resource.identifier.clone());
            if sign_in.allows(outcome) {
                given.insert(resource.identifier.clone());
            }
        }
    }
    let lost = decided.difference(&given).cloned().collect();
    (decided, lost)
}

#[cfg(test)]
mod tests;
