//! `writ admin-key …`: what the admin API is called with.

use clap::{Args, Subcommand};
use serde_json::Map;

use super::verbs::{Deed, Listing, Verbs};
use super::{Access, Whose};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::fields::{Fields, list_member, member};
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 7] = [
    ("ID", "id"),
    ("NAME", "name"),
    ("TENANT", "tenant"),
    ("SCOPES", "scopes"),
    ("LAST USED", "last_used_at"),
    ("UNTIL", "expires_at"),
    ("REVOKED", "revoked_at"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct AdminKey {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    whose: Whose,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The keys there are; never the keys themselves.
    List(Listing),
    /// A new one, shown once.
    Create {
        /// What it is for.
        name: String,
        /// What it may do, such as `clients:read` or `*:write`. Several: repeat it.
        #[arg(long, value_name = "SCOPE")]
        scope: Vec<String>,
        /// Seconds until it ends; default: never.
        #[arg(long, value_name = "SECONDS")]
        lifetime: Option<u64>,
        #[command(flatten)]
        fields: Fields,
    },
    /// One of them; never the key itself.
    Show { id: String },
    /// A new one in place of one, shown once; the old one ends a while later.
    Rotate {
        id: String,
        /// Seconds that the old one stays good.
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u64>,
    },
    /// It is worth nothing from then on.
    Revoke { id: String },
}

impl AdminKey {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let tenant = self.whose.path()?;
        let verbs = Verbs::of(&self.access).await?;
        let all = format!("{}/admin-keys", tenant.as_deref().unwrap_or("/admin/v1"));
        let one = |id: &str| format!("{all}/{}", segment(id));
        match &self.verb {
            Verb::List(listing) => verbs.list(&all, listing, &COLUMNS).await,
            Verb::Create {
                name,
                scope,
                lifetime,
                fields,
            } => {
                let mut body = Map::new();
                member(&mut body, "name", Some(name.as_str()));
                list_member(&mut body, "scopes", scope);
                member(&mut body, "lifetime", *lifetime);
                verbs.create(&all, &fields.onto(body)?).await
            }
            Verb::Show { id } => verbs.show(&one(id)).await,
            Verb::Rotate { id, overlap } => {
                let mut body = Map::new();
                member(&mut body, "overlap", *overlap);
                let path = format!("{}/rotate", one(id));
                verbs.create(&path, &body.into()).await
            }
            Verb::Revoke { id } => {
                let what = format!("the admin key {id}");
                let deed = Deed::of("Revoked", "revoke", &what);
                verbs.delete(&one(id), &deed).await
            }
        }
    }
}
