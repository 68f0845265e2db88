//! `writ membership …`: which people of the system tenant administer what.

use clap::{Args, Subcommand};
use serde_json::Map;

use super::Access;
use super::verbs::{Listing, Verbs};
use crate::cli::CliError;
use crate::cli::admin::api::{segment, tenant_path};
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
    /// Of this tenant alone, by its slug; default: of the platform.
    #[arg(long, short = 't', global = true, value_name = "SLUG")]
    tenant: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The memberships there are.
    List(Listing),
    /// Let a user of the system tenant administer the tenant, or the platform.
    Create {
        user_id: String,
        /// `administrator`, or `auditor`, who may only look.
        #[arg(long, default_value = "administrator")]
        role: String,
    },
    /// End one.
    Delete { id: String },
}

impl Membership {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let all = match &self.tenant {
            Some(slug) => format!("{}/memberships", tenant_path(slug)),
            None => "/admin/v1/memberships".to_owned(),
        };
        match &self.verb {
            Verb::List(listing) => verbs.list(&all, listing, &COLUMNS).await,
            Verb::Create { user_id, role } => {
                let mut body = Map::new();
                member(&mut body, "user_id", Some(user_id.as_str()));
                member(&mut body, "role", Some(role.as_str()));
                verbs.create(&all, &body.into()).await
            }
            Verb::Delete { id } => {
                let path = format!("{all}/{}", segment(id));
                verbs
                    .delete(&path, &format!("Ended the membership {id}"))
                    .await
            }
        }
    }
}
