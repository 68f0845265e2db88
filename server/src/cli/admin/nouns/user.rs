//! `writ user …`. A user is said by the username or the id.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::told;
use super::verbs::{Deed, Listing, Verbs};
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
pub(super) const CONSENTS: [Column; 4] = [
    ("CLIENT", "client_id"),
    ("RESOURCE", "resource"),
    ("SCOPE", "scope"),
    ("SINCE", "created_at"),
];
pub(super) const SESSIONS: [Column; 4] = [
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
    Show { user: String },
    /// Somebody new.
    Create {
        username: String,
        #[command(flatten)]
        person: Person,
    },
    /// Change one.
    Update {
        user: String,
        #[command(flatten)]
        person: Person,
    },
    /// Nobody signs in as this user until enabled again.
    Disable { user: String },
    /// May sign in again.
    Enable { user: String },
    /// Remove one, with everything that is about that person.
    Delete { user: String },
    /// Everything that is kept about one.
    Export { user: String },
    /// Where one is signed in.
    Sessions {
        user: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Sign one out: of one session, or of all.
    SignOut {
        user: String,
        session: Option<String>,
    },
    /// What this person decided, and is not asked again.
    Consents {
        user: String,
        #[command(flatten)]
        listing: Listing,
    },
}

impl User {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let tenant = self.within.path()?;
        let all = format!("{tenant}/users");
        let one = async |user: &str| verbs.user(&tenant, user).await;
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
            Verb::Show { user } => verbs.show(&one(user).await?).await,
            Verb::Create { username, person } => {
                let mut body = person.body()?;
                member(&mut body, "username", Some(username.as_str()));
                verbs.create(&all, &person.fields.onto(body)?).await
            }
            Verb::Update { user, person } => {
                let body = person.fields.onto(person.body()?)?;
                verbs.update(&one(user).await?, &body).await
            }
            Verb::Disable { user } => {
                verbs
                    .update(&one(user).await?, &json!({ "is_enabled": false }))
                    .await
            }
            Verb::Enable { user } => {
                verbs
                    .update(&one(user).await?, &json!({ "is_enabled": true }))
                    .await
            }
            Verb::Delete { user } => {
                let deed = Deed::deleting(&format!("the user {user}"));
                verbs.delete(&one(user).await?, &deed).await
            }
            Verb::Export { user } => {
                let path = format!("{}/export", one(user).await?);
                verbs.show_as(&path, told::person).await
            }
            Verb::Sessions { user, listing } => {
                let path = format!("{}/sessions", one(user).await?);
                verbs.list(&path, listing, &SESSIONS).await
            }
            Verb::SignOut { user, session } => {
                let mut path = format!("{}/sessions", one(user).await?);
                if let Some(session) = session {
                    path = format!("{path}/{}", segment(session));
                }
                let what = format!("the user {user}");
                let deed = Deed::of("Signed out", "sign out", &what);
                verbs.delete(&path, &deed).await
            }
            Verb::Consents { user, listing } => {
                let path = format!("{}/consents", one(user).await?);
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
