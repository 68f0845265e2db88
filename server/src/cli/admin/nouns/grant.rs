//! `writ grant …`.

use clap::{Args, Subcommand};

use super::verbs::{Listing, Verbs};
use super::{Access, InTenant};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 6] = [
    ("ID", "id"),
    ("USER", "user_id"),
    ("CLIENT", "client_id"),
    ("SCOPE", "scope"),
    ("SINCE", "created_at"),
    ("REVOKED", "revoked_at"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Grant {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    within: InTenant,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The grants there are.
    List(Listing),
    /// One of them.
    Show { id: String },
    /// Everything that happened to one.
    Timeline { id: String },
    /// Take it back: its tokens are worth nothing from then on.
    Revoke { id: String },
}

impl Grant {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let all = format!("{}/grants", self.within.path()?);
        let one = |id: &str| format!("{all}/{}", segment(id));
        match &self.verb {
            Verb::List(listing) => verbs.list(&all, listing, &COLUMNS).await,
            Verb::Show { id } => verbs.show(&one(id)).await,
            Verb::Timeline { id } => verbs.show(&format!("{}/timeline", one(id))).await,
            Verb::Revoke { id } => {
                verbs
                    .delete(&one(id), &format!("Revoked the grant {id}"))
                    .await
            }
        }
    }
}
