//! `writ admin-key …`: what the admin API is called with.

use clap::{Args, Subcommand};
use serde_json::Map;

use super::Access;
use super::verbs::{Listing, Verbs};
use crate::cli::CliError;
use crate::cli::admin::api::{segment, tenant_path};
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
    /// Of this tenant alone, by its slug; default: of the platform.
    #[arg(long, short = 't', global = true, value_name = "SLUG")]
    tenant: Option<String>,
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
        let verbs = Verbs::of(&self.access).await?;
        let all = match &self.tenant {
            Some(slug) => format!("{}/admin-keys", tenant_path(slug)),
            None => "/admin/v1/admin-keys".to_owned(),
        };
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
                verbs
                    .delete(&one(id), &format!("Revoked the admin key {id}"))
                    .await
            }
        }
    }
}
