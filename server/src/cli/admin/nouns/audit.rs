//! `writ audit …`.

use std::io::Write as _;

use clap::{Args, Subcommand};

use super::verbs::{Listing, Verbs};
use super::{Access, Whose};
use crate::cli::CliError;
use crate::cli::admin::failure::usage;
use crate::cli::admin::show::Column;
use crate::cli::say::ReaderGone;

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
    #[command(flatten)]
    whose: Whose,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The events, the newest first; without a tenant those above tenants, which have no filters.
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
    /// What a person did, or what was done to them; a username or an id.
    #[arg(long, value_name = "USER")]
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
        let user = self.user.as_deref();
        self.filters(user).iter().any(|(_, value)| value.is_some())
    }

    /// `user`: the id of whom `self.user` names.
    fn filters<'a>(&'a self, user: Option<&'a str>) -> Vec<(&'static str, Option<&'a str>)> {
        vec![
            ("action", self.action.as_deref()),
            ("actor", self.actor.as_deref()),
            ("target", self.target.as_deref()),
            ("client", self.client.as_deref()),
            ("user", user),
            ("request_id", self.request_id.as_deref()),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
        ]
    }
}

impl Audit {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let tenant = self.whose.path_if_any();
        let all = format!("{}/audit-events", tenant.as_deref().unwrap_or("/admin/v1"));
        let (Verb::List { which, .. } | Verb::Export { which }) = &self.verb;
        let is_export = matches!(&self.verb, Verb::Export { .. });
        if tenant.is_none() && (is_export || which.is_any()) {
            return Err(usage(
                "events above tenants are neither filtered nor exported: say whose with --tenant SLUG",
            ));
        }
        let user = match &tenant {
            Some(tenant) => verbs.user_id_if_any(tenant, which.user.as_deref()).await?,
            None => None,
        };
        match &self.verb {
            Verb::List { which, listing } => {
                verbs
                    .list_where(&all, listing, which.filters(user.as_deref()), &COLUMNS)
                    .await
            }
            Verb::Export { which } => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                let said = which.filters(user.as_deref()).into_iter();
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
                out.flush().map_err(ReaderGone::or)
            }
        }
    }
}
