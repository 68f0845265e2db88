//! The facts of a request as Cedar's entities and context. Made only when a body has to be evaluated.

use std::collections::{BTreeSet, HashSet};

use cedar_policy::{Context, Entities, Entity, EntityUid, Request, RestrictedExpression as Value};
use protocol::clock::Timestamp;

use super::head::Placed;
use super::request::{
    AuthenticationFacts, ClientFacts, DecisionRequest, PolicyAction, PrincipalFacts, ResourceFacts,
    ScopeFacts, UserFacts,
};
use super::vocabulary::{EntityKind, EntityName, Vocabulary};

/// Why there is nothing to evaluate with. It denies.
pub(super) type EntityError = Box<dyn std::error::Error>;

/// Who asks, and in which groups they are.
pub(super) fn principal(request: &DecisionRequest) -> Placed {
    let (kind, id) = match &request.principal {
        PrincipalFacts::User(user) => (EntityKind::User, &user.id),
        PrincipalFacts::Client => (EntityKind::Client, &request.client.id),
        PrincipalFacts::Workload => (EntityKind::Workload, &request.client.id),
    };
    let ancestors = match &request.principal {
        PrincipalFacts::User(user) => {
            let groups = user.groups.iter();
            groups
                .map(|name| EntityName::new(EntityKind::Group, name))
                .collect()
        }
        PrincipalFacts::Client | PrincipalFacts::Workload => Vec::new(),
    };
    Placed {
        name: EntityName::new(kind, id),
        ancestors,
    }
}

/// What is asked for: a scope in its resource, or without scopes the resource, or the tenant.
pub(super) fn target(request: &DecisionRequest, scope: Option<&ScopeFacts>) -> Placed {
    let tenant = EntityName::new(EntityKind::Tenant, &request.tenant);
    let resource =
        |resource: &ResourceFacts| EntityName::new(EntityKind::Resource, &resource.identifier);
    match (scope, &request.resource) {
        (Some(scope), _) => {
            let mut ancestors: Vec<_> = scope.resource.iter().map(resource).collect();
            ancestors.push(tenant);
            Placed {
                name: EntityName::new(EntityKind::Scope, &scope.name),
                ancestors,
            }
        }
        (None, Some(whole)) => Placed {
            name: resource(whole),
            ancestors: vec![tenant],
        },
        (None, None) => Placed {
            name: tenant,
            ancestors: Vec::new(),
        },
    }
}

/// The part of a request that is the same for every scope.
pub(super) struct Circumstances<'a> {
    vocabulary: &'static Vocabulary,
    principal: EntityUid,
    action: &'a EntityUid,
    context: Context,
    entities: Entities,
}

impl<'a> Circumstances<'a> {
    /// Everything at one resource. A name of a scope means another scope at each resource, so that each
    /// resource of a request has entities of its own.
    pub(super) fn new(
        vocabulary: &'static Vocabulary,
        request: &'a DecisionRequest,
        resource: Option<&ResourceFacts>,
    ) -> Result<Self, EntityError> {
        let placed = principal(request);
        let principal = vocabulary.uid(placed.name.kind, &placed.name.id);
        Ok(Self {
            context: context(vocabulary, request)?,
            entities: entities(vocabulary, request, &principal, resource)?,
            action: vocabulary.action(request.action),
            principal,
            vocabulary,
        })
    }

    pub(super) fn entities(&self) -> &Entities {
        &self.entities
    }

    pub(super) fn asking_for(&self, target: &EntityName) -> Result<Request, EntityError> {
        let target = self.vocabulary.uid(target.kind, &target.id);
        // The schema is not asked again: these entities are made to fit it, which a test holds.
        Ok(Request::new(
            self.principal.clone(),
            self.action.clone(),
            target,
            self.context.clone(),
            None,
        )?)
    }
}

fn text(value: &str) -> Value {
    Value::new_string(value.to_owned())
}

fn texts(values: &BTreeSet<String>) -> Value {
    Value::new_set(values.iter().map(|value| text(value)))
}

fn instant(at: Timestamp) -> Value {
    // Cedar knows milliseconds, and exactly three digits of them.
    let micros = at.unix_micros();
    let whole = Timestamp::from_unix_seconds(micros.div_euclid(1_000_000)).to_rfc3339();
    let whole = whole.trim_end_matches('Z');
    let millis = micros.rem_euclid(1_000_000) / 1_000;
    Value::new_datetime(format!("{whole}.{millis:03}Z"))
}

fn context(vocabulary: &Vocabulary, request: &DecisionRequest) -> Result<Context, EntityError> {
    let facts = &request.context;
    let client = vocabulary.uid(EntityKind::Client, &request.client.id);
    let mut members = vec![
        ("client", Value::new_entity_uid(client)),
        ("time", instant(facts.time)),
    ];
    if let Some(address) = facts.address {
        members.push(("address", Value::new_ip(address.to_string())));
    }
    if request.action == PolicyAction::Register {
        members.push(("redirect_hosts", texts(&facts.redirect_hosts)));
    } else {
        let grant_type = facts.grant_type.as_deref().unwrap_or_default();
        members.push(("grant_type", text(grant_type)));
        if let Some(host) = &facts.redirect_host {
            members.push(("redirect_host", text(host)));
        }
        if let Some(signed_in) = &facts.authentication {
            members.push(("authentication", authentication(signed_in)?));
        }
    }
    let members = members.into_iter();
    Ok(Context::from_pairs(
        members.map(|(name, value)| (name.to_owned(), value)),
    )?)
}

fn authentication(facts: &AuthenticationFacts) -> Result<Value, EntityError> {
    Ok(Value::new_record([
        ("methods".to_owned(), texts(&facts.methods)),
        ("at".to_owned(), instant(facts.at)),
        (
            "strength".to_owned(),
            Value::new_long(facts.strength.into()),
        ),
    ])?)
}

fn entities(
    vocabulary: &Vocabulary,
    request: &DecisionRequest,
    principal: &EntityUid,
    resource: Option<&ResourceFacts>,
) -> Result<Entities, EntityError> {
    let tenant = vocabulary.uid(EntityKind::Tenant, &request.tenant);
    let mut all = vec![client(vocabulary, &request.client)?];
    match &request.principal {
        PrincipalFacts::User(facts) => all.push(user(vocabulary, facts, principal)?),
        PrincipalFacts::Workload => all.push(Entity::with_uid(principal.clone())),
        PrincipalFacts::Client => {}
    }
    let whole = resource.map(|facts| vocabulary.uid(EntityKind::Resource, &facts.identifier));
    if let (Some(facts), Some(uid)) = (resource, &whole) {
        all.push(named(uid.clone(), &facts.name, [tenant.clone()])?);
    }
    let mut seen = HashSet::new();
    for scope in &request.scopes {
        if scope.resource.as_ref() == resource && seen.insert(scope.name.as_str()) {
            let uid = vocabulary.uid(EntityKind::Scope, &scope.name);
            let parents = whole.iter().chain([&tenant]).cloned();
            all.push(named(uid, &scope.name, parents)?);
        }
    }
    all.push(Entity::with_uid(tenant));
    Ok(Entities::from_entities(all, None)?)
}

fn named(
    uid: EntityUid,
    name: &str,
    parents: impl IntoIterator<Item = EntityUid>,
) -> Result<Entity, EntityError> {
    let name = [("name".to_owned(), text(name))];
    Ok(Entity::new_with_tags(uid, name, parents, [])?)
}

fn user(
    vocabulary: &Vocabulary,
    facts: &UserFacts,
    uid: &EntityUid,
) -> Result<Entity, EntityError> {
    let mut members = vec![("username".to_owned(), text(&facts.username))];
    if let Some(email) = &facts.email {
        members.push(("email".to_owned(), text(email)));
    }
    let groups = facts.groups.iter();
    let groups = groups.map(|name| vocabulary.uid(EntityKind::Group, name));
    let tags = facts.attributes.iter();
    let tags = tags.map(|(name, values)| (name.clone(), texts(values)));
    Ok(Entity::new_with_tags(uid.clone(), members, groups, tags)?)
}

fn client(vocabulary: &Vocabulary, facts: &ClientFacts) -> Result<Entity, EntityError> {
    let mut members = vec![
        ("origin".to_owned(), text(&facts.origin)),
        (
            "is_recognized".to_owned(),
            Value::new_bool(facts.is_recognized),
        ),
        (
            "is_confidential".to_owned(),
            Value::new_bool(facts.is_confidential),
        ),
    ];
    let optional = [
        ("name", &facts.name),
        ("domain", &facts.domain),
        ("known", &facts.known),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            members.push((name.to_owned(), text(value)));
        }
    }
    let uid = vocabulary.uid(EntityKind::Client, &facts.id);
    Ok(Entity::new_with_tags(uid, members, [], [])?)
}
