//! A file that declares one tenant: read, and held against the kinds there are, before anything is called.
//!
//! ```toml
//! [tenant]
//! slug = "acme"
//!
//! [[resources]]
//! identifier = "https://notes.example.com/mcp"
//! ```
//!
//! What it does not name stays as it is. TOML has no null; in YAML null is a value like others where the thing can be
//! shown with it.

use std::collections::BTreeSet;
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::beside;
use super::kinds::{KINDS, Kind, TENANT};
use super::schema::{Schemas, unknown};

/// Room for a tenant of thousands of clients.
const SIZE_LIMIT: usize = 16 * 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Toml,
    Yaml,
}

/// What a tenant is to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Declared {
    pub(super) slug: String,
    pub(super) tenant: Map<String, Value>,
    /// Only kinds that the file names, in the order of [`KINDS`].
    pub(super) things: Vec<(&'static Kind, Vec<Map<String, Value>>)>,
}

impl Format {
    /// By the end of the file's name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" | "json" => Some(Self::Yaml),
            _ => None,
        }
    }
}

impl Declared {
    /// Reads a file's text; every fault of it at once.
    /// Files that it names are found beside it, in `folder`.
    pub(super) fn read(
        text: &str,
        format: Format,
        folder: &Path,
        schemas: &Schemas,
    ) -> Result<Self, Vec<String>> {
        if text.len() > SIZE_LIMIT {
            return Err(vec![format!("it is larger than {SIZE_LIMIT} bytes")]);
        }
        let value = match format {
            Format::Toml => toml::from_str(text)
                .map(from_toml)
                .map_err(|error| error.to_string()),
            // YAML 1.2: `off` and `yes` are words, and some members have such values.
            Format::Yaml => {
                let options = serde_saphyr::options! { strict_booleans: true };
                serde_saphyr::from_str_with_options(text, options)
                    .map_err(|error| error.to_string())
            }
        };
        match value.map_err(|fault| vec![fault])? {
            Value::Object(mut sections) => {
                let mut faults = Vec::new();
                for kind in KINDS {
                    take_file(kind, &mut sections, folder, &mut faults);
                }
                match Self::of_sections(sections, schemas) {
                    Ok(declared) if faults.is_empty() => Ok(declared),
                    Ok(_) => Err(faults),
                    Err(others) => Err([faults, others].concat()),
                }
            }
            _ => Err(vec!["it has no sections: begin with [tenant]".to_owned()]),
        }
    }

    fn of_sections(
        mut sections: Map<String, Value>,
        schemas: &Schemas,
    ) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let Some(Value::Object(tenant)) = sections.remove(TENANT.section) else {
            return Err(vec!["it has no [tenant] with a slug".to_owned()]);
        };
        look_at(&TENANT, &tenant, "tenant", schemas, &mut faults);
        let mut things = Vec::new();
        for kind in KINDS {
            if let Some(section) = sections.remove(kind.section) {
                things.push((kind, read_section(kind, section, schemas, &mut faults)));
            }
        }
        // What `GET …/export` writes can be applied, as far as it is configuration.
        if let Some(version) = sections.remove("format_version")
            && version != 1
        {
            faults.push(format!(
                "format_version is {version}: this version of writ reads 1"
            ));
        }
        if sections.remove("users").is_some() {
            faults.push(
                "users are people and not configuration: export the tenant with users=false, or make a tenant of all of \
                 it by POST /admin/v1/tenant-imports"
                    .to_owned(),
            );
        }
        let known = || {
            KINDS
                .iter()
                .map(|kind| kind.section)
                .chain([TENANT.section])
        };
        faults.extend(sections.keys().map(|name| unknown("", name, known())));
        let slug = tenant.get(TENANT.key).and_then(Value::as_str);
        let slug = slug.unwrap_or_default().to_owned();
        if faults.is_empty() {
            Ok(Self {
                slug,
                tenant,
                things,
            })
        } else {
            Err(faults)
        }
    }

    pub(super) fn names(&self, kind: &Kind) -> bool {
        self.things.iter().any(|(named, _)| *named == kind)
    }
}

/// A longer text stands in a file of its own: `file = "acme.cedar"` in place of `text`.
fn take_file(
    kind: &Kind,
    sections: &mut Map<String, Value>,
    folder: &Path,
    faults: &mut Vec<String>,
) {
    let section = sections
        .get_mut(kind.section)
        .and_then(Value::as_object_mut);
    let (Some(member), Some(section)) = (kind.text, section) else {
        return;
    };
    let Some(name) = section.remove("file") else {
        return;
    };
    let read = match name.as_str() {
        _ if section.contains_key(member) => Err(format!("say {member} or file, not both")),
        Some(name) => {
            beside::read(folder, name).map_err(|error| format!("cannot read {name}: {error}"))
        }
        None => Err("file is not the name of one".to_owned()),
    };
    match read {
        Ok(text) => {
            section.insert(member.to_owned(), text.into());
        }
        Err(fault) => faults.push(format!("{}: {fault}", kind.section)),
    }
}

fn read_section(
    kind: &'static Kind,
    section: Value,
    schemas: &Schemas,
    faults: &mut Vec<String>,
) -> Vec<Map<String, Value>> {
    let items = match (section, kind.is_single) {
        (Value::Object(single), true) => {
            look_at(kind, &single, kind.section, schemas, faults);
            return vec![single];
        }
        (Value::Array(items), false) => items,
        (_, true) => {
            faults.push(format!("{} is one thing with members", kind.section));
            return Vec::new();
        }
        (_, false) => {
            faults.push(format!("{} is not a list of things", kind.section));
            return Vec::new();
        }
    };
    let mut things = Vec::new();
    let mut names = BTreeSet::new();
    for (index, item) in items.into_iter().enumerate() {
        let path = format!("{}[{index}]", kind.section);
        let Value::Object(thing) = item else {
            faults.push(format!("{path} is not a thing with members"));
            continue;
        };
        look_at(kind, &thing, &path, schemas, faults);
        let name = thing.get(kind.key).and_then(Value::as_str);
        if let Some(name) = name
            && !names.insert(name.to_owned())
        {
            faults.push(format!("{path}: the {} {name} is there already", kind.word));
        }
        things.push(thing);
    }
    things
}

fn look_at(
    kind: &Kind,
    thing: &Map<String, Value>,
    path: &str,
    schemas: &Schemas,
    faults: &mut Vec<String>,
) {
    let name = thing.get(kind.key).and_then(Value::as_str);
    if !kind.key.is_empty() && name.is_none_or(str::is_empty) {
        faults.push(format!("{path} has no {}, by which it is found", kind.key));
    }
    let known = || {
        let members = schemas.members(kind.new).into_iter();
        let members = members.chain(schemas.members(kind.changes));
        members.filter(|name| !schemas.is_secret(kind.new, name))
    };
    for (name, value) in thing {
        let place = format!("{path}.{name}");
        let schema = if schemas.has(kind.new, name) {
            kind.new
        } else {
            kind.changes
        };
        if schemas.is_secret(kind.new, name) || schemas.is_secret(kind.changes, name) {
            faults.push(format!(
                "{place} is a secret, and no secret stands in a file: one is made, and shown once"
            ));
        } else if !schemas.has(schema, name) {
            faults.push(unknown(path, name, known()));
        } else if value.is_null() && !schemas.can_be_null(kind.shown, name) {
            faults.push(format!(
                "{place} is null: say its value, or leave it out to keep it as it is"
            ));
        } else {
            faults.extend(schemas.faults(schema, name, value, &place));
        }
    }
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is_so) => is_so.into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(from_toml).collect(),
        toml::Value::Table(members) => {
            let members = members.into_iter();
            Value::Object(
                members
                    .map(|(name, value)| (name, from_toml(value)))
                    .collect(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str, format: Format) -> Result<Declared, Vec<String>> {
        let schemas = Schemas::of_this_version().unwrap();
        Declared::read(text, format, Path::new("/nowhere"), &schemas)
    }

    const TOML: &str = r#"
        [tenant]
        slug = "acme"
        display_name = "Acme"
        device_authorization = "off"
        [tenant.compatibility]
        json_token_body = true
        [[resources]]
        identifier = "https://notes.example.com/mcp"
        name = "Notes"
        scopes = [{ name = "notes:read", description = "Read your notes", default = true }]
    "#;
    const YAML: &str = r"
tenant:
  slug: acme
  display_name: Acme
  device_authorization: off
  compatibility:
    json_token_body: true
resources:
  - identifier: https://notes.example.com/mcp
    name: Notes
    scopes:
      - { name: 'notes:read', description: Read your notes, default: true }
";

    #[test]
    fn both_formats_say_the_same() {
        let toml = read(TOML, Format::Toml).unwrap();
        assert_eq!(toml, read(YAML, Format::Yaml).unwrap());
        assert_eq!(toml.slug, "acme");
        assert_eq!(toml.tenant["device_authorization"], json!("off"));
        assert!(toml.names(&KINDS[0]) && !toml.names(&KINDS[1]));
    }

    #[test]
    fn every_fault_is_told_at_once_and_with_its_place() {
        let text = r#"
            [tenant]
            slug = "acme"
            display_nam = "Acme"
            [[client]]
            client_id = "x"
            [[clients]]
            client_id = "notes"
            client_secret = "0123456789"
            [[clients]]
            client_id = "notes"
            redirect_uris = "https://notes.example/"
            [[clients]]
            client_name = "nobody"
        "#;
        let faults = read(text, Format::Toml).unwrap_err();
        for fault in [
            "tenant.display_nam is not known: did you mean display_name?",
            "client is not known: did you mean clients?",
            "clients[0].client_secret is a secret, and no secret stands in a file: one is made, and shown once",
            "clients[1]: the client notes is there already",
            "clients[1].redirect_uris is not array",
            "clients[2] has no client_id, by which it is found",
        ] {
            assert!(
                faults.iter().any(|told| told == fault),
                "{fault}: {faults:?}"
            );
        }
        assert_eq!(faults.len(), 6, "{faults:?}");
    }

    #[test]
    fn policies_may_stand_in_a_file_of_their_own() {
        let folder = std::env::temp_dir().join(format!("writ-policies-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("acme.cedar"),
            "permit (principal, action, resource);",
        )
        .unwrap();
        let schemas = Schemas::of_this_version().unwrap();
        let read = |policies: &str| {
            let text = format!("[tenant]\nslug = \"acme\"\n[policies]\n{policies}\n");
            Declared::read(&text, Format::Toml, &folder, &schemas)
        };
        let declared = read("file = \"acme.cedar\"\nnote = \"x\"").unwrap();
        let policies = &declared.things[0].1[0];
        assert_eq!(policies["text"], "permit (principal, action, resource);");
        assert!(!policies.contains_key("file"));
        for wrong in [
            "file = \"none.cedar\"",
            "file = 1",
            "file = \"acme.cedar\"\ntext = \"\"",
        ] {
            assert_eq!(read(wrong).unwrap_err().len(), 1, "{wrong}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_a_reader_of_yaml_may_be_surprised_by_is_refused_or_said() {
        let null = "tenant: {slug: acme, access_token_lifetime: null}";
        assert!(read(null, Format::Yaml).unwrap_err()[0].contains("access_token_lifetime is null"));
        let null = "tenant: {slug: acme, registration_scopes: null}";
        assert!(read(null, Format::Yaml).is_ok());
        for broken in [
            "tenant: {slug: acme, slug: beta}",
            "tenant: [",
            "- a",
            "",
            "tenant: &a {slug: acme, compatibility: *b}",
        ] {
            assert!(read(broken, Format::Yaml).is_err(), "{broken}");
        }
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
            d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
            g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
        assert!(read(bomb, Format::Yaml).is_err());
    }
}
