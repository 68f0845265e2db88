//! `writ dev`: everything on one machine, from one command.
//!
//! Starts a private PostgreSQL (unless `DATABASE_URL` names one), makes keys once, migrates, serves, fills
//! the tenant `demo` through the admin API, and prints what to try. It is `writ serve` with its surroundings
//! made, no other server: what differs is here and nowhere else.

mod account;
mod demo;
mod folder;
mod greeting;
mod kept;
mod postgres;
mod programs;

use std::path::PathBuf;

use outbound::{Outbound, OutboundSettings};
use secrecy::SecretString;

use super::say::say;
use super::serve::{self, StopSignal};
use super::{CliError, migrate, runtime};
use crate::config::{Config, DatabaseConfig, Sources, describe_database_url};
use folder::Folder;
use kept::Kept;
use postgres::PrivatePostgres;

/// Where `writ dev` keeps everything, seen from where it is started.
const FOLDER: &str = ".writ";

pub(super) fn run(mut sources: Sources) -> Result<(), CliError> {
    let folder = Folder::open(&PathBuf::from(FOLDER))?;
    let kept = Kept::load(&folder)?;
    sources.set_default("WRIT_ENCRYPTION_KEYS", &kept.encryption_key);
    sources.set_default("WRIT_SECRET_PEPPERS", &kept.secret_pepper);
    sources.set_default("WRIT_BOOTSTRAP_ADMIN_KEY", &kept.admin_key);
    sources.set_default("WRIT_LOG_FORMAT", "text");
    // When PostgreSQL stops, idle connections find out: nothing to know.
    sources.set_default("WRIT_LOG", "warn,sqlx=error");
    runtime()?.block_on(async {
        // Listen for Ctrl-C before anything is started, so that nothing is left behind.
        let mut stop = StopSignal::listen()?;
        let postgres = if sources.secret("DATABASE_URL").is_some() {
            None
        } else {
            let postgres = start_postgres(&folder, &kept).await?;
            sources.set_default("DATABASE_URL", &postgres.url(&kept.database_password));
            Some(postgres)
        };
        let result = serve_demo(&sources, &kept, &folder, postgres.is_some(), &mut stop).await;
        if let Some(postgres) = postgres {
            postgres.stop().await?;
            say("Stopped, PostgreSQL too. Everything is kept for the next start.");
        }
        result
    })
}

async fn start_postgres(folder: &Folder, kept: &Kept) -> Result<PrivatePostgres, CliError> {
    let (place, account) = folder.for_postgres(&kept.installation).await?;
    PrivatePostgres::start(&place, account, kept).await
}

/// Migrates, serves, fills, greets, and waits for the end.
async fn serve_demo(
    sources: &Sources,
    kept: &Kept,
    folder: &Folder,
    is_private: bool,
    stop: &mut StopSignal,
) -> Result<(), CliError> {
    let config = Config::read(sources)?;
    let database: DatabaseConfig = config.database.clone();
    if !is_private {
        say(&format!(
            "Using the database that DATABASE_URL names: {}.",
            describe_database_url(&database.url)
        ));
    }
    let admin_key: SecretString = config
        .bootstrap_admin_key
        .clone()
        .ok_or("WRIT_BOOTSTRAP_ADMIN_KEY is empty: leave it out, and one is made")?;
    let public_url = config.public_url.clone();
    serve::start_logging(&config.log)?;
    let starting = async {
        migrate::migrate(&database).await?;
        let mut settings = serve::settings(config)?;
        // Here and nowhere else: clients under development have their documents on this machine.
        settings.authority.outbound = Outbound::for_development(OutboundSettings::default())?;
        serve::start(settings).await
    };
    let running = tokio::select! {
        running = starting => running?,
        () = stop.wait() => return Ok(()),
    };
    let admin_address = running.admin_address();
    let filled = tokio::select! {
        filled = demo::fill(admin_address, &admin_key, &public_url, kept) => filled,
        () = stop.wait() => return running.stop().await,
    };
    match filled {
        Ok(demo) => greeting::greet(&demo, admin_address, &admin_key, folder, is_private, kept),
        Err(error) => {
            running.stop().await?;
            return Err(error);
        }
    }
    running.until(stop).await
}
