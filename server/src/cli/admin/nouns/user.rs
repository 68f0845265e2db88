//! `writ user …`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::verbs::{Listing, Verbs};
use super::{Access, InTenant};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::fields::{Fields, member, text_of};
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 5] = [
    ("ID", "id"),
    ("USERNAME", "username"),
    ("EMAIL", "email"),
    ("NAME", "name"),
    ("ENABLED", "is_enabled"),
];
const CONSENTS: [Column; 4] = [
    ("CLIENT", "client_id"),
    ("RESOURCE", "resource"),
    ("SCOPE", "scope"),
    ("SINCE", "created_at"),
];
const SESSIONS: [Column; 4] = [
    ("ID", "id"),
    ("SIGNED IN", "authenticated_at"),
    ("SINCE", "created_at"),
    ("UNTIL", "expires_at"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct User {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    within: InTenant,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Args)]
struct Person {
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// A file with the password; `-` reads standard input. A password is never typed as an option.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The users there are.
    List {
        #[arg(long)]
        username: Option<String>,
        #[arg(long)]
        email: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// One of them.
    Show { id: String },
    /// Somebody new.
    Create {
        username: String,
        #[command(flatten)]
        person: Person,
    },
    /// Change one.
    Update {
        id: String,
        #[command(flatten)]
        person: Person,
    },
    /// Nobody signs in as this user until enabled again.
    Disable { id: String },
    /// May sign in again.
    Enable { id: String },
    /// Remove one, with everything that is about that person.
    Delete { id: String },
    /// Everything that is kept about one.
    Export { id: String },
    /// Where one is signed in.
    Sessions {
        id: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Sign one out: of one session, or of all.
    SignOut { id: String, session: Option<String> },
    /// What this person decided, and is not asked again.
    Consents {
        id: String,
        #[command(flatten)]
        listing: Listing,
    },
}

impl User {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let all = format!("{}/users", self.within.path()?);
        let one = |id: &str| format!("{all}/{}", segment(id));
        match &self.verb {
            Verb::List {
                username,
                email,
                listing,
            } => {
                let filters = vec![
                    ("username", username.as_deref()),
                    ("email", email.as_deref()),
                ];
                verbs.list_where(&all, listing, filters, &COLUMNS).await
            }
            Verb::Show { id } => verbs.show(&one(id)).await,
            Verb::Create { username, person } => {
                let mut body = person.body()?;
                member(&mut body, "username", Some(username.as_str()));
                verbs.create(&all, &person.fields.onto(body)?).await
            }
            Verb::Update { id, person } => {
                let body = person.fields.onto(person.body()?)?;
                verbs.update(&one(id), &body).await
            }
            Verb::Disable { id } => {
                verbs
                    .update(&one(id), &json!({ "is_enabled": false }))
                    .await
            }
            Verb::Enable { id } => verbs.update(&one(id), &json!({ "is_enabled": true })).await,
            Verb::Delete { id } => {
                verbs
                    .delete(&one(id), &format!("Deleted the user {id}"))
                    .await
            }
            Verb::Export { id } => verbs.show(&format!("{}/export", one(id))).await,
            Verb::Sessions { id, listing } => {
                let path = format!("{}/sessions", one(id));
                verbs.list(&path, listing, &SESSIONS).await
            }
            Verb::SignOut { id, session } => {
                let mut path = format!("{}/sessions", one(id));
                if let Some(session) = session {
                    path = format!("{path}/{}", segment(session));
                }
                verbs
                    .delete(&path, &format!("Signed out the user {id}"))
                    .await
            }
            Verb::Consents { id, listing } => {
                let path = format!("{}/consents", one(id));
                verbs.list(&path, listing, &CONSENTS).await
            }
        }
    }
}

impl Person {
    fn body(&self) -> Result<Map<String, serde_json::Value>, CliError> {
        let mut body = Map::new();
        member(&mut body, "email", self.email.as_deref());
        member(&mut body, "name", self.name.as_deref());
        if let Some(file) = &self.password_file {
            member(&mut body, "password", Some(first_line(file, "password")?));
        }
        Ok(body)
    }
}

/// Up to the end of the first line, so that an editor's last line break is no part of it.
pub(super) fn first_line(file: &Path, what: &str) -> Result<String, CliError> {
    let text = text_of(file, what)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
