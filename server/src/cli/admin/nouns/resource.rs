//! `writ resource …`. A resource is said by its identifier (its URL) or its id.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::resource_helpers::{self as helpers, Grouping, Source};
use super::verbs::{Deed, Listing, Verbs};
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
    Show { resource: String },
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
        resource: String,
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Remove one: tokens for it are refused from then on.
    Delete { resource: String },
    /// Its protected resource metadata (RFC 9728), for its server to serve.
    Metadata { resource: String },
    /// Ready-made configuration for its server; with a name, that text alone.
    Snippets {
        resource: String,
        name: Option<String>,
    },
    /// Its tools, as they were imported; with `--check` its server is asked again, and what is different is shown.
    Tools {
        resource: String,
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        source: Source,
    },
    /// Add scopes for the tools that its server lists.
    ImportTools {
        resource: String,
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
        let tenant = self.within.path()?;
        let all = format!("{tenant}/resources");
        let one = async |resource: &str| verbs.resource(&tenant, resource).await;
        match &self.verb {
            Verb::List(listing) => verbs.list(&all, listing, &COLUMNS).await,
            Verb::Show { resource } => verbs.show(&one(resource).await?).await,
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
            Verb::Update {
                resource,
                name,
                fields,
            } => {
                let mut body = Map::new();
                member(&mut body, "name", name.as_deref());
                verbs
                    .update(&one(resource).await?, &fields.onto(body)?)
                    .await
            }
            Verb::Delete { resource } => {
                let deed = Deed::deleting(&format!("the resource {resource}"));
                verbs.delete(&one(resource).await?, &deed).await
            }
            Verb::Metadata { resource } => helpers::metadata(&verbs, &one(resource).await?).await,
            Verb::Snippets { resource, name } => {
                helpers::snippets(&verbs, &one(resource).await?, name.as_deref()).await
            }
            Verb::Tools {
                resource,
                check,
                source,
            } => {
                if *check {
                    helpers::check(&verbs, &one(resource).await?, source).await
                } else {
                    helpers::tools(&verbs, &one(resource).await?).await
                }
            }
            Verb::ImportTools {
                resource,
                source,
                grouping,
                prefix,
            } => {
                let mut body = source.body()?;
                member(&mut body, "grouping", grouping.map(Grouping::word));
                member(&mut body, "prefix", prefix.as_deref());
                helpers::import(&verbs, &one(resource).await?, &Value::Object(body)).await
            }
            Verb::Credential(credential) => credential.run(&verbs, &tenant).await,
        }
    }
}

impl Credential {
    async fn run(&self, verbs: &Verbs, tenant: &str) -> Result<(), CliError> {
        let (Self::List { resource, .. }
        | Self::Create { resource, .. }
        | Self::Delete { resource, .. }) = self;
        let all = format!("{}/credentials", verbs.resource(tenant, resource).await?);
        match self {
            Self::List { listing, .. } => verbs.list(&all, listing, &CREDENTIALS).await,
            Self::Create { fields, .. } => verbs.create(&all, &fields.onto(Map::new())?).await,
            Self::Delete { id, .. } => {
                let path = format!("{all}/{}", segment(id));
                let deed = Deed::deleting(&format!("the credential {id}"));
                verbs.delete(&path, &deed).await
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
