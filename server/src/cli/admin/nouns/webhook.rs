//! `writ webhook …`. A webhook is said by its name or its id.

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::verbs::{Deed, Listing, Verbs};
use super::{Access, InTenant};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::fields::{Fields, list_member, member};
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 5] = [
    ("ID", "id"),
    ("NAME", "name"),
    ("URL", "url"),
    ("EVENTS", "events"),
    ("STATE", "state"),
];
const DELIVERIES: [Column; 6] = [
    ("ID", "id"),
    ("WHAT", "action"),
    ("WHEN", "occurred_at"),
    ("STATE", "state"),
    ("ATTEMPTS", "attempts"),
    ("ANSWERED", "last_status"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Webhook {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    within: InTenant,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The webhooks there are.
    List(Listing),
    /// One of them.
    Show { webhook: String },
    /// How it does: when it was last told, what waits, what failed.
    Status { webhook: String },
    /// A new one; its secret is shown once.
    Create {
        /// What it is for.
        name: String,
        /// Where it is told; https.
        #[arg(value_name = "URL")]
        receiver: String,
        /// `*`, `client.*`, `client.created`. Several: repeat it.
        #[arg(long, value_name = "EVENT", required = true)]
        event: Vec<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change one.
    Update {
        webhook: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// It is told nothing until it is enabled again.
    Disable { webhook: String },
    /// It is told again.
    Enable { webhook: String },
    /// Remove one.
    Delete { webhook: String },
    /// Send it a message to try it out.
    Test { webhook: String },
    /// A new secret, shown once; the old one signs too for a while.
    RotateSecret {
        webhook: String,
        /// Seconds that the old one signs too.
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u64>,
    },
    /// What it was told.
    Deliveries {
        webhook: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Tell it once more.
    Replay { webhook: String, delivery: String },
}

impl Webhook {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let tenant = self.within.path()?;
        let all = format!("{tenant}/webhooks");
        let one = async |webhook: &str| verbs.webhook(&tenant, webhook).await;
        let mut body = Map::new();
        match &self.verb {
            Verb::List(listing) => verbs.list(&all, listing, &COLUMNS).await,
            Verb::Show { webhook } => verbs.show(&one(webhook).await?).await,
            Verb::Status { webhook } => {
                verbs.show(&format!("{}/status", one(webhook).await?)).await
            }
            Verb::Create {
                name,
                receiver,
                event,
                fields,
            } => {
                member(&mut body, "name", Some(name.as_str()));
                member(&mut body, "url", Some(receiver.as_str()));
                list_member(&mut body, "events", event);
                verbs.create(&all, &fields.onto(body)?).await
            }
            Verb::Update { webhook, fields } => {
                verbs
                    .update(&one(webhook).await?, &fields.onto(body)?)
                    .await
            }
            Verb::Disable { webhook } => {
                verbs
                    .update(&one(webhook).await?, &json!({ "state": "disabled" }))
                    .await
            }
            Verb::Enable { webhook } => {
                verbs
                    .update(&one(webhook).await?, &json!({ "state": "active" }))
                    .await
            }
            Verb::Delete { webhook } => {
                let deed = Deed::deleting(&format!("the webhook {webhook}"));
                verbs.delete(&one(webhook).await?, &deed).await
            }
            Verb::Test { webhook } => verbs.post(&format!("{}/test", one(webhook).await?)).await,
            Verb::RotateSecret { webhook, overlap } => {
                member(&mut body, "overlap", *overlap);
                let path = format!("{}/rotate-secret", one(webhook).await?);
                verbs.renew(&path, &body.into()).await
            }
            Verb::Deliveries { webhook, listing } => {
                let path = format!("{}/deliveries", one(webhook).await?);
                verbs.list(&path, listing, &DELIVERIES).await
            }
            Verb::Replay { webhook, delivery } => {
                let path = format!(
                    "{}/deliveries/{}/replay",
                    one(webhook).await?,
                    segment(delivery)
                );
                verbs.post(&path).await
            }
        }
    }
}
