//! `writ issuer-host …`: hosts outside of `WRIT_PUBLIC_URL`, and the proof that they are somebody's.

use clap::{Args, Subcommand};
use serde_json::json;

use super::Access;
use super::verbs::{Deed, Listing, Verbs};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::show::Column;

const ALL: &str = "/admin/v1/issuer-hosts";

const COLUMNS: [Column; 5] = [
    ("ID", "id"),
    ("HOST", "host"),
    ("TENANT", "tenant"),
    ("STATE", "state"),
    ("EXPIRES", "expires_at"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct IssuerHost {
    #[command(flatten)]
    access: Access,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The claims there are.
    List {
        #[command(flatten)]
        listing: Listing,
        /// Only those to this host.
        #[arg(long)]
        host: Option<String>,
    },
    /// One of them, with what the host has to show.
    Show { id: String },
    /// Claim a host for a tenant that is to be made there: the answer says what the host has to show.
    Claim {
        /// Such as `auth.acme.com`, or `auth.acme.com:8443`.
        host: String,
        /// The slug that the tenant will have.
        tenant: String,
    },
    /// Ask the host for what it has to show.
    Verify { id: String },
    /// End a claim, verified or not; not while a tenant is there.
    Release { id: String },
}

impl IssuerHost {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        match &self.verb {
            Verb::List { listing, host } => {
                let filters = vec![("host", host.as_deref())];
                verbs.list_where(ALL, listing, filters, &COLUMNS).await
            }
            Verb::Show { id } => verbs.show(&one(id)).await,
            Verb::Claim { host, tenant } => {
                let body = json!({ "host": host, "tenant": tenant });
                verbs.create(ALL, &body).await
            }
            Verb::Verify { id } => verbs.post(&format!("{}/verify", one(id))).await,
            Verb::Release { id } => {
                let what = format!("the host of the claim {id}");
                let deed = Deed::of("Released", "release", &what);
                verbs.delete(&one(id), &deed).await
            }
        }
    }
}

fn one(id: &str) -> String {
    format!("{ALL}/{}", segment(id))
}
