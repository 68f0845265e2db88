//! What an operator says about a person, for policies: read from a body, merged into what was there.

use std::collections::BTreeMap;

use protocol::{AttributeValue, GroupName, UserAttributes};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Faults;

const FIELD: &str = "attributes";
const VALUES: &str = "true or false, a whole number, a text, or a list of texts.";

/// What an attribute can be.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AttributeValue)]
pub enum AttributeOut {
    Boolean(bool),
    Number(i64),
    Text(String),
    List(Vec<String>),
}

/// Names to values, as JSON has them.
pub type Attributes = BTreeMap<String, Value>;

pub fn shown(attributes: &UserAttributes) -> BTreeMap<String, AttributeOut> {
    let shown = |value: &AttributeValue| match value {
        AttributeValue::Boolean(value) => AttributeOut::Boolean(*value),
        AttributeValue::Number(value) => AttributeOut::Number(*value),
        AttributeValue::Text(text) => AttributeOut::Text(text.clone()),
        AttributeValue::List(texts) => AttributeOut::List(texts.clone()),
    };
    let named = |(name, value): (&str, &AttributeValue)| (name.to_owned(), shown(value));
    attributes.iter().map(named).collect()
}

/// Of somebody new, who has none that `null` could remove.
pub fn read(faults: &mut Faults, said: Attributes) -> UserAttributes {
    for (name, _) in said.iter().filter(|(_, value)| value.is_null()) {
        faults.add(format!("{FIELD}.{name}"), VALUES);
    }
    merge(faults, UserAttributes::default(), said)
}

/// RFC 7396: what is not named stays, and null removes.
pub fn merge(faults: &mut Faults, current: UserAttributes, said: Attributes) -> UserAttributes {
    let mut values: BTreeMap<String, AttributeValue> = current
        .iter()
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    for (name, value) in said {
        if value.is_null() {
            values.remove(&name);
            continue;
        }
        match serde_json::from_value(value) {
            Ok(value) => {
                values.insert(name, value);
            }
            Err(_) => faults.add(format!("{FIELD}.{name}"), VALUES),
        }
    }
    UserAttributes::new(values).unwrap_or_else(|error| {
        let field = error
            .attribute()
            .map_or_else(|| FIELD.to_owned(), |name| format!("{FIELD}.{name}"));
        faults.add(field, error.to_string());
        current
    })
}

/// Names of groups, each once.
pub fn read_groups(faults: &mut Faults, names: &[String]) -> Vec<GroupName> {
    let mut groups: Vec<GroupName> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        match GroupName::parse(name) {
            Ok(name) if groups.contains(&name) => {}
            Ok(name) => groups.push(name),
            Err(error) => faults.add(format!("groups[{at}]"), format!("{error}.")),
        }
    }
    if groups.len() > protocol::user::MAX_GROUPS_OF_A_USER {
        let most = protocol::user::MAX_GROUPS_OF_A_USER;
        faults.add("groups", format!("At most {most}."));
    }
    groups
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(value: Value) -> Attributes {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_patch_touches_what_it_names_and_null_removes() {
        let mut faults = Faults::default();
        let before = read(&mut faults, said(json!({"a": 1, "b": "x", "c": ["y"]})));
        let after = merge(
            &mut faults,
            before,
            said(json!({"a": 2, "b": null, "z": null})),
        );
        assert!(faults.finish().is_ok());
        assert_eq!(json!(after), json!({"a": 2, "c": ["y"]}));
    }

    #[test]
    fn a_bad_value_is_named() {
        for (value, field) in [
            (json!({"a": 1.5}), "attributes.a"),
            (json!({"a": {}}), "attributes.a"),
            (json!({"A": 1}), "attributes.A"),
            (json!({"a": null}), "attributes.a"),
        ] {
            let mut faults = Faults::default();
            read(&mut faults, said(value));
            let problem = faults.finish().unwrap_err();
            assert_eq!(problem.errors()[0].field, field);
        }
    }
}
