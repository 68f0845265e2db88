//! What policies answered, scope by scope, and because of which of them.

use std::sync::Arc;

use protocol::scope::{ScopeError, ScopeSet};
use serde::{Deserialize, Serialize};

use super::request::ScopeFacts;

/// The answer to a [`super::DecisionRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// One for each scope asked for, in that order; for a request without scopes exactly one.
    pub outcomes: Vec<Outcome>,
    /// Bodies of policies that were evaluated: what the work of a decision is counted in.
    pub evaluations: usize,
}

/// What was decided about one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// None: the request had no scopes, so this is about all of it.
    pub scope: Option<ScopeFacts>,
    pub verdict: Verdict,
    /// The policies that made it so: the permits of what is allowed, the forbids of what is not. Empty where
    /// no policy permits it.
    pub policies: Vec<DecidingPolicy>,
    /// Policies that could not be evaluated. One is enough for a denial.
    pub failures: Vec<PolicyFailure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Allowed,
    Denied,
    /// Only policies with an obligation stand against it: it is allowed once that is met.
    Obliged(Obligation),
}

/// What lifts a forbidding policy: `@obligation("…")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obligation {
    /// The person signs in again, whatever session there is.
    FreshSignIn,
}

/// A policy that decided, by its `@id`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DecidingPolicy {
    pub layer: PolicyLayer,
    pub id: Arc<str>,
}

/// Whose policy it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyLayer {
    /// A guard rail above all tenants: may only forbid.
    Platform,
    Tenant,
}

/// A policy whose evaluation ended in an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFailure {
    /// `*` for all of them, where the stored text cannot be read.
    pub policy: DecidingPolicy,
    pub message: String,
}

impl Decision {
    /// The scopes that may be had, in the order asked; a scope of two resources counts where either gives it.
    pub fn allowed_scopes(&self) -> Result<ScopeSet, ScopeError> {
        let allowed = self.outcomes.iter().filter(|outcome| outcome.is_allowed());
        ScopeSet::from_tokens(allowed.filter_map(|outcome| {
            let scope = outcome.scope.as_ref()?;
            Some(scope.name.as_str())
        }))
    }

    /// Whether anything of it may be had.
    pub fn is_any_allowed(&self) -> bool {
        self.outcomes.iter().any(Outcome::is_allowed)
    }

    pub fn is_all_allowed(&self) -> bool {
        self.outcomes.iter().all(Outcome::is_allowed)
    }

    /// What is not allowed, obliged or not.
    pub fn refused(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| !outcome.is_allowed())
    }

    /// What would have to be met for more than is allowed now.
    pub fn obligation(&self) -> Option<Obligation> {
        self.outcomes
            .iter()
            .find_map(|outcome| match outcome.verdict {
                Verdict::Obliged(obligation) => Some(obligation),
                Verdict::Allowed | Verdict::Denied => None,
            })
    }

    pub fn failures(&self) -> impl Iterator<Item = &PolicyFailure> {
        self.outcomes.iter().flat_map(|outcome| &outcome.failures)
    }
}

impl Outcome {
    pub fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allowed
    }
}

impl Obligation {
    pub const ALL: [Self; 1] = [Self::FreshSignIn];

    /// As it stands in the annotation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FreshSignIn => "fresh-sign-in",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}

impl PolicyLayer {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Tenant => "tenant",
        }
    }
}
