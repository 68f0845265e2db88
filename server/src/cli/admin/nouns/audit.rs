//! `writ audit …`.

use std::io::Write as _;

use clap::{Args, Subcommand};

use super::Access;
use super::verbs::{Listing, Verbs};
use crate::cli::CliError;
use crate::cli::admin::api::tenant_path;
use crate::cli::admin::failure::usage;
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 6] = [
    ("WHEN", "occurred_at"),
    ("WHAT", "action"),
    ("BY", "actor_kind"),
    ("WHO", "actor_id"),
    ("ON", "target_kind"),
    ("WHICH", "target_id"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Audit {
    #[command(flatten)]
    access: Access,
    /// Of this tenant; default: the list above tenants, which has no filters.
    #[arg(
        long,
        short = 't',
        global = true,
        env = "WRIT_TENANT",
        value_name = "SLUG"
    )]
    tenant: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The events, the newest first.
    List {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        listing: Listing,
    },
    /// All of them as JSON lines.
    Export {
        #[command(flatten)]
        which: Which,
    },
}

/// Of several, all must hold.
#[derive(Debug, Args)]
struct Which {
    /// Only of this kind, such as `client.created`.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Who did it, such as `admin_key:ID` or `bootstrap_key`.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// What it was done to, such as `client:notes-desktop`.
    #[arg(long, value_name = "KIND:ID")]
    target: Option<String>,
    /// What a client did, or what was done to it.
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
    /// What a person did, or what was done to them.
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// The `X-Request-Id` of a call, or an `error_id`.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// From this moment on.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this moment.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl Which {
    fn is_any(&self) -> bool {
        self.filters().iter().any(|(_, value)| value.is_some())
    }

    fn filters(&self) -> Vec<(&'static str, Option<&str>)> {
        vec![
            ("action", self.action.as_deref()),
            ("actor", self.actor.as_deref()),
            ("target", self.target.as_deref()),
            ("client", self.client.as_deref()),
            ("user", self.user.as_deref()),
            ("request_id", self.request_id.as_deref()),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
        ]
    }
}

impl Audit {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let all = match &self.tenant {
            Some(slug) => format!("{}/audit-events", tenant_path(slug)),
            None => "/admin/v1/audit-events".to_owned(),
        };
        let (Verb::List { which, .. } | Verb::Export { which }) = &self.verb;
        let is_export = matches!(&self.verb, Verb::Export { .. });
        if self.tenant.is_none() && (is_export || which.is_any()) {
            return Err(usage(
                "events above tenants are neither filtered nor exported: say whose with --tenant SLUG",
            ));
        }
        match &self.verb {
            Verb::List { which, listing } => {
                verbs
                    .list_where(&all, listing, which.filters(), &COLUMNS)
                    .await
            }
            Verb::Export { which } => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                let said = which.filters().into_iter();
                query.extend_pairs(said.filter_map(|(name, value)| Some((name, value?))));
                let query = query.finish();
                let path = if query.is_empty() {
                    format!("{all}/export")
                } else {
                    format!("{all}/export?{query}")
                };
                let mut out = std::io::stdout();
                verbs
                    .api
                    .stream(&path, |chunk| out.write_all(chunk))
                    .await?;
                Ok(out.flush()?)
            }
        }
    }
}
