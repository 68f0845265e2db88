//! `writ migrate`: brings the database to this version's schema. Needs the database's settings alone.

use store::MigrateSettings;

use super::say::say;
use super::{CliError, runtime};
use crate::application::database_settings;
use crate::config::{DatabaseConfig, Sources, describe_database_url};

pub(super) fn run(sources: &Sources) -> Result<(), CliError> {
    let database = DatabaseConfig::read(sources)?;
    runtime()?.block_on(migrate(&database))?;
    say(&format!(
        "Migrated: {}.",
        describe_database_url(&database.url)
    ));
    Ok(())
}

/// Makes roles and schema; safe to run again, and by several at once.
pub(super) async fn migrate(config: &DatabaseConfig) -> Result<(), CliError> {
    let settings = database_settings(config)?;
    // Past a pooler: the lock of a migration belongs to a session.
    let url = settings.direct_url.unwrap_or(settings.url);
    let login_role = config.roles.login.clone();
    store::migrate(&MigrateSettings {
        url,
        roles: settings.roles,
        login_role,
    })
    .await
    .map_err(|error| {
        let database = describe_database_url(config.direct_url.as_ref().unwrap_or(&config.url));
        format!("could not migrate {database}: {error}").into()
    })
}
