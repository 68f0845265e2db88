//! `writ tenant …`.

use std::io::{IsTerminal as _, Write as _};

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::Access;
use super::told;
use super::verbs::{Deed, Listing, Verbs};
use crate::cli::CliError;
use crate::cli::admin::api::tenant_path;
use crate::cli::admin::failure::usage;
use crate::cli::admin::fields::{Fields, member};
use crate::cli::admin::show::Column;

const COLUMNS: [Column; 4] = [
    ("SLUG", "slug"),
    ("NAME", "display_name"),
    ("STATE", "state"),
    ("ISSUER", "issuer"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Tenant {
    #[command(flatten)]
    access: Access,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The tenants there are.
    List(Listing),
    /// One tenant with its settings.
    Show { slug: String },
    /// Make one. Slug and issuer are for ever.
    Create {
        slug: String,
        /// What people read when they sign in.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Default: `{WRIT_PUBLIC_URL}/t/{slug}`.
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change settings of one.
    Update {
        slug: String,
        /// What people read when they sign in.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Its issuer answers nothing; its data stay.
    Suspend { slug: String },
    /// It answers again.
    Resume { slug: String },
    /// How many users, clients, resources and sessions it may have, and has.
    Quotas {
        slug: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// Remove one with everything in it: it answers nothing from now on, and is gone after a time of grace.
    Delete {
        slug: String,
        /// Seconds until it is gone for good, 30 days at most; default: a week.
        #[arg(long, value_name = "SECONDS", conflicts_with = "now")]
        grace: Option<u64>,
        /// At once, and for good.
        #[arg(long)]
        now: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Bring back one that is to be deleted, as it was.
    Restore { slug: String },
}

impl Tenant {
    pub(super) async fn run(&self) -> Result<(), CliError> {
        let verbs = Verbs::of(&self.access).await?;
        let mut body = Map::new();
        match &self.verb {
            Verb::List(listing) => verbs.list("/admin/v1/tenants", listing, &COLUMNS).await,
            Verb::Show { slug } => verbs.show(&tenant_path(slug)).await,
            Verb::Create {
                slug,
                name,
                issuer,
                fields,
            } => {
                member(&mut body, "slug", Some(slug.as_str()));
                let name = name.as_deref().unwrap_or(slug);
                member(&mut body, "display_name", Some(name));
                member(&mut body, "issuer", issuer.as_deref());
                verbs.create("/admin/v1/tenants", &fields.onto(body)?).await
            }
            Verb::Update { slug, name, fields } => {
                member(&mut body, "display_name", name.as_deref());
                verbs.update(&tenant_path(slug), &fields.onto(body)?).await
            }
            Verb::Suspend { slug } => {
                let suspended = json!({ "state": "suspended" });
                verbs.update(&tenant_path(slug), &suspended).await
            }
            Verb::Resume { slug } => {
                let active = json!({ "state": "active" });
                verbs.update(&tenant_path(slug), &active).await
            }
            Verb::Quotas { slug, fields } => {
                let body = fields.onto(body)?;
                let path = tenant_path(slug);
                if body.as_object().is_some_and(|body| !body.is_empty()) {
                    return verbs.update(&format!("{path}/quotas"), &body).await;
                }
                verbs.show_as(&format!("{path}/usage"), told::usage).await
            }
            Verb::Delete {
                slug,
                grace,
                now,
                yes,
            } => {
                if !yes && !self.access.dry_run {
                    confirm(slug)?;
                }
                let grace = if *now { Some(0) } else { *grace };
                let deed = match grace {
                    Some(0) => Deed::deleting(&format!("the tenant {slug}")),
                    _ => Deed::saying(
                        format!(
                            "The tenant {slug} answers nothing any more and is to be deleted; `writ tenant restore {slug}` brings it back"
                        ),
                        format!("delete the tenant {slug} after its time of grace"),
                    ),
                };
                let query = grace.map(|seconds| format!("?grace_seconds={seconds}"));
                let path = format!("{}{}", tenant_path(slug), query.unwrap_or_default());
                verbs.delete(&path, &deed).await
            }
            Verb::Restore { slug } => verbs.post(&format!("{}/restore", tenant_path(slug))).await,
        }
    }
}

/// A person types the slug again; a script says `--yes`.
fn confirm(slug: &str) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(usage(format!(
            "this removes the tenant {slug} with everything in it: say --yes"
        )));
    }
    let mut out = std::io::stderr();
    let _ = write!(
        out,
        "Remove the tenant {slug} with everything in it? Type its slug: "
    );
    let _ = out.flush();
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    if typed.trim() == slug {
        Ok(())
    } else {
        Err(usage("that is not its slug: nothing was removed"))
    }
}
