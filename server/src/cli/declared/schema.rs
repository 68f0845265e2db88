//! What the admin API's document says of the members of things: their names, their types, whether they are secret.
//!
//! What it is not: the judge of values. Lengths, forms and what belongs together are the server's to refuse; a file's
//! misspelt or misplaced members are told before anything is sent.

use admin_api::nearest_name;
use serde_json::{Map, Value};

use crate::cli::CliError;

/// The schemas of this version's document.
#[derive(Debug)]
pub(super) struct Schemas(Map<String, Value>);

impl Schemas {
    pub(super) fn of_this_version() -> Result<Self, CliError> {
        let mut document: Value = serde_json::from_str(&admin_api::openapi_json())?;
        let schemas = document.pointer_mut("/components/schemas");
        match schemas.map(Value::take) {
            Some(Value::Object(schemas)) => Ok(Self(schemas)),
            _ => Err("the admin API's document has no schemas".into()),
        }
    }

    /// Whether things of this schema have such a member.
    pub(super) fn has(&self, schema: &str, member: &str) -> bool {
        self.member(schema, member).is_some()
    }

    /// Whether null is a state that this member can be in, rather than a way to say "as before".
    pub(super) fn can_be_null(&self, schema: &str, member: &str) -> bool {
        self.member(schema, member).is_some_and(is_nullable)
    }

    pub(super) fn is_secret(&self, schema: &str, member: &str) -> bool {
        let member = self.member(schema, member);
        member.is_some_and(|member| member.get("writeOnly") == Some(&Value::Bool(true)))
    }

    pub(super) fn members(&self, schema: &str) -> Vec<&str> {
        let objects = self.objects(schema).into_iter();
        objects
            .flat_map(|members| members.keys().map(String::as_str))
            .collect()
    }

    /// What is wrong with a member's value as far as its type goes; `path` is where it stands.
    pub(super) fn faults(
        &self,
        schema: &str,
        member: &str,
        value: &Value,
        path: &str,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(member) = self.member(schema, member) {
            self.look(member, value, path, &mut faults);
        }
        faults
    }

    /// Its members, which may come from several schemas (`allOf`).
    fn objects(&self, schema: &str) -> Vec<&Map<String, Value>> {
        let Some(schema) = self.0.get(schema) else {
            return Vec::new();
        };
        let parts = schema.get("allOf").and_then(Value::as_array);
        let parts = parts.into_iter().flatten().map(|part| self.plain(part));
        let objects = parts
            .chain([schema])
            .filter_map(|part| part.get("properties")?.as_object());
        objects.collect()
    }

    fn member(&self, schema: &str, member: &str) -> Option<&Value> {
        let mut objects = self.objects(schema).into_iter();
        objects.find_map(|members| members.get(member))
    }

    /// What a schema is once references are followed and "or null" is left out.
    fn plain<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return self.0.get(name).map_or(schema, |found| self.plain(found));
        }
        let either = schema.get("oneOf").and_then(Value::as_array);
        let only = either.and_then(|either| {
            let mut others = either.iter().filter(|one| !is_nullable(one));
            others.next().filter(|_| others.next().is_none())
        });
        only.map_or(schema, |only| self.plain(only))
    }

    fn look(&self, schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
        if value.is_null() {
            return;
        }
        let schema = self.plain(schema);
        let types = types(schema);
        if !types.is_empty() && !types.iter().any(|name| is_of_type(value, name)) {
            let wanted = types.join(" or ");
            faults.push(format!("{path} is not {wanted}"));
            return;
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array)
            && !words.contains(value)
        {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            faults.push(format!("{path} must be one of {}", words.join(", ")));
        }
        match value {
            Value::Array(items) => {
                let Some(of) = schema.get("items") else {
                    return;
                };
                for (index, item) in items.iter().enumerate() {
                    self.look(of, item, &format!("{path}[{index}]"), faults);
                }
            }
            Value::Object(members) => {
                let Some(known) = schema.get("properties").and_then(Value::as_object) else {
                    return;
                };
                for (name, value) in members {
                    match known.get(name) {
                        Some(schema) => self.look(schema, value, &format!("{path}.{name}"), faults),
                        None => faults.push(unknown(path, name, known.keys().map(String::as_str))),
                    }
                }
            }
            _ => {}
        }
    }
}

/// In the words of every other unknown name.
pub(super) fn unknown<'a>(path: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let place = if path.is_empty() {
        String::new()
    } else {
        format!("{path}.")
    };
    match nearest_name(name, known) {
        Some(nearest) => format!("{place}{name} is not known: did you mean {nearest}?"),
        None => format!("{place}{name} is not known"),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    let types = match schema.get("type") {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    types.into_iter().filter(|name| *name != "null").collect()
}

fn is_nullable(schema: &Value) -> bool {
    let says_null = match schema.get("type") {
        Some(Value::String(name)) => name == "null",
        Some(Value::Array(names)) => names.iter().any(|name| name == "null"),
        _ => false,
    };
    let either = schema.get("oneOf").and_then(Value::as_array);
    says_null || either.is_some_and(|either| either.iter().any(is_nullable))
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::declared::kinds::{KINDS, TENANT};

    #[test]
    fn every_kind_names_schemas_that_there_are() {
        let schemas = Schemas::of_this_version().unwrap();
        for kind in KINDS.iter().chain([&TENANT]) {
            for schema in [kind.new, kind.changes, kind.shown] {
                assert!(!schemas.members(schema).is_empty(), "{schema}");
            }
            let names = [
                (kind.new, kind.key),
                (kind.shown, kind.key),
                (kind.shown, kind.id),
            ];
            for (schema, member) in names.iter().filter(|(_, member)| !member.is_empty()) {
                assert!(schemas.has(schema, member), "{schema}.{member}");
            }
            for member in kind.unordered.iter().chain(kind.late) {
                assert!(schemas.has(kind.shown, member), "{}.{member}", kind.section);
            }
            let only = kind
                .only
                .is_none_or(|(member, _)| schemas.has(kind.shown, member));
            assert!(only, "{}", kind.section);
        }
    }

    #[test]
    fn what_is_misspelt_or_of_another_type_is_told_with_its_place() {
        let schemas = Schemas::of_this_version().unwrap();
        let scopes = json!([{ "name": 1, "descripton": "x" }]);
        assert_eq!(
            schemas.faults("NewResource", "scopes", &scopes, "resources[0].scopes"),
            [
                "resources[0].scopes[0].name is not string",
                "resources[0].scopes[0].descripton is not known: did you mean description?",
            ]
        );
        let fault = schemas.faults("TenantChanges", "device_authorization", &json!("on"), "x");
        assert_eq!(fault, ["x must be one of off, vouched_for, open"]);
        let nested = json!({ "json_tokens_body": true });
        let fault = schemas.faults(
            "TenantChanges",
            "compatibility",
            &nested,
            "tenant.compatibility",
        );
        assert_eq!(fault.len(), 1, "{fault:?}");
    }

    #[test]
    fn null_is_a_state_of_what_is_shown_as_null() {
        let schemas = Schemas::of_this_version().unwrap();
        assert!(schemas.can_be_null("Client", "resources"));
        assert!(!schemas.can_be_null("Tenant", "access_token_lifetime"));
        assert!(schemas.is_secret("NewClient", "client_secret"));
    }
}
