//! `writ keys …`: looks at signing keys and changes them, in the database that the settings name.
//!
//! It works beside running servers: they hear of every change as of one another's. Private parts are
//! never shown.
//!
//! To add one: a variant of [`KeysCommand`], its function here, what it says in `answers`.

mod answers;

use authority::Authority;
use authority::audit::Actor;
use authority::signing_key_rotation::{ActedBy, ResealReport};
use clap::{Args, Subcommand};
use protocol::{Slug, TenantId};
use store::Tenant;

use self::answers::{Removed, Rotated, Shown};
use super::{CliError, runtime};
use crate::application::authority_settings;
use crate::config::{Config, Sources};
use crate::isolation::verify_database;

/// Tenants that are read at once.
const PAGE: u32 = 500;
/// Keys that are sealed anew between two looks at how many are left.
const RESEALED_AT_ONCE: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// The signing keys there are: what each signs, since when, and under which key-encryption key it lies.
    List(Scope),
    /// Change the key that signs, as soon as verifiers can know the next one: at once if it has been published
    /// for an hour, else when it will have been. Running servers do the rest.
    Rotate(Scope),
    /// Seal private keys anew under the first of `WRIT_ENCRYPTION_KEYS`; those that are already are left alone.
    Reseal(Scope),
    /// A signing key leaked: remove it at once, with everything that it signed.
    Remove(Removal),
    /// Remove the signing keys whose key-encryption key is lost for good, and give their tenants new ones.
    RemoveLost(Format),
}

#[derive(Debug, Args)]
pub(super) struct Scope {
    /// Of this tenant alone; default: of all.
    #[arg(long, value_name = "SLUG")]
    tenant: Option<String>,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Removal {
    /// Which key, by its `kid`.
    kid: String,
    /// Whose it is.
    #[arg(long, value_name = "SLUG")]
    tenant: String,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Format {
    /// Answer in JSON, for scripts.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &KeysCommand, sources: &Sources) -> Result<(), CliError> {
    let config = Config::read(sources)?;
    runtime()?.block_on(async {
        let authority = Authority::new(authority_settings(&config)?)?;
        verify_database(authority.database()).await?;
        match command {
            KeysCommand::List(scope) => list(&authority, scope).await,
            KeysCommand::Rotate(scope) => rotate(&authority, scope).await,
            KeysCommand::Reseal(scope) => reseal(&authority, scope).await,
            KeysCommand::Remove(removal) => remove(&authority, removal).await,
            KeysCommand::RemoveLost(format) => remove_lost(&authority, *format).await,
        }
    })
}

/// A person at the command line: who it was, only the machine's own records can say.
fn by(reason: Option<&str>) -> ActedBy {
    ActedBy {
        reason: reason.map(str::to_owned),
        ..Actor::CommandLine.into()
    }
}

async fn list(authority: &Authority, scope: &Scope) -> Result<(), CliError> {
    let mut shown = Vec::new();
    for tenant in tenants(authority, scope.tenant.as_deref()).await? {
        let mut rows = authority.database().tenant(&tenant).await?;
        let keys = rows.list_signing_keys().await?;
        rows.commit().await?;
        let keys = keys.into_iter().map(|key| Shown::new(&tenant, key));
        shown.extend(keys);
    }
    answers::keys(&shown, scope.format.json)
}

async fn rotate(authority: &Authority, scope: &Scope) -> Result<(), CliError> {
    let mut rotated = Vec::new();
    for tenant in tenants(authority, scope.tenant.as_deref()).await? {
        let report = authority.rotate_signing_key(&tenant, by(None)).await?;
        rotated.push(Rotated::new(&tenant, report));
    }
    answers::rotated(&rotated, scope.format.json)
}

async fn reseal(authority: &Authority, scope: &Scope) -> Result<(), CliError> {
    let only = match &scope.tenant {
        Some(slug) => Some(find_tenant(authority, slug).await?),
        None => None,
    };
    let mut whole = ResealReport::default();
    loop {
        let run = authority.reseal_signing_keys(only.as_ref(), by(None), RESEALED_AT_ONCE);
        let run = run.await?;
        let is_over = only.is_some() || run.left == 0 || run.resealed == 0;
        whole = ResealReport {
            resealed: whole.resealed + run.resealed,
            tenants: whole.tenants + run.tenants,
            ..run
        };
        if is_over {
            break;
        }
    }
    answers::resealed(&whole, scope.format.json)?;
    if whole.failed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} could not be opened: their key-encryption keys are missing in WRIT_ENCRYPTION_KEYS, or their rows were altered",
        answers::counted(&whole.failed.len(), "signing key")
    )
    .into())
}

async fn remove(authority: &Authority, removal: &Removal) -> Result<(), CliError> {
    let tenant = find_tenant(authority, &removal.tenant).await?;
    let removed =
        authority.remove_signing_key(&tenant, &removal.kid, by(Some(removal.reason.as_str())));
    let removed = removed.await?.ok_or_else(|| {
        format!(
            "the tenant {} has no signing key {}: see `writ keys list`",
            tenant.slug(),
            removal.kid
        )
    })?;
    answers::removed(&[Removed::new(&tenant, removed)], removal.format.json)
}

async fn remove_lost(authority: &Authority, format: Format) -> Result<(), CliError> {
    let lost = authority.remove_lost_signing_keys(by(None)).await?;
    answers::removed_lost(&lost, format.json)
}

/// All but the deleted ones, or the one that was named.
async fn tenants(authority: &Authority, slug: Option<&str>) -> Result<Vec<Tenant>, CliError> {
    if let Some(slug) = slug {
        return Ok(vec![find_tenant(authority, slug).await?]);
    }
    let mut tenants: Vec<Tenant> = Vec::new();
    loop {
        let after: Option<TenantId> = tenants.last().map(Tenant::id);
        let mut platform = authority.database().platform().await?;
        let page = platform.list_tenants(after, PAGE).await?;
        platform.commit().await?;
        if page.is_empty() {
            return Ok(tenants);
        }
        tenants.extend(page);
    }
}

async fn find_tenant(authority: &Authority, slug: &str) -> Result<Tenant, CliError> {
    let unknown = || format!("there is no tenant {slug}");
    let slug = Slug::parse(slug).map_err(|_| unknown())?;
    let mut platform = authority.database().platform().await?;
    let tenant = platform.find_tenant_by_slug(&slug).await?;
    platform.commit().await?;
    Ok(tenant.ok_or_else(unknown)?)
}
