//! `writ key …`: a tenant's signing keys, as the running server has them.
//!
//! `writ keys` is the other way to them, past the server, for when it cannot be reached.

use clap::{Args, Subcommand};
use serde_json::json;

use super::verbs::{Deed, Verbs};
use super::{Access, InTenant};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 6] = [
    ("KID", "kid"),
    ("ALGORITHM", "algorithm"),
    ("SIGNS", "signs"),
    ("STATE", "state"),
    ("SINCE", "activated_at"),
    ("KEK", "kek_id"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Key {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    within: InTenant,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The signing keys there are.
    List,
    /// Change the key that signs, as soon as verifiers can know the next one.
    Rotate,
    /// A signing key leaked: remove it at once, with everything that it signed.
    Remove {
        kid: String,
        /// Why, for the audit.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

impl Key {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let all = format!("{}/signing-keys", self.within.path()?);
        match &self.verb {
            Verb::List => verbs.list_whole(&all, &COLUMNS).await,
            Verb::Rotate => verbs.renew(&format!("{all}/rotate"), &json!({})).await,
            Verb::Remove { kid, reason } => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair("reason", reason);
                let path = format!("{all}/{}?{}", segment(kid), query.finish());
                let what = format!("the signing key {kid}");
                let deed = Deed::of("Removed", "remove", &what);
                verbs.delete(&path, &deed).await
            }
        }
    }
}
