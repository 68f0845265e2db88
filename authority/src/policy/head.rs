//! The head of a policy, `(principal …, action …, resource …)`, decided without Cedar's evaluator.
//!
//! A head names entities and nothing else, so comparing names is all it takes; the body is evaluated only where
//! the head fits. A property test holds this file to Cedar's own answer.

use cedar_policy::{ActionConstraint, Policy, PrincipalConstraint, ResourceConstraint};

use super::request::PolicyAction;
use super::vocabulary::{EntityKind, EntityName};

/// To whom, to what and when a policy applies.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) principal: Constraint,
    actions: [bool; PolicyAction::ALL.len()],
    pub(super) resource: Constraint,
}

/// What one place of the head asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Constraint {
    Any,
    Is(EntityKind),
    In(EntityName),
    Eq(EntityName),
    IsIn(EntityKind, EntityName),
}

/// An entity of a request, and everything it is in.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) name: EntityName,
    pub(super) ancestors: Vec<EntityName>,
}

impl Placed {
    fn is_in(&self, name: &EntityName) -> bool {
        self.name == *name || self.ancestors.contains(name)
    }
}

impl Constraint {
    pub(super) fn fits(&self, entity: &Placed) -> bool {
        match self {
            Self::Any => true,
            Self::Is(kind) => entity.name.kind == *kind,
            Self::In(name) => entity.is_in(name),
            Self::Eq(name) => entity.name == *name,
            Self::IsIn(kind, name) => entity.name.kind == *kind && entity.is_in(name),
        }
    }

    /// The one scope that it is about.
    pub(super) fn scope(&self) -> Option<&str> {
        match self {
            Self::Eq(name) if name.kind == EntityKind::Scope => Some(&name.id),
            _ => None,
        }
    }
}

impl Head {
    /// `None` for names that the schema does not know; validation refuses those before.
    pub(super) fn of(policy: &Policy) -> Option<Self> {
        Some(Self {
            principal: principal(policy)?,
            actions: actions(policy)?,
            resource: resource(policy)?,
        })
    }

    pub(super) fn is_about(&self, action: PolicyAction) -> bool {
        self.actions[action.index()]
    }
}

fn principal(policy: &Policy) -> Option<Constraint> {
    Some(match policy.principal_constraint() {
        PrincipalConstraint::Any => Constraint::Any,
        PrincipalConstraint::Is(kind) => Constraint::Is(EntityKind::of(&kind)?),
        PrincipalConstraint::In(uid) => Constraint::In(EntityName::of(&uid)?),
        PrincipalConstraint::Eq(uid) => Constraint::Eq(EntityName::of(&uid)?),
        PrincipalConstraint::IsIn(kind, uid) => {
            Constraint::IsIn(EntityKind::of(&kind)?, EntityName::of(&uid)?)
        }
    })
}

fn resource(policy: &Policy) -> Option<Constraint> {
    Some(match policy.resource_constraint() {
        ResourceConstraint::Any => Constraint::Any,
        ResourceConstraint::Is(kind) => Constraint::Is(EntityKind::of(&kind)?),
        ResourceConstraint::In(uid) => Constraint::In(EntityName::of(&uid)?),
        ResourceConstraint::Eq(uid) => Constraint::Eq(EntityName::of(&uid)?),
        ResourceConstraint::IsIn(kind, uid) => {
            Constraint::IsIn(EntityKind::of(&kind)?, EntityName::of(&uid)?)
        }
    })
}

fn actions(policy: &Policy) -> Option<[bool; PolicyAction::ALL.len()]> {
    let named = match policy.action_constraint() {
        ActionConstraint::Any => return Some([true; PolicyAction::ALL.len()]),
        ActionConstraint::In(uids) => uids,
        ActionConstraint::Eq(uid) => vec![uid],
    };
    let mut actions = [false; PolicyAction::ALL.len()];
    for uid in named {
        actions[PolicyAction::of(&uid)?.index()] = true;
    }
    Some(actions)
}
