//! The laws of a plan, on a tenant that is made of maps: applied twice it is nothing the second time, and it touches
//! nothing but what the file names.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::cli::declared::kinds::find;

fn schemas() -> &'static Schemas {
    static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas::of_this_version().unwrap());
    &SCHEMAS
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other}"),
    }
}

fn declared(tenant: Value, things: &[(&str, Vec<Value>)]) -> Declared {
    let tenant = map(tenant);
    let things = things.iter().map(|(section, things)| {
        let things = things.iter().cloned().map(map).collect();
        (find(section).unwrap(), things)
    });
    Declared {
        slug: text(&tenant, "slug"),
        tenant,
        things: things.collect(),
    }
}

/// A server in a few lines: it makes, changes and removes what a step says, and checks what a server would.
fn apply(current: &mut Current, plan: &Plan) {
    for step in &plan.steps {
        if step.kind == &TENANT {
            let tenant = current.tenant.get_or_insert_default();
            merge(tenant, &step.wanted);
            let default = text(tenant, "default_resource");
            let resources = current.things.get("resources");
            let is_there = |thing: &Map<String, Value>| text(thing, "identifier") == default;
            assert!(default.is_empty() || resources.is_some_and(|all| all.iter().any(is_there)));
            continue;
        }
        let things = current.things.entry(step.kind.section).or_default();
        if step.kind.is_single {
            if things.is_empty() {
                things.push(Map::new());
            }
            merge(&mut things[0], &step.wanted);
            continue;
        }
        let place = things
            .iter()
            .position(|thing| text(thing, step.kind.key) == step.name);
        match (step.deed, place) {
            (Deed::Create, None) => {
                let mut thing = step.wanted.clone();
                thing.insert("id".to_owned(), format!("id of {}", step.name).into());
                if let Some((member, value)) = step.kind.only {
                    thing.insert(member.to_owned(), value.into());
                }
                things.push(thing);
            }
            (Deed::Update, Some(place)) => {
                assert_eq!(step.id, Some(text(&things[place], step.kind.id)));
                merge(
                    &mut things[place],
                    &compare::body(step.kind, &step.wanted, &step.changes),
                );
            }
            (Deed::Delete, Some(place)) => {
                assert_eq!(step.id, Some(text(&things[place], step.kind.id)));
                things.remove(place);
            }
            other => panic!("{other:?} of {step:?}"),
        }
    }
}

/// RFC 7396.
fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

fn lines(plan: &Plan) -> Vec<String> {
    let line = |step: &Step| format!("{:?} {} {}", step.deed, step.kind.word, step.name);
    plan.steps.iter().map(line).collect()
}

#[test]
fn a_tenant_is_made_from_nothing_in_an_order_that_works() {
    let resource = json!({"identifier": "https://a.example/mcp", "name": "A"});
    let client = json!({"client_id": "c", "resources": ["https://a.example/mcp"]});
    let wanted = declared(
        json!({"slug": "acme", "display_name": "Acme", "default_resource": "https://a.example/mcp"}),
        &[
            ("resources", vec![resource]),
            ("clients", vec![client]),
            ("quotas", vec![json!({"users": 5})]),
        ],
    );
    let mut current = Current::default();
    let plan = Plan::make(&wanted, &current, true, schemas()).unwrap();
    assert_eq!(
        lines(&plan),
        [
            "Create tenant acme",
            "Create resource https://a.example/mcp",
            "Create client c",
            "Update quotas of tenant acme",
            "Update tenant acme",
        ]
    );
    assert!(!plan.steps[0].wanted.contains_key("default_resource"));
    apply(&mut current, &plan);
    assert!(
        Plan::make(&wanted, &current, true, schemas())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_the_file_does_not_name_is_left_alone_or_pruned_if_it_names_the_kind() {
    let mut current = Current::default();
    let before = declared(
        json!({"slug": "acme", "display_name": "Acme"}),
        &[
            (
                "resources",
                vec![
                    json!({"identifier": "a", "name": "A"}),
                    json!({"identifier": "b", "name": "B"}),
                ],
            ),
            ("clients", vec![json!({"client_id": "c"})]),
        ],
    );
    let plan = Plan::make(&before, &current, false, schemas()).unwrap();
    apply(&mut current, &plan);
    let registered = json!({"client_id": "by-itself", "origin": "registered"});
    current
        .things
        .get_mut("clients")
        .unwrap()
        .push(map(registered));

    let fewer = declared(
        json!({"slug": "acme"}),
        &[("resources", vec![json!({"identifier": "a"})])],
    );
    let plan = Plan::make(&fewer, &current, false, schemas()).unwrap();
    assert!(plan.is_empty());
    assert_eq!(
        plan.left_alone,
        [(find("resources").unwrap(), "b".to_owned())]
    );
    let plan = Plan::make(&fewer, &current, true, schemas()).unwrap();
    assert_eq!(lines(&plan), ["Delete resource b"]);

    let none = declared(
        json!({"slug": "acme"}),
        &[("resources", Vec::new()), ("clients", Vec::new())],
    );
    let plan = Plan::make(&none, &current, true, schemas()).unwrap();
    assert_eq!(
        lines(&plan),
        ["Delete client c", "Delete resource a", "Delete resource b"]
    );
}

#[test]
fn what_was_settled_for_ever_is_a_fault() {
    let current = Current {
        tenant: Some(map(json!({"slug": "acme", "issuer": "https://a.example"}))),
        things: BTreeMap::from([(
            "clients",
            vec![map(
                json!({"client_id": "c", "origin": "static", "response_types": ["code"]}),
            )],
        )]),
    };
    let wanted = declared(
        json!({"slug": "acme", "issuer": "https://b.example"}),
        &[(
            "clients",
            vec![json!({"client_id": "c", "response_types": []})],
        )],
    );
    let faults = Plan::make(&wanted, &current, false, schemas()).unwrap_err();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("issuer") && faults[1].contains("response_types"));
}

/// An older server took two webhooks of one name: which of them a file means, nobody can say.
#[test]
fn a_name_that_several_have_is_a_fault() {
    let webhook = |id: &str| map(json!({"id": id, "name": "alarms", "events": ["*"]}));
    let current = Current {
        tenant: Some(map(json!({"slug": "acme"}))),
        things: BTreeMap::from([("webhooks", vec![webhook("1"), webhook("2")])]),
    };
    let file = declared(
        json!({"slug": "acme"}),
        &[(
            "webhooks",
            vec![json!({"name": "alarms", "events": ["client.*"]})],
        )],
    );
    let faults = Plan::make(&file, &current, true, schemas()).unwrap_err();
    assert!(
        faults[0].contains("the tenant has 2 webhooks with this name"),
        "{faults:?}"
    );
}

/// A resource of few names, so that two files meet.
fn resource() -> impl Strategy<Value = Value> {
    let scope = ("[ab]", any::<bool>(), any::<bool>()).prop_map(|(name, is_default, is_said)| {
        let mut scope = json!({"name": name, "description": "x"});
        if is_default || is_said {
            scope["default"] = is_default.into();
        }
        scope
    });
    let members = (
        "[a-d]",
        prop::option::of("[xy]"),
        prop::option::of(prop::collection::vec("[pq]", 0..3)),
        prop::option::of(prop::collection::vec(scope, 0..3)),
    );
    members.prop_map(|(identifier, name, aliases, scopes)| {
        let mut thing = json!({ "identifier": identifier });
        let members = [
            ("name", name.map(Value::from)),
            ("aliases", aliases.map(Value::from)),
            ("scopes", scopes.map(Value::from)),
        ];
        for (member, value) in members {
            if let Some(value) = value {
                thing[member] = value;
            }
        }
        thing
    })
}

fn client() -> impl Strategy<Value = Value> {
    let members = (
        "[a-d]",
        prop::option::of(prop::collection::vec("[xyz]", 0..3)),
        prop::option::of("[a-c]( [a-c]){0,2}"),
        prop::option::of(any::<bool>()),
    );
    members.prop_map(|(client_id, uris, scope, is_enabled)| {
        let mut thing = json!({ "client_id": client_id });
        let members = [
            ("redirect_uris", uris.map(Value::from)),
            ("scope", scope.map(Value::from)),
            ("is_enabled", is_enabled.map(Value::from)),
        ];
        for (member, value) in members {
            if let Some(value) = value {
                thing[member] = value;
            }
        }
        thing
    })
}

fn unique(kind: &str, things: Vec<Value>) -> Vec<Value> {
    let key = find(kind).unwrap().key;
    let mut seen = std::collections::BTreeSet::new();
    let mut things = things;
    things.retain(|thing| seen.insert(thing[key].to_string()));
    things
}

fn file() -> impl Strategy<Value = Declared> {
    let tenant = (
        prop::option::of(60_u32..64),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
    );
    let sections = (
        prop::option::of(prop::collection::vec(resource(), 0..4)),
        prop::option::of(prop::collection::vec(client(), 0..4)),
    );
    (tenant, sections).prop_map(
        |((lifetime, json_token_body, has_default), (resources, clients))| {
            let mut tenant = json!({"slug": "acme", "display_name": "Acme"});
            if let Some(lifetime) = lifetime {
                tenant["access_token_lifetime"] = lifetime.into();
            }
            if let Some(is_so) = json_token_body {
                tenant["compatibility"] = json!({ "json_token_body": is_so });
            }
            let mut things = Vec::new();
            if let Some(resources) = resources {
                let resources = unique("resources", resources);
                if has_default.is_some()
                    && let Some(first) = resources.first()
                {
                    tenant["default_resource"] = first["identifier"].clone();
                }
                things.push(("resources", resources));
            }
            if let Some(clients) = clients {
                things.push(("clients", unique("clients", clients)));
            }
            declared(tenant, &things)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// From any state that files led to: after a file was applied there is nothing to do, and nothing differs.
    #[test]
    fn what_was_applied_is_so(files in prop::collection::vec((file(), any::<bool>()), 1..4)) {
        let schemas = schemas();
        let mut current = Current::default();
        for (file, is_pruning) in files {
            // A default resource may not be pruned from under its tenant.
            current.tenant.as_mut().map(|tenant| tenant.remove("default_resource"));
            let plan = Plan::make(&file, &current, is_pruning, schemas).unwrap();
            apply(&mut current, &plan);
            let again = Plan::make(&file, &current, is_pruning, schemas).unwrap();
            prop_assert!(again.is_empty(), "{:?}", lines(&again));
            let others = Plan::make(&file, &current, true, schemas).unwrap();
            prop_assert_eq!(others.steps.len(), again.left_alone.len());
        }
    }

    /// Whatever is applied after an interruption comes to the same.
    #[test]
    fn what_was_interrupted_goes_on(first in file(), second in file(), stop in 0_usize..6) {
        let schemas = schemas();
        let mut current = Current::default();
        let plan = Plan::make(&first, &current, false, schemas).unwrap();
        apply(&mut current, &plan);
        current.tenant.as_mut().map(|tenant| tenant.remove("default_resource"));
        let mut whole = current.clone();
        let plan = Plan::make(&second, &current, true, schemas).unwrap();
        apply(&mut whole, &plan);
        let mut part = plan.clone();
        part.steps.truncate(stop);
        apply(&mut current, &part);
        let rest = Plan::make(&second, &current, true, schemas).unwrap();
        apply(&mut current, &rest);
        prop_assert_eq!(&current, &whole);
    }

    /// Nothing of a kind that the file does not name, and nothing at all without being told to.
    #[test]
    fn nothing_is_removed_but_of_named_kinds(first in file(), second in file(), is_pruning in any::<bool>()) {
        let schemas = schemas();
        let mut current = Current::default();
        let plan = Plan::make(&first, &current, false, schemas).unwrap();
        apply(&mut current, &plan);
        let plan = Plan::make(&second, &current, is_pruning, schemas).unwrap();
        for step in &plan.steps {
            prop_assert!(step.kind == &TENANT || second.names(step.kind));
            prop_assert!(step.deed != Deed::Delete || is_pruning);
        }
        for (section, things) in &current.things {
            if !second.names(find(section).unwrap()) {
                let mut after = current.clone();
                after.tenant.as_mut().map(|tenant| tenant.remove("default_resource"));
                let plan = Plan::make(&second, &after, is_pruning, schemas).unwrap();
                let without_default = Plan { steps: plan.steps.into_iter().filter(|step| !step.wanted.contains_key("default_resource")).collect(), ..plan };
                apply(&mut after, &without_default);
                prop_assert_eq!(&after.things[section], things);
            }
        }
    }
}
