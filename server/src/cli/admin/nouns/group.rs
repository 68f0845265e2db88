//! `writ group …`.

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::verbs::{Deed, Listing, Verbs};
use super::{Access, InTenant};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::fields::{Fields, member};
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 3] = [
    ("NAME", "name"),
    ("DISPLAY NAME", "display_name"),
    ("DESCRIPTION", "description"),
];
const MEMBERS: [Column; 3] = [("ID", "id"), ("USERNAME", "username"), ("NAME", "name")];

#[derive(Debug, Args)]
pub(in crate::cli) struct Group {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    within: InTenant,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Args)]
struct Words {
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The groups there are.
    List(Listing),
    /// One of them.
    Show { name: String },
    /// A new one. Its name, which policies ask for, is for ever.
    Create {
        name: String,
        #[command(flatten)]
        words: Words,
    },
    /// Change what people read of one.
    Update {
        name: String,
        #[command(flatten)]
        words: Words,
    },
    /// Remove one; nobody is in it any more.
    Delete { name: String },
    /// Who is in one.
    Members {
        name: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Put a user, by username or id, into one.
    Add { name: String, user: String },
    /// Take a user, by username or id, out of one.
    Remove { name: String, user: String },
}

impl Words {
    fn body(&self) -> Map<String, serde_json::Value> {
        let mut body = Map::new();
        member(&mut body, "display_name", self.display_name.as_deref());
        member(&mut body, "description", self.description.as_deref());
        body
    }
}

impl Group {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let tenant = self.within.path()?;
        let all = format!("{tenant}/groups");
        let one = |name: &str| format!("{all}/{}", segment(name));
        match &self.verb {
            Verb::List(listing) => verbs.list(&all, listing, &COLUMNS).await,
            Verb::Show { name } => verbs.show(&one(name)).await,
            Verb::Create { name, words } => {
                let mut body = words.body();
                member(&mut body, "name", Some(name.as_str()));
                verbs.create(&all, &words.fields.onto(body)?).await
            }
            Verb::Update { name, words } => {
                let body = words.fields.onto(words.body())?;
                verbs.update(&one(name), &body).await
            }
            Verb::Delete { name } => {
                let deed = Deed::deleting(&format!("the group {name}"));
                verbs.delete(&one(name), &deed).await
            }
            Verb::Members { name, listing } => {
                let path = format!("{}/members", one(name));
                verbs.list(&path, listing, &MEMBERS).await
            }
            Verb::Add { name, user } => {
                let user_id = verbs.user_id(&tenant, user).await?;
                let path = format!("{}/members", one(name));
                verbs.create(&path, &json!({ "user_id": user_id })).await
            }
            Verb::Remove { name, user } => {
                let user_id = verbs.user_id(&tenant, user).await?;
                let path = format!("{}/members/{}", one(name), segment(&user_id));
                let what = format!("the user {user} out of the group {name}");
                verbs.delete(&path, &Deed::of("Took", "take", &what)).await
            }
        }
    }
}
