//! `writ membership …`: which people of the system tenant administer what.

use clap::{Args, Subcommand};
use serde_json::Map;

use super::verbs::{Deed, Listing, Verbs};
use super::{Access, Whose};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::fields::member;
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 5] = [
    ("ID", "id"),
    ("USER", "user_id"),
    ("USERNAME", "username"),
    ("TENANT", "tenant"),
    ("ROLE", "role"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Membership {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    whose: Whose,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The memberships there are.
    List(Listing),
    /// Let a user of the system tenant administer the tenant, or the platform.
    Create {
        /// A username of the system tenant, or an id.
        user: String,
        /// `administrator`, or `auditor`, who may only look.
        #[arg(long)]
        role: String,
    },
    /// End one.
    Delete { id: String },
}

impl Membership {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let tenant = self.whose.path()?;
        let verbs = Verbs::of(&self.access).await?;
        let all = format!("{}/memberships", tenant.as_deref().unwrap_or("/admin/v1"));
        match &self.verb {
            Verb::List(listing) => verbs.list(&all, listing, &COLUMNS).await,
            Verb::Create { user, role } => {
                let mut body = Map::new();
                let user_id = verbs.administrator_id(user).await?;
                member(&mut body, "user_id", Some(user_id));
                member(&mut body, "role", Some(role.as_str()));
                verbs.create(&all, &body.into()).await
            }
            Verb::Delete { id } => {
                let path = format!("{all}/{}", segment(id));
                let what = format!("the membership {id}");
                let deed = Deed::of("Ended", "end", &what);
                verbs.delete(&path, &deed).await
            }
        }
    }
}
