//! A tenant that is not there yet, tried as a whole: its file as the document of `POST …/tenant-imports`, which the
//! server judges and makes nothing of.
//!
//! Step by step it could not be: nothing can be asked about the things of a tenant that is not there. Made step by step
//! without this, a tenant whose file the server refuses in the middle would be there by half, and its slug used for
//! ever.

use serde_json::{Map, Value, json};

use super::document::Declared;
use super::kinds::{Kind, TENANT};
use super::schema::Schemas;
use crate::cli::CliError;
use crate::cli::admin::api::Api;
use crate::cli::admin::failure::noting;
use crate::cli::say::warn;

const PATH: &str = "/admin/v1/tenant-imports";
const FORMAT_VERSION: u32 = 1;
/// What the operation takes at once (`admin_api::tenant_documents`, `request::LargeBody`).
const MOST: usize = 1_000;
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// The schemas of what the document makes, where they are others than of what the operations make.
const DOCUMENT_TENANT: &str = "DocumentTenant";
const DOCUMENT_WEBHOOK: &str = "DocumentWebhook";

/// A file as a document, and what of it cannot be said in one.
#[derive(Debug, PartialEq)]
pub(super) struct Trial {
    document: Value,
    untried: Vec<String>,
}

/// Asks the server what it would say to this file. Its refusals are told with their places in the file.
pub(super) async fn run(api: &Api, declared: &Declared, schemas: &Schemas) -> Result<(), CliError> {
    let trial = match Trial::of(declared, schemas) {
        Ok(trial) => trial,
        Err(why) => {
            warn(&format!(
                "not tried: the tenant is not there yet, and {why}"
            ));
            return Ok(());
        }
    };
    for what in &trial.untried {
        warn(&format!("{what}: not tried: the tenant is not there yet"));
    }
    let tried = api.try_create(PATH, &trial.document).await;
    tried.map_err(|error| {
        let note = format!(
            "the tenant {} is not there yet: the whole file was tried, and nothing was made",
            declared.slug
        );
        noting(error, &note)
    })
}

impl Trial {
    fn of(declared: &Declared, schemas: &Schemas) -> Result<Self, String> {
        let mut untried = Vec::new();
        let mut document = Map::new();
        document.insert("format_version".to_owned(), FORMAT_VERSION.into());
        let mut said = |kind: &Kind, thing: &Map<String, Value>, path: &str| {
            let schema = schema_of(kind);
            let mut known = Map::new();
            for (name, value) in thing.iter().filter(|(_, value)| !value.is_null()) {
                if schemas.has(schema, name) {
                    known.insert(name.clone(), value.clone());
                } else {
                    untried.push(format!("{path}.{name}"));
                }
            }
            Value::Object(known)
        };
        let tenant = said(&TENANT, &declared.tenant, TENANT.section);
        document.insert(TENANT.section.to_owned(), tenant);
        for (kind, things) in &declared.things {
            if things.len() > MOST {
                return Err(format!("{} are more than {MOST}", kind.section));
            }
            let section = if kind.is_single {
                let single = things.first();
                single.map_or(Value::Null, |single| said(kind, single, kind.section))
            } else {
                let things = things.iter().enumerate();
                let things = things.map(|(at, thing)| {
                    let path = format!("{}[{at}]", kind.section);
                    said(kind, thing, &path)
                });
                things.collect()
            };
            document.insert(kind.section.to_owned(), section);
        }
        let document = json!(document);
        if document.to_string().len() > MOST_BYTES {
            return Err(format!("the file is larger than {MOST_BYTES} bytes"));
        }
        Ok(Self { document, untried })
    }
}

fn schema_of(kind: &Kind) -> &'static str {
    match kind.section {
        "tenant" => DOCUMENT_TENANT,
        "webhooks" => DOCUMENT_WEBHOOK,
        _ => kind.new,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::declared::document::Format;

    fn trial(text: &str) -> Result<Trial, String> {
        let schemas = Schemas::of_this_version().unwrap();
        let declared = Declared::read(text, Format::Toml, Path::new("/nowhere"), &schemas);
        Trial::of(&declared.unwrap(), &schemas)
    }

    #[test]
    fn a_file_is_a_document_but_for_what_is_said_of_what_is_there() {
        let text = r#"
            [tenant]
            slug = "acme"
            display_name = "Acme"
            state = "suspended"
            default_resource = "https://n.example/mcp"
            [[resources]]
            identifier = "https://n.example/mcp"
            name = "Notes"
            [[clients]]
            client_id = "notes"
            is_enabled = false
            [[groups]]
            name = "interns"
            [policies]
            text = "permit (principal, action, resource);"
            note = "x"
            [[webhooks]]
            name = "alarms"
            url = "https://a.example/"
            events = ["*"]
            state = "disabled"
            [quotas]
            users = 5
        "#;
        let trial = trial(text).unwrap();
        assert_eq!(
            trial.document,
            json!({
                "format_version": 1,
                "tenant": {
                    "slug": "acme", "display_name": "Acme", "state": "suspended",
                    "default_resource": "https://n.example/mcp",
                },
                "resources": [{"identifier": "https://n.example/mcp", "name": "Notes"}],
                "clients": [{"client_id": "notes", "is_enabled": false}],
                "groups": [{"name": "interns"}],
                "policies": {"text": "permit (principal, action, resource);", "note": "x"},
                "webhooks": [{"name": "alarms", "url": "https://a.example/", "events": ["*"], "state": "disabled"}],
                "quotas": {"users": 5},
            })
        );
        // All that can be said of a new thing today; a member that only changes know is named.
        assert!(trial.untried.is_empty(), "{:?}", trial.untried);
        let declared = Declared {
            slug: "acme".to_owned(),
            tenant: Map::from_iter([
                ("later".to_owned(), true.into()),
                ("none".to_owned(), Value::Null),
            ]),
            things: Vec::new(),
        };
        let trial = Trial::of(&declared, &Schemas::of_this_version().unwrap()).unwrap();
        assert_eq!(trial.untried, ["tenant.later"]);
        assert_eq!(trial.document["tenant"], json!({}));
    }

    #[test]
    fn what_is_too_much_at_once_is_not_tried() {
        let groups: Vec<String> = (0..=MOST)
            .map(|at| format!("[[groups]]\nname = \"g{at}\"\n"))
            .collect();
        let why = trial(&format!("[tenant]\nslug = \"acme\"\n{}", groups.join(""))).unwrap_err();
        assert!(why.contains("groups"), "{why}");
    }
}
