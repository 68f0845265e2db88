//! What has to be done so that a tenant is as its file says: a list of steps, in an order that works.
//!
//! Pure: a file and what there is go in, steps come out. What was applied gives no steps the next time.
//!
//! First the tenant; then kind by kind what changes and what is new, since later kinds refer to earlier ones; then the
//! tenant's members that refer to these; last, in the opposite order, what is to go.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::compare::{self, Change};
use super::document::Declared;
use super::kinds::{Kind, TENANT};
use super::schema::Schemas;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Create,
    Update,
    Delete,
}

/// One call, or a call and what it could not say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) deed: Deed,
    pub(super) kind: &'static Kind,
    /// Of the thing, as a file names it.
    pub(super) name: String,
    /// Of the thing, as paths name it; none before it is made.
    pub(super) id: Option<String>,
    /// What the file says of the thing.
    pub(super) wanted: Map<String, Value>,
    pub(super) changes: Vec<Change>,
}

/// What a tenant is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Current {
    pub(super) tenant: Option<Map<String, Value>>,
    /// By section.
    pub(super) things: BTreeMap<&'static str, Vec<Map<String, Value>>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) slug: String,
    pub(super) steps: Vec<Step>,
    /// What the file does not name, of kinds that it does.
    pub(super) left_alone: Vec<(&'static Kind, String)>,
}

impl Plan {
    /// Compares; the faults are what no call could bring about.
    pub(super) fn make(
        declared: &Declared,
        current: &Current,
        is_pruning: bool,
        schemas: &Schemas,
    ) -> Result<Self, Vec<String>> {
        let mut planning = Planning {
            schemas,
            plan: Self {
                slug: declared.slug.clone(),
                ..Self::default()
            },
            faults: Vec::new(),
        };
        let (early, late) = apart(&TENANT, &declared.tenant);
        planning.compare(&TENANT, &early, current.tenant.as_ref());
        // Of what is not there yet, everything is otherwise.
        let nothing = Map::new();
        for (kind, wanted) in &declared.things {
            match (wanted.first(), kind.is_single) {
                (Some(wanted), true) => {
                    let current = current.of(kind).first();
                    planning.change(kind, wanted, current.unwrap_or(&nothing));
                }
                _ => planning.compare_all(kind, wanted, current.of(kind)),
            }
        }
        let tenant = current.tenant.as_ref().unwrap_or(&nothing);
        planning.change(&TENANT, &late, tenant);
        let several = declared.things.iter().filter(|(kind, _)| !kind.is_single);
        for (kind, wanted) in several.rev() {
            planning.clear(kind, wanted, current.of(kind), is_pruning);
        }
        if planning.faults.is_empty() {
            Ok(planning.plan)
        } else {
            Err(planning.faults)
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether there is no such tenant yet.
    pub(super) fn makes_the_tenant(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| step.deed == Deed::Create && step.kind == &TENANT)
    }

    pub(super) fn count(&self, deed: Deed) -> usize {
        self.steps.iter().filter(|step| step.deed == deed).count()
    }
}

impl Current {
    pub(super) fn of(&self, kind: &Kind) -> &[Map<String, Value>] {
        self.things.get(kind.section).map_or(&[], Vec::as_slice)
    }
}

/// What can be said when the thing is made, and what refers to things that come later.
fn apart(kind: &Kind, wanted: &Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
    let members = wanted.clone().into_iter();
    let (late, early): (Vec<_>, Vec<_>) =
        members.partition(|(name, _)| kind.late.contains(&name.as_str()));
    (early.into_iter().collect(), late.into_iter().collect())
}

/// A text member, where the thing has one.
pub(super) fn text(thing: &Map<String, Value>, member: &str) -> String {
    let text = thing.get(member).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

struct Planning<'a> {
    schemas: &'a Schemas,
    plan: Plan,
    faults: Vec<String>,
}

impl Planning<'_> {
    /// Things of one kind: what changes first, so that what it lets go of can be taken by what is new.
    fn compare_all(
        &mut self,
        kind: &'static Kind,
        wanted: &[Map<String, Value>],
        current: &[Map<String, Value>],
    ) {
        let found = |thing: &Map<String, Value>| {
            let mut declared = current.iter().filter(|current| kind.is_declared(current));
            declared.find(|current| current.get(kind.key) == thing.get(kind.key))
        };
        for thing in wanted {
            let name = thing.get(kind.key);
            let declared = current.iter().filter(|current| kind.is_declared(current));
            let count = declared.filter(|it| it.get(kind.key) == name).count();
            if count > 1 {
                self.faults.push(format!(
                    "the {0} {1}: the tenant has {count} {0}s with this {2}, and none is better than the others: rename \
                     or delete all but one",
                    kind.word,
                    text(thing, kind.key),
                    kind.key,
                ));
            }
        }
        let (old, new): (Vec<_>, Vec<_>) = wanted.iter().partition(|thing| found(thing).is_some());
        for thing in old.into_iter().chain(new) {
            self.compare(kind, thing, found(thing));
        }
    }

    fn compare(
        &mut self,
        kind: &'static Kind,
        wanted: &Map<String, Value>,
        current: Option<&Map<String, Value>>,
    ) {
        match current {
            Some(current) => self.change(kind, wanted, current),
            None => self.create(kind, wanted),
        }
    }

    fn create(&mut self, kind: &'static Kind, wanted: &Map<String, Value>) {
        // Null is what is not said of a new thing.
        let said = wanted.iter().filter(|(_, value)| !value.is_null());
        let wanted: Map<String, Value> = said
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let changes = compare::changes(kind, &wanted, &Map::new());
        self.plan.steps.push(Step {
            deed: Deed::Create,
            kind,
            name: text(&wanted, kind.key),
            id: None,
            wanted,
            changes,
        });
    }

    fn change(
        &mut self,
        kind: &'static Kind,
        wanted: &Map<String, Value>,
        current: &Map<String, Value>,
    ) {
        let shown = |name: &str| self.schemas.has(kind.shown, name);
        let comparable = wanted.iter().filter(|(name, _)| shown(name));
        let wanted: Map<String, Value> = comparable
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let changes = compare::changes(kind, &wanted, current);
        if changes.is_empty() {
            return;
        }
        let name = if kind.is_single {
            self.plan.slug.clone()
        } else {
            text(&wanted, kind.key)
        };
        for member in compare::body(kind, &wanted, &changes).keys() {
            if !self.schemas.has(kind.changes, member) {
                self.faults.push(format!(
                    "the {} {name}: its {member} was settled when it was made, and is {} and not {}",
                    kind.word,
                    current.get(member).unwrap_or(&Value::Null),
                    wanted.get(member).unwrap_or(&Value::Null),
                ));
            }
        }
        self.plan.steps.push(Step {
            deed: Deed::Update,
            kind,
            name,
            id: (!current.is_empty()).then(|| text(current, kind.id)),
            wanted,
            changes,
        });
    }

    fn clear(
        &mut self,
        kind: &'static Kind,
        wanted: &[Map<String, Value>],
        current: &[Map<String, Value>],
        is_pruning: bool,
    ) {
        let is_wanted = |thing: &Map<String, Value>| {
            let name = thing.get(kind.key);
            wanted.iter().any(|wanted| wanted.get(kind.key) == name)
        };
        let unnamed = current
            .iter()
            .filter(|thing| kind.is_declared(thing) && !is_wanted(thing));
        for thing in unnamed {
            let name = text(thing, kind.key);
            if is_pruning {
                self.plan.steps.push(Step {
                    deed: Deed::Delete,
                    kind,
                    name,
                    id: Some(text(thing, kind.id)),
                    wanted: Map::new(),
                    changes: Vec::new(),
                });
            } else {
                self.plan.left_alone.push((kind, name));
            }
        }
    }
}

#[cfg(test)]
mod tests;
