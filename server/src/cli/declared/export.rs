//! A tenant as a file: what `writ apply` would make it from, without secrets and without what the server says by itself.

use std::fmt::Write as _;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::document::Format;
use super::kinds::{KINDS, Kind, TENANT};
use super::plan::Current;
use super::schema::Schemas;
use crate::cli::CliError;

/// Members of one thing, the ones that name it first.
#[derive(Debug)]
struct Members(Vec<(String, Value)>);

/// Everything, in the order of a file.
#[derive(Debug)]
pub(super) struct Exported {
    tenant: Members,
    things: Vec<(&'static Kind, Vec<Members>)>,
}

impl Exported {
    pub(super) fn of(current: &Current, schemas: &Schemas) -> Option<Self> {
        let tenant = current.tenant.as_ref()?;
        let of_kind = |kind: &'static Kind| {
            let things = current.of(kind).iter();
            let things = things.filter(|thing| kind.is_declared(thing));
            let things = things.map(|thing| members(kind, thing, schemas));
            let things: Vec<Members> = things.filter(|thing| !thing.0.is_empty()).collect();
            (kind, things)
        };
        Some(Self {
            tenant: members(&TENANT, tenant, schemas),
            things: KINDS
                .iter()
                .map(of_kind)
                .filter(|(_, things)| !things.is_empty())
                .collect(),
        })
    }

    pub(super) fn text(&self, format: Format) -> Result<String, CliError> {
        match format {
            Format::Toml => self.toml(),
            Format::Yaml => Ok(serde_saphyr::to_string(self)?),
        }
    }

    fn toml(&self) -> Result<String, CliError> {
        let mut text = format!("[{}]\n", TENANT.section);
        write_members(&mut text, TENANT.section, &self.tenant)?;
        for (kind, things) in &self.things {
            for thing in things {
                let _ = if kind.is_single {
                    write!(text, "\n[{}]\n", kind.section)
                } else {
                    write!(text, "\n[[{}]]\n", kind.section)
                };
                write_members(&mut text, kind.section, thing)?;
            }
        }
        Ok(text)
    }
}

/// What of a thing can be said in a file: what makes or changes one, and is not at its empty state.
fn members(kind: &Kind, thing: &Map<String, Value>, schemas: &Schemas) -> Members {
    let is_said = |name: &str, value: &Value| {
        // A state that only the server comes to is none to declare.
        let can_be_said = [kind.changes, kind.new].iter().any(|schema| {
            schemas.has(schema, name) && schemas.faults(schema, name, value, name).is_empty()
        });
        let is_empty = match value {
            Value::Null => true,
            // Where null means all, an empty list means none.
            Value::Array(items) => items.is_empty() && !schemas.can_be_null(kind.shown, name),
            // Of a tenant that is as most are.
            Value::String(text) => name == "state" && text == "active",
            _ => false,
        };
        can_be_said && !is_empty
    };
    let rank = |name: &str| match name {
        name if name == kind.key => 0,
        "display_name" | "name" | "client_name" => 1,
        _ => 2,
    };
    let mut members: Vec<(String, Value)> = thing
        .iter()
        .filter(|(name, value)| is_said(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    members.sort_by(|(one, _), (other, _)| (rank(one), one).cmp(&(rank(other), other)));
    Members(members)
}

/// Plain values first: a table of TOML ends where the next one begins.
fn write_members(text: &mut String, section: &str, members: &Members) -> Result<(), CliError> {
    let is_table = |value: &Value| value.is_object() && section == TENANT.section;
    for (name, value) in members.0.iter().filter(|(_, value)| !is_table(value)) {
        let _ = writeln!(text, "{name} = {}", value_text(value)?);
    }
    for (name, value) in members.0.iter().filter(|(_, value)| is_table(value)) {
        let _ = write!(text, "\n[{section}.{name}]\n");
        for (name, value) in value.as_object().into_iter().flatten() {
            let _ = writeln!(text, "{name} = {}", value_text(value)?);
        }
    }
    Ok(())
}

fn value_text(value: &Value) -> Result<String, CliError> {
    match value {
        // A line each, where they are things.
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let mut text = String::from("[\n");
            for item in items {
                let _ = writeln!(text, "    {},", to_toml(item)?);
            }
            text.push(']');
            Ok(text)
        }
        Value::String(text) if is_literal(text) => Ok(format!("'''\n{text}'''")),
        value => Ok(to_toml(value)?.to_string()),
    }
}

/// Lines that can be read as they are: policies.
fn is_literal(text: &str) -> bool {
    let is_plain = |letter: char| letter == '\n' || letter == '\t' || !letter.is_control();
    text.contains('\n')
        && !text.contains("'''")
        && !text.ends_with('\'')
        && text.chars().all(is_plain)
}

/// Null is what a table does not say.
fn to_toml(value: &Value) -> Result<toml::Value, CliError> {
    Ok(match value {
        Value::Null => return Err("TOML has no null: export as YAML".into()),
        Value::Bool(is_so) => (*is_so).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(number)) => number.into(),
            (None, None) => return Err(format!("{number} is too large").into()),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => {
            let items: Result<Vec<toml::Value>, CliError> = items.iter().map(to_toml).collect();
            toml::Value::Array(items?)
        }
        Value::Object(members) => {
            let said = members.iter().filter(|(_, value)| !value.is_null());
            let members: Result<toml::Table, CliError> = said
                .map(|(name, value)| Ok((name.clone(), to_toml(value)?)))
                .collect();
            toml::Value::Table(members?)
        }
    })
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Serialize for Exported {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.things.len()))?;
        map.serialize_entry(TENANT.section, &self.tenant)?;
        for (kind, things) in &self.things {
            match things.first() {
                Some(single) if kind.is_single => map.serialize_entry(kind.section, single)?,
                _ => map.serialize_entry(kind.section, things)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::cli::declared::document::Declared;
    use crate::cli::declared::plan::Plan;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn current() -> Current {
        let tenant = json!({
            "id": "1", "slug": "acme", "display_name": "Acme \"and\" sons", "issuer": "https://a.example/t/acme",
            "state": "active", "registration_scopes": [], "registration_redirect_hosts": null,
            "software_statement_issuers": [], "compatibility": {"json_token_body": false, "token_endpoint_audience": true},
            "device_authorization": "off", "access_token_lifetime": 900, "default_resource": "https://n.example/mcp",
        });
        let resource = json!({
            "id": "2", "identifier": "https://n.example/mcp", "aliases": [], "name": "Notes\nand more", "audience": "x",
            "scopes": [{"name": "a", "description": "A", "default": true}], "access_token_lifetime": null,
            "issuer_jwks_uri": "x", "created_at": "2026-01-01T00:00:00Z",
        });
        let client = json!({
            "client_id": "c", "origin": "static", "redirect_uris": ["https://c.example/"], "resources": [],
            "jwks": {"keys": [{"kty": "EC", "x": "y"}]}, "recognised_as": null, "is_enabled": true, "client_name": "yes",
        });
        let other = json!({"client_id": "d", "origin": "registered"});
        Current {
            tenant: Some(map(&tenant)),
            things: BTreeMap::from([
                ("resources", vec![map(&resource)]),
                ("clients", vec![map(&client), map(&other)]),
                (
                    "policies",
                    vec![map(
                        &json!({"version": 2, "is_default": false, "text": "@id(\"a\")\npermit (principal, action, resource);\n", "policies": []}),
                    )],
                ),
                ("quotas", vec![map(&json!({"users": 100, "clients": null}))]),
            ]),
        }
    }

    /// Whatever is exported says the tenant as it is: nothing to do, in either format.
    #[test]
    fn what_is_exported_is_what_there_is() {
        let schemas = Schemas::of_this_version().unwrap();
        let exported = Exported::of(&current(), &schemas).unwrap();
        let mut read = Vec::new();
        for format in [Format::Toml, Format::Yaml] {
            let text = exported.text(format).unwrap();
            let declared =
                Declared::read(&text, format, std::path::Path::new("/nowhere"), &schemas)
                    .unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
            let plan = Plan::make(&declared, &current(), true, &schemas).unwrap();
            assert!(plan.is_empty(), "{plan:?}\n{text}");
            assert!(
                !text.contains("created_at") && !text.contains("registered"),
                "{text}"
            );
            read.push(declared);
        }
        assert_eq!(read[0], read[1]);
        assert_eq!(read[0].tenant["registration_scopes"], json!([]));
        assert!(!read[0].tenant.contains_key("state"));
    }

    #[test]
    fn a_file_begins_with_what_names_a_thing() {
        let schemas = Schemas::of_this_version().unwrap();
        let text = Exported::of(&current(), &schemas)
            .unwrap()
            .text(Format::Toml)
            .unwrap();
        assert!(
            text.starts_with("[tenant]\nslug = \"acme\"\ndisplay_name = "),
            "{text}"
        );
        assert!(text.contains("\n[[resources]]\nidentifier = "), "{text}");
        let policies =
            "[policies]\ntext = '''\n@id(\"a\")\npermit (principal, action, resource);\n'''\n";
        assert!(text.contains(policies), "{text}");
    }
}
