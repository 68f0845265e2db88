//! `writ webhook …`.

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::verbs::{Listing, Verbs};
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
    Show { id: String },
    /// How it does: when it was last told, what waits, what failed.
    Status { id: String },
    /// A new one; its secret is shown once.
    Create {
        /// What it is for.
        name: String,
        #[arg(long, value_name = "URL")]
        url: String,
        /// `*`, `client.*`, `client.created`. Several: repeat it.
        #[arg(long, value_name = "EVENT", required = true)]
        event: Vec<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change one.
    Update {
        id: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// It is told nothing until it is enabled again.
    Disable { id: String },
    /// It is told again.
    Enable { id: String },
    /// Remove one.
    Delete { id: String },
    /// Send it a message to try it out.
    Test { id: String },
    /// A new secret, shown once; the old one signs too for a while.
    RotateSecret {
        id: String,
        /// Seconds that the old one signs too.
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u64>,
    },
    /// What it was told.
    Deliveries {
        id: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Tell it once more.
    Replay { id: String, delivery: String },
}

impl Webhook {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let all = format!("{}/webhooks", self.within.path()?);
        let one = |id: &str| format!("{all}/{}", segment(id));
        let mut body = Map::new();
        match &self.verb {
            Verb::List(listing) => verbs.list(&all, listing, &COLUMNS).await,
            Verb::Show { id } => verbs.show(&one(id)).await,
            Verb::Status { id } => verbs.show(&format!("{}/status", one(id))).await,
            Verb::Create {
                name,
                url,
                event,
                fields,
            } => {
                member(&mut body, "name", Some(name.as_str()));
                member(&mut body, "url", Some(url.as_str()));
                list_member(&mut body, "events", event);
                verbs.create(&all, &fields.onto(body)?).await
            }
            Verb::Update { id, fields } => verbs.update(&one(id), &fields.onto(body)?).await,
            Verb::Disable { id } => {
                verbs
                    .update(&one(id), &json!({ "state": "disabled" }))
                    .await
            }
            Verb::Enable { id } => verbs.update(&one(id), &json!({ "state": "active" })).await,
            Verb::Delete { id } => {
                verbs
                    .delete(&one(id), &format!("Deleted the webhook {id}"))
                    .await
            }
            Verb::Test { id } => verbs.post(&format!("{}/test", one(id))).await,
            Verb::RotateSecret { id, overlap } => {
                member(&mut body, "overlap", *overlap);
                let path = format!("{}/rotate-secret", one(id));
                verbs.create(&path, &body.into()).await
            }
            Verb::Deliveries { id, listing } => {
                let path = format!("{}/deliveries", one(id));
                verbs.list(&path, listing, &DELIVERIES).await
            }
            Verb::Replay { id, delivery } => {
                let path = format!("{}/deliveries/{}/replay", one(id), segment(delivery));
                verbs.post(&path).await
            }
        }
    }
}
