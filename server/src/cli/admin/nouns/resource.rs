//! `writ resource …`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::resource_helpers::{self as helpers, Grouping, Source};
use super::verbs::{Listing, Verbs};
use super::{Access, InTenant};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::failure::usage;
use crate::cli::admin::fields::{Fields, list_member, member};
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 4] = [
    ("ID", "id"),
    ("IDENTIFIER", "identifier"),
    ("NAME", "name"),
    ("SCOPES", "scopes"),
];
const CREDENTIALS: [Column; 4] = [
    ("ID", "id"),
    ("CLIENT ID", "client_id"),
    ("JWKS URI", "jwks_uri"),
    ("SINCE", "created_at"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Resource {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    within: InTenant,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The resources there are.
    List(Listing),
    /// One of them.
    Show { id: String },
    /// Register a protected MCP server.
    Create {
        /// The URL that clients connect to.
        identifier: String,
        /// What people read when they are asked.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// A scope as `name=what people read`; `name!=…` is meant when a client names none. Several: repeat it.
        #[arg(long, value_name = "NAME=TEXT")]
        scope: Vec<String>,
        /// Another spelling of the identifier.
        #[arg(long, value_name = "URL")]
        alias: Vec<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change one.
    Update {
        id: String,
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Remove one: tokens for it are refused from then on.
    Delete { id: String },
    /// Its protected resource metadata (RFC 9728), for its server to serve.
    Metadata { id: String },
    /// Ready-made configuration for its server; with a name, that text alone.
    Snippets { id: String, name: Option<String> },
    /// Its tools, as they were imported; with `--check` its server is asked again, and what is different is shown.
    Tools {
        id: String,
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        source: Source,
    },
    /// Add scopes for the tools that its server lists.
    ImportTools {
        id: String,
        #[command(flatten)]
        source: Source,
        /// Which tools share a scope.
        #[arg(long, value_enum)]
        grouping: Option<Grouping>,
        /// What the names of scopes begin with; `tools` where nothing is said.
        #[arg(long, value_name = "TEXT")]
        prefix: Option<String>,
    },
    /// What it introspects with.
    #[command(subcommand)]
    Credential(Credential),
}

#[derive(Debug, Subcommand)]
enum Credential {
    /// Those of a resource.
    List {
        resource: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// A new one; its secret is shown once.
    Create {
        resource: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// Remove one.
    Delete { resource: String, id: String },
}

impl Resource {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let all = format!("{}/resources", self.within.path()?);
        let one = |id: &str| format!("{all}/{}", segment(id));
        match &self.verb {
            Verb::List(listing) => verbs.list(&all, listing, &COLUMNS).await,
            Verb::Show { id } => verbs.show(&one(id)).await,
            Verb::Create {
                identifier,
                name,
                scope,
                alias,
                fields,
            } => {
                let mut body = Map::new();
                member(&mut body, "identifier", Some(identifier.as_str()));
                let name = name.as_deref().unwrap_or(identifier);
                member(&mut body, "name", Some(name));
                if !scope.is_empty() {
                    body.insert("scopes".to_owned(), scopes(scope)?);
                }
                list_member(&mut body, "aliases", alias);
                verbs.create(&all, &fields.onto(body)?).await
            }
            Verb::Update { id, name, fields } => {
                let mut body = Map::new();
                member(&mut body, "name", name.as_deref());
                verbs.update(&one(id), &fields.onto(body)?).await
            }
            Verb::Delete { id } => {
                let what = format!("Deleted the resource {id}");
                verbs.delete(&one(id), &what).await
            }
            Verb::Metadata { id } => helpers::metadata(&verbs, &one(id)).await,
            Verb::Snippets { id, name } => {
                helpers::snippets(&verbs, &one(id), name.as_deref()).await
            }
            Verb::Tools { id, check, source } => {
                if *check {
                    helpers::check(&verbs, &one(id), source).await
                } else {
                    helpers::tools(&verbs, &one(id)).await
                }
            }
            Verb::ImportTools {
                id,
                source,
                grouping,
                prefix,
            } => {
                let mut body = source.body()?;
                member(&mut body, "grouping", grouping.map(Grouping::word));
                member(&mut body, "prefix", prefix.as_deref());
                helpers::import(&verbs, &one(id), &Value::Object(body)).await
            }
            Verb::Credential(credential) => credential.run(&verbs, &one).await,
        }
    }
}

impl Credential {
    async fn run(&self, verbs: &Verbs, one: &impl Fn(&str) -> String) -> Result<(), CliError> {
        let of = |resource: &str| format!("{}/credentials", one(resource));
        match self {
            Self::List { resource, listing } => {
                verbs.list(&of(resource), listing, &CREDENTIALS).await
            }
            Self::Create { resource, fields } => {
                verbs.create(&of(resource), &fields.onto(Map::new())?).await
            }
            Self::Delete { resource, id } => {
                let path = format!("{}/{}", of(resource), segment(id));
                let what = format!("Deleted the credential {id}");
                verbs.delete(&path, &what).await
            }
        }
    }
}

fn scopes(said: &[String]) -> Result<Value, CliError> {
    let scope = |text: &String| {
        let (name, description) = text.split_once('=')?;
        let (name, is_default) = match name.strip_suffix('!') {
            Some(name) => (name, true),
            None => (name, false),
        };
        Some(json!({ "name": name, "description": description, "default": is_default }))
    };
    said.iter()
        .map(|text| scope(text).ok_or_else(|| usage(format!("--scope {text:?} has no NAME=TEXT"))))
        .collect()
}
