//! The words of the schema: kinds of entities and actions, as Cedar spells them.
//!
//! `writ.cedarschema` is the truth; this file only makes it usable from Rust.

use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, Schema, Validator};

use super::request::PolicyAction;

/// As it is, for people who write policies.
pub const SCHEMA_TEXT: &str = include_str!("writ.cedarschema");

const NAMESPACE: &str = "Writ";

/// What a policy can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum EntityKind {
    Tenant,
    Group,
    User,
    Client,
    Workload,
    Resource,
    Scope,
}

impl EntityKind {
    pub(super) const ALL: [Self; 7] = [
        Self::Tenant,
        Self::Group,
        Self::User,
        Self::Client,
        Self::Workload,
        Self::Resource,
        Self::Scope,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "Tenant",
            Self::Group => "Group",
            Self::User => "User",
            Self::Client => "Client",
            Self::Workload => "Workload",
            Self::Resource => "Resource",
            Self::Scope => "Scope",
        }
    }

    pub(super) fn of(name: &EntityTypeName) -> Option<Self> {
        let is_ours = name.namespace() == NAMESPACE;
        let mut kinds = Self::ALL.into_iter();
        kinds.find(|kind| is_ours && kind.as_str() == name.basename())
    }
}

/// An entity by kind and name, without Cedar's types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct EntityName {
    pub(super) kind: EntityKind,
    pub(super) id: String,
}

impl EntityName {
    pub(super) fn new(kind: EntityKind, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
        }
    }

    pub(super) fn of(uid: &EntityUid) -> Option<Self> {
        let kind = EntityKind::of(uid.type_name())?;
        Some(Self::new(kind, uid.id().unescaped()))
    }
}

impl PolicyAction {
    pub(super) fn of(uid: &EntityUid) -> Option<Self> {
        let id = uid.id().unescaped();
        Self::ALL.into_iter().find(|action| action.as_str() == id)
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Authorize => 0,
            Self::Issue => 1,
            Self::Exchange => 2,
            Self::Register => 3,
        }
    }
}

/// The schema, read once.
pub(super) struct Vocabulary {
    kinds: Vec<EntityTypeName>,
    actions: Vec<EntityUid>,
    pub(super) validator: Validator,
}

static VOCABULARY: LazyLock<Option<Vocabulary>> = LazyLock::new(|| Vocabulary::read().ok());

/// `None` never happens: the schema is a constant, and a test reads it.
pub(super) fn vocabulary() -> Option<&'static Vocabulary> {
    VOCABULARY.as_ref()
}

impl Vocabulary {
    fn read() -> Result<Self, Box<dyn std::error::Error>> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA_TEXT)?;
        let action = EntityTypeName::from_str(&format!("{NAMESPACE}::Action"))?;
        let mut kinds = Vec::with_capacity(EntityKind::ALL.len());
        for kind in EntityKind::ALL {
            let name = format!("{NAMESPACE}::{}", kind.as_str());
            kinds.push(EntityTypeName::from_str(&name)?);
        }
        Ok(Self {
            kinds,
            actions: PolicyAction::ALL
                .into_iter()
                .map(|it| {
                    EntityUid::from_type_name_and_id(action.clone(), EntityId::new(it.as_str()))
                })
                .collect(),
            validator: Validator::new(schema),
        })
    }

    pub(super) fn uid(&self, kind: EntityKind, id: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.kinds[kind as usize].clone(), EntityId::new(id))
    }

    pub(super) fn action(&self, action: PolicyAction) -> &EntityUid {
        &self.actions[action.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_says_what_this_file_says() {
        let vocabulary = vocabulary().unwrap();
        let schema = vocabulary.validator.schema();
        let mut declared: Vec<String> = schema.entity_types().map(ToString::to_string).collect();
        declared.sort_unstable();
        let mut known: Vec<String> = vocabulary.kinds.iter().map(ToString::to_string).collect();
        known.sort_unstable();
        assert_eq!(known, declared);
        for (index, kind) in EntityKind::ALL.into_iter().enumerate() {
            assert_eq!(EntityKind::of(&vocabulary.kinds[index]), Some(kind));
            assert_eq!(kind as usize, index);
        }
        let mut actions: Vec<String> = schema.actions().map(ToString::to_string).collect();
        actions.sort_unstable();
        let mut known: Vec<String> = vocabulary.actions.iter().map(ToString::to_string).collect();
        known.sort_unstable();
        assert_eq!(known, actions);
        for action in PolicyAction::ALL {
            assert_eq!(PolicyAction::of(vocabulary.action(action)), Some(action));
            assert_eq!(PolicyAction::ALL[action.index()], action);
        }
    }
}
