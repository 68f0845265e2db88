//! `writ client …`.

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::verbs::{Deed, Listing, Verbs};
use super::{Access, InTenant};
use crate::cli::CliError;
use crate::cli::admin::api::segment;
use crate::cli::admin::fields::{Fields, list_member, member};
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 5] = [
    ("CLIENT ID", "client_id"),
    ("NAME", "client_name"),
    ("ORIGIN", "origin"),
    ("AUTHENTICATES BY", "token_endpoint_auth_method"),
    ("ENABLED", "is_enabled"),
];
const SECRETS: [Column; 3] = [
    ("ID", "id"),
    ("SINCE", "created_at"),
    ("UNTIL", "expires_at"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Client {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    within: InTenant,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The clients there are.
    List {
        /// Only those that came this way: `static`, `registered` or `document`.
        #[arg(long)]
        origin: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// One of them.
    Show { client_id: String },
    /// Register one; its secret, if it has one, is shown once.
    Create(Box<New>),
    /// Change one.
    Update {
        client_id: String,
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Replaces them all. Several: repeat it.
        #[arg(long, value_name = "URI")]
        redirect_uri: Vec<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// It gets no tokens until it is enabled again.
    Disable { client_id: String },
    /// It gets tokens again.
    Enable { client_id: String },
    /// Remove one, with its grants.
    Delete { client_id: String },
    /// Its secrets.
    #[command(subcommand)]
    Secret(Secret),
}

#[derive(Debug, Args)]
struct New {
    /// Default: one is made.
    client_id: Option<String>,
    /// What people read when they are asked.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Several: repeat it.
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// `authorization_code`, `refresh_token`, `client_credentials`, … Several: repeat it.
    #[arg(long, value_name = "GRANT")]
    grant_type: Vec<String>,
    /// `none`, `client_secret_basic`, `client_secret_post` or `private_key_jwt`.
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, Subcommand)]
enum Secret {
    /// Those of a client; never the secrets themselves.
    List {
        client_id: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// A new one, shown once; the old ones stay good for a while.
    Create {
        client_id: String,
        /// Seconds that the old ones stay good; default: until they are deleted.
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u64>,
    },
    /// Remove one.
    Delete { client_id: String, id: String },
}

impl Client {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let all = format!("{}/clients", self.within.path()?);
        let one = |client_id: &str| format!("{all}/{}", segment(client_id));
        match &self.verb {
            Verb::List { origin, listing } => {
                let filters = vec![("origin", origin.as_deref())];
                verbs.list_where(&all, listing, filters, &COLUMNS).await
            }
            Verb::Show { client_id } => verbs.show(&one(client_id)).await,
            Verb::Create(new) => verbs.create(&all, &new.fields.onto(new.body())?).await,
            Verb::Update {
                client_id,
                name,
                redirect_uri,
                fields,
            } => {
                let mut body = Map::new();
                member(&mut body, "client_name", name.as_deref());
                list_member(&mut body, "redirect_uris", redirect_uri);
                verbs.update(&one(client_id), &fields.onto(body)?).await
            }
            Verb::Disable { client_id } => {
                let body = json!({ "is_enabled": false });
                verbs.update(&one(client_id), &body).await
            }
            Verb::Enable { client_id } => {
                let body = json!({ "is_enabled": true });
                verbs.update(&one(client_id), &body).await
            }
            Verb::Delete { client_id } => {
                let deed = Deed::deleting(&format!("the client {client_id}"));
                verbs.delete(&one(client_id), &deed).await
            }
            Verb::Secret(secret) => secret.run(&verbs, &one).await,
        }
    }
}

impl New {
    fn body(&self) -> Map<String, serde_json::Value> {
        let mut body = Map::new();
        member(&mut body, "client_id", self.client_id.as_deref());
        member(&mut body, "client_name", self.name.as_deref());
        list_member(&mut body, "redirect_uris", &self.redirect_uri);
        list_member(&mut body, "grant_types", &self.grant_type);
        let method = self.auth_method.as_deref();
        member(&mut body, "token_endpoint_auth_method", method);
        body
    }
}

impl Secret {
    async fn run(&self, verbs: &Verbs, one: &impl Fn(&str) -> String) -> Result<(), CliError> {
        let of = |client_id: &str| format!("{}/secrets", one(client_id));
        match self {
            Self::List { client_id, listing } => {
                verbs.list(&of(client_id), listing, &SECRETS).await
            }
            Self::Create { client_id, overlap } => {
                let mut body = Map::new();
                member(&mut body, "old_secrets_expire_in", *overlap);
                verbs.create(&of(client_id), &body.into()).await
            }
            Self::Delete { client_id, id } => {
                let path = format!("{}/{}", of(client_id), segment(id));
                let deed = Deed::deleting(&format!("the secret {id}"));
                verbs.delete(&path, &deed).await
            }
        }
    }
}
