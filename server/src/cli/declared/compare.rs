//! Whether a thing is as a file says, and what would have to change.
//!
//! Members that the file does not name are left out of it. In an object that is named, the same holds for its members;
//! a list is meant as a whole, and in its elements "not said" is the same as empty or false.

use serde_json::{Map, Value};

use super::kinds::Kind;

/// One member that is to be otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// Such as `compatibility.json_token_body`.
    pub(super) path: String,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// What of `wanted` is not so.
pub(super) fn changes(
    kind: &Kind,
    wanted: &Map<String, Value>,
    current: &Map<String, Value>,
) -> Vec<Change> {
    let mut found = Vec::new();
    let remarked = |name: &String| kind.remarks.contains(&name.as_str());
    for (name, wanted) in wanted.iter().filter(|(name, _)| !remarked(name)) {
        let current = current.get(name).unwrap_or(&Value::Null);
        let is_unordered = kind.unordered.contains(&name.as_str());
        compare(name, wanted, current, is_unordered, &mut found);
    }
    found
}

/// What a PATCH has to say so that nothing of it is left: whole members.
pub(super) fn body(
    kind: &Kind,
    wanted: &Map<String, Value>,
    changes: &[Change],
) -> Map<String, Value> {
    let members = changes.iter().map(|change| {
        let end = change.path.find('.').unwrap_or(change.path.len());
        &change.path[..end]
    });
    let names = members.chain(kind.remarks.iter().copied());
    names
        .filter_map(|name| Some((name.to_owned(), wanted.get(name)?.clone())))
        .collect()
}

fn compare(
    path: &str,
    wanted: &Value,
    current: &Value,
    is_unordered: bool,
    found: &mut Vec<Change>,
) {
    if let (Value::Object(wanted), Value::Object(current)) = (wanted, current) {
        for (name, wanted) in wanted {
            let current = current.get(name).unwrap_or(&Value::Null);
            compare(&format!("{path}.{name}"), wanted, current, false, found);
        }
        return;
    }
    let is_same = if is_unordered {
        words(wanted) == words(current)
    } else {
        is_same(wanted, current)
    };
    if !is_same {
        found.push(Change {
            path: path.to_owned(),
            before: current.clone(),
            after: wanted.clone(),
        });
    }
}

/// Sorted, so that order says nothing; null is no list.
fn words(value: &Value) -> Option<Vec<String>> {
    let mut words: Vec<String> = match value {
        Value::Null => return None,
        Value::Array(items) => items.iter().map(Value::to_string).collect(),
        Value::String(text) => text
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect(),
        other => vec![other.to_string()],
    };
    words.sort_unstable();
    words.dedup();
    Some(words)
}

pub(super) fn is_same(wanted: &Value, current: &Value) -> bool {
    match (wanted, current) {
        (Value::Array(wanted), Value::Array(current)) => {
            wanted.len() == current.len()
                && wanted
                    .iter()
                    .zip(current)
                    .all(|(wanted, current)| is_same(wanted, current))
        }
        // Here they are elements of a list, which is replaced whole.
        (Value::Object(wanted), Value::Object(current)) => {
            let names = wanted.keys().chain(current.keys());
            let of = |members: &Map<String, Value>, name: &String| {
                members.get(name).filter(|value| !is_blank(value)).cloned()
            };
            names
                .into_iter()
                .all(|name| match (of(wanted, name), of(current, name)) {
                    (None, None) => true,
                    (Some(wanted), Some(current)) => is_same(&wanted, &current),
                    _ => false,
                })
        }
        _ => wanted == current,
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::declared::kinds::{TENANT, find};

    fn found(kind: &Kind, wanted: &Value, current: &Value) -> Vec<String> {
        let (wanted, current) = (wanted.as_object().unwrap(), current.as_object().unwrap());
        let found = changes(kind, wanted, current);
        found.into_iter().map(|change| change.path).collect()
    }

    #[test]
    fn only_what_is_named_is_compared() {
        let current = json!({"slug": "acme", "access_token_lifetime": 900, "compatibility": {"a": true, "b": false}});
        assert!(found(&TENANT, &json!({"slug": "acme"}), &current).is_empty());
        assert!(found(&TENANT, &json!({"compatibility": {"a": true}}), &current).is_empty());
        let wanted = json!({"access_token_lifetime": 600, "compatibility": {"b": true}});
        assert_eq!(
            found(&TENANT, &wanted, &current),
            ["access_token_lifetime", "compatibility.b"]
        );
        let changes = changes(
            &TENANT,
            wanted.as_object().unwrap(),
            current.as_object().unwrap(),
        );
        assert_eq!(
            Value::Object(body(&TENANT, wanted.as_object().unwrap(), &changes)),
            wanted
        );
    }

    #[test]
    fn a_list_is_meant_as_a_whole() {
        let resource = find("resources").unwrap();
        let current = json!({"scopes": [{"name": "a", "description": "A", "default": false}, {"name": "b", "description": "B", "default": true}]});
        let same = json!({"scopes": [{"name": "a", "description": "A"}, {"name": "b", "description": "B", "default": true}]});
        assert!(found(resource, &same, &current).is_empty());
        for other in [
            json!({"scopes": [{"name": "a", "description": "A"}]}),
            json!({"scopes": [{"name": "a", "description": "A"}, {"name": "b", "description": "B"}]}),
            json!({"scopes": []}),
        ] {
            assert_eq!(found(resource, &other, &current), ["scopes"], "{other}");
        }
    }

    #[test]
    fn order_says_nothing_where_it_means_nothing() {
        let client = find("clients").unwrap();
        let current = json!({"redirect_uris": ["b", "a"], "scope": "y x", "resources": null});
        let wanted = json!({"redirect_uris": ["a", "b"], "scope": "x  y"});
        assert!(found(client, &wanted, &current).is_empty());
        // Null means all of them, and an empty list none.
        assert_eq!(
            found(client, &json!({"resources": []}), &current),
            ["resources"]
        );
        assert_eq!(found(client, &json!({"scope": "x"}), &current), ["scope"]);
    }
}
