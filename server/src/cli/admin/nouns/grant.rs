//! `writ grant …`.

use clap::{Args, Subcommand};

use super::told;
use super::verbs::{Deed, Listing, Verbs};
use super::{Access, InTenant};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::show::Column;

pub(super) const COLUMNS: [Column; 6] = [
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
    List {
        /// What this person allowed; a username or an id.
        #[arg(long)]
        user: Option<String>,
        /// What was allowed to this client.
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
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
        let tenant = self.within.path()?;
        let all = format!("{tenant}/grants");
        let one = |id: &str| format!("{all}/{}", segment(id));
        match &self.verb {
            Verb::List {
                user,
                client,
                listing,
            } => {
                let user = verbs.user_id_if_any(&tenant, user.as_deref()).await?;
                let filters = vec![
                    ("user_id", user.as_deref()),
                    ("client_id", client.as_deref()),
                ];
                verbs.list_where(&all, listing, filters, &COLUMNS).await
            }
            Verb::Show { id } => verbs.show(&one(id)).await,
            Verb::Timeline { id } => {
                let path = format!("{}/timeline", one(id));
                verbs.show_as(&path, told::timeline).await
            }
            Verb::Revoke { id } => {
                let what = format!("the grant {id}");
                let deed = Deed::of("Revoked", "revoke", &what);
                verbs.delete(&one(id), &deed).await
            }
        }
    }
}
