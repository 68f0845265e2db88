//! `writ policy …`: what decides, what was decided, and what would be.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::told;
use super::verbs::{Listing, Verbs};
use super::{Access, InTenant};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::fields::{Fields, list_member, member, text_of};
use crate::cli::admin::show::Column;
use crate::cli::say::say_exactly;

/// What a file of them is called where it cannot be read.
const POLICIES: &str = "policies";
const DECISIONS: [Column; 6] = [
    ("WHEN", "decided_at"),
    ("ERROR ID", "error_id"),
    ("ACTION", "action"),
    ("OUTCOME", "outcome"),
    ("USER", "user_id"),
    ("CLIENT", "client_id"),
];
const VERSIONS: [Column; 4] = [
    ("VERSION", "version"),
    ("NOTE", "note"),
    ("REVERTS TO", "reverts_to"),
    ("SINCE", "created_at"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Policy {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    within: InTenant,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Args)]
struct Question {
    /// Which client asks.
    #[arg(long, value_name = "CLIENT_ID")]
    client: String,
    /// Who signs in, by username or id; none for `client_credentials`.
    #[arg(long)]
    user: Option<String>,
    /// For which resource. Several: repeat it.
    #[arg(long, value_name = "URL")]
    resource: Vec<String>,
    /// The scopes, with spaces between.
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    #[arg(long, value_name = "GRANT")]
    grant_type: Option<String>,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The policies that decide.
    Show {
        /// An earlier version of them.
        #[arg(value_name = "VERSION")]
        which: Option<u64>,
        /// Their text alone, for a file.
        #[arg(long)]
        text: bool,
    },
    /// The versions there are.
    Versions(Listing),
    /// Write a version, which decides from then on; with --dry-run it is only validated.
    Set {
        /// A file with all policies of the tenant, in Cedar; `-`: standard input.
        #[arg(long, short, value_name = "FILE")]
        file: PathBuf,
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// How two versions differ.
    Diff { from: u64, to: u64 },
    /// Let an earlier version decide again, as a new one.
    Revert {
        #[arg(value_name = "VERSION")]
        to: u64,
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// What was decided, the newest first.
    Decisions {
        /// `allowed`, `narrowed`, `denied`, …
        #[arg(long)]
        outcome: Option<String>,
        /// About this person; a username or an id.
        #[arg(long)]
        user: Option<String>,
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Why something was denied: the `error_id` of an answer or a page.
    Why { error_id: String },
    /// What would happen, and why, without anything happening.
    Explain(Question),
    /// What a draft would have decided otherwise.
    Simulate {
        /// A file with the draft, in Cedar: all policies of the tenant; `-`: standard input.
        #[arg(long, short, value_name = "FILE")]
        file: PathBuf,
        /// How far to look back.
        #[arg(long)]
        days: Option<u64>,
    },
}

impl Policy {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let tenant = self.within.path()?;
        let decisions = format!("{tenant}/decisions");
        let policies = format!("{tenant}/policies");
        match &self.verb {
            Verb::Show { which, text } => {
                let path = match which {
                    Some(version) => format!("{policies}/versions/{version}"),
                    None => policies,
                };
                if *text {
                    return tell_text(&verbs, &path).await;
                }
                verbs.show_as(&path, told::policies).await
            }
            Verb::Versions(listing) => {
                let path = format!("{policies}/versions");
                verbs.list(&path, listing, &VERSIONS).await
            }
            Verb::Set { file, note } => {
                let mut body = Map::new();
                member(&mut body, "text", Some(text_of(file, POLICIES)?));
                member(&mut body, "note", note.as_deref());
                let path = format!("{policies}/versions");
                verbs.create_as(&path, &body.into(), told::version).await
            }
            Verb::Diff { from, to } => {
                let path = format!("{policies}/diff?from={from}&to={to}");
                verbs.show_as(&path, told::difference).await
            }
            Verb::Revert { to, note } => {
                let mut body = Map::new();
                member(&mut body, "version", Some(*to));
                member(&mut body, "note", note.as_deref());
                let path = format!("{policies}/revert");
                verbs.create_as(&path, &body.into(), told::version).await
            }
            Verb::Decisions {
                outcome,
                user,
                client,
                listing,
            } => {
                let user = verbs.user_id_if_any(&tenant, user.as_deref()).await?;
                let filters = vec![
                    ("outcome", outcome.as_deref()),
                    ("user", user.as_deref()),
                    ("client", client.as_deref()),
                ];
                verbs
                    .list_where(&decisions, listing, filters, &DECISIONS)
                    .await
            }
            Verb::Why { error_id } => {
                let path = format!("{decisions}/{}", segment(error_id));
                verbs.show_as(&path, told::decisions).await
            }
            Verb::Explain(question) => {
                let user = question.user.as_deref();
                let user = verbs.user_id_if_any(&tenant, user).await?;
                let body = question.fields.onto(question.body(user))?;
                let path = format!("{policies}/explain");
                verbs.ask_as(&path, &body, told::explanation).await
            }
            Verb::Simulate { file, days } => {
                let mut body = Map::new();
                member(&mut body, "text", Some(text_of(file, POLICIES)?));
                member(&mut body, "days", *days);
                let path = format!("{policies}/simulate");
                verbs.ask_as(&path, &body.into(), told::simulation).await
            }
        }
    }
}

impl Question {
    fn body(&self, user_id: Option<String>) -> Map<String, Value> {
        let mut body = Map::new();
        member(&mut body, "client_id", Some(self.client.as_str()));
        member(&mut body, "user_id", user_id);
        list_member(&mut body, "resources", &self.resource);
        member(&mut body, "scope", self.scope.as_deref());
        member(&mut body, "grant_type", self.grant_type.as_deref());
        body
    }
}

/// Byte for byte, so that it can be written again.
async fn tell_text(verbs: &Verbs, path: &str) -> Result<(), CliError> {
    let found = verbs.api.get(path).await?.body;
    let text = found.get("text").and_then(Value::as_str);
    say_exactly(text.unwrap_or_default())
}
