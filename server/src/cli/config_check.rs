//! `writ config check`: the settings as they would hold, without their secrets.

use std::fmt::Write as _;

use super::CliError;
use super::say::{say, warn};
use crate::config::{Config, SETTINGS, Sources, describe_database_url};

/// The names there are, for `--help`.
pub(super) fn names() -> String {
    let mut text = String::from(
        "Each setting is a variable, a file named by the variable with _FILE behind, or a key of the TOML file\n(`WRIT_LISTEN`, `WRIT_LISTEN_FILE`, `listen`; a secret is marked *):\n",
    );
    for setting in SETTINGS {
        let mark = if setting.is_secret { '*' } else { ' ' };
        let _ = writeln!(text, "  {mark} {:<31} {}", setting.name, setting.purpose);
    }
    text
}

pub(super) fn run(sources: &Sources) -> Result<(), CliError> {
    let config = Config::read(sources)?;
    say(&format!("public URL       {}", config.public_url));
    say(&format!(
        "public listener  {}{}",
        config.listen,
        if config.tls.is_some() { " (TLS)" } else { "" }
    ));
    say(&format!("admin listener   {}", config.admin_listen));
    say(&format!(
        "database         {}, {} connections",
        describe_database_url(&config.database.url),
        config.database.pool_size
    ));
    if let Some(direct) = &config.database.direct_url {
        say(&format!(
            "database direct  {}",
            describe_database_url(direct)
        ));
    }
    let roles = &config.database.roles;
    say(&format!(
        "database roles   {}, {}",
        roles.app, roles.platform
    ));
    say(&format!(
        "redis            {}",
        if config.redis_url.is_some() {
            "yes"
        } else {
            "no: limits are kept in process"
        }
    ));
    say(&format!(
        "encryption keys  {}",
        config.encryption_keys.len()
    ));
    say(&format!("secret peppers   {}", config.secret_peppers.len()));
    say(&format!("spare RSA keys   {}", config.spare_rsa_keys));
    say(&format!(
        "bootstrap key    {}",
        if config.bootstrap_admin_key.is_some() {
            "set"
        } else {
            "none"
        }
    ));
    let proxies: Vec<String> = config
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    say(&format!(
        "trusted proxies  {}",
        if proxies.is_empty() {
            "nobody".to_owned()
        } else {
            proxies.join(", ")
        }
    ));
    say(&format!(
        "log              {:?}, {}",
        config.log.format, config.log.filter
    ));
    if config.has_development_keys() {
        warn(
            "keys that everybody knows are in use, since none are set; they are for localhost only",
        );
    }
    say("The settings hold.");
    Ok(())
}
