//! Where the admin API is, and the key it is called with.
//!
//! A key stands, in this order, in `--key`, `--key-file`, `WRIT_ADMIN_KEY`, `WRIT_ADMIN_KEY_FILE`; without one it is the
//! token of `writ login`. What is typed outweighs what the environment says.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use outbound::operator::{Operator, OperatorSettings};
use secrecy::{ExposeSecret as _, SecretString};

use super::api::Api;
use super::failure::usage;
use super::login;
use crate::cli::CliError;
use crate::cli::say::warn;

const DEFAULT_URL: &str = "http://localhost:9001";
const NO_KEY: &str = "no admin key: run `writ login`, say --key-file FILE, or set WRIT_ADMIN_KEY or \
    WRIT_ADMIN_KEY_FILE (of `make run`: --key-file .writ/admin-key)";
const TIME_LIMIT: Duration = Duration::from_mins(1);
const SIZE_LIMIT: usize = 64 * 1024 * 1024;

/// Options of every command that calls the admin API.
#[derive(Debug, Args)]
#[command(next_help_heading = "Admin API")]
pub(in crate::cli) struct Access {
    /// Where the admin API is.
    #[arg(long, global = true, env = "WRIT_ADMIN_URL", value_name = "URL", default_value = DEFAULT_URL)]
    url: String,
    /// The key to call it with. Others on this machine can see what is typed: better `WRIT_ADMIN_KEY`, or a file.
    #[arg(long, global = true, value_name = "KEY", conflicts_with = "key_file")]
    key: Option<Secret>,
    /// A file with the key; also `WRIT_ADMIN_KEY_FILE`. `make run` leaves one in `.writ/admin-key`.
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Certificates (PEM) of the authorities to trust, in place of the public ones.
    #[arg(long, global = true, env = "WRIT_ADMIN_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Let the key go to another machine without TLS, in a network that you trust.
    #[arg(long, global = true, env = "WRIT_ADMIN_ALLOW_HTTP")]
    allow_http: bool,
    /// Answer in JSON, for scripts.
    #[arg(long, global = true)]
    pub(in crate::cli) json: bool,
    /// Ask what a change would come to, and change nothing.
    #[arg(long, global = true)]
    pub(in crate::cli) dry_run: bool,
}

/// A key on the command line, which no Debug output shows.
#[derive(Debug, Clone)]
struct Secret(SecretString);

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned().into()))
    }
}

/// Which of a tenant's things.
#[derive(Debug, Args)]
pub(in crate::cli) struct InTenant {
    /// Whose; its slug.
    #[arg(
        long,
        short = 't',
        global = true,
        env = "WRIT_TENANT",
        value_name = "SLUG"
    )]
    tenant: Option<String>,
}

impl InTenant {
    /// The path of the tenant, to which the thing's own is added.
    pub(in crate::cli) fn path(&self) -> Result<String, CliError> {
        let slug = self.tenant.as_deref();
        let slug =
            slug.ok_or_else(|| usage("which tenant? Say --tenant SLUG, or set WRIT_TENANT"))?;
        Ok(super::api::tenant_path(slug))
    }
}

/// Of one tenant, or above tenants.
#[derive(Debug, Args)]
pub(in crate::cli) struct Whose {
    /// Of this tenant alone; its slug. Also `WRIT_TENANT`.
    #[arg(
        long,
        short = 't',
        global = true,
        value_name = "SLUG",
        conflicts_with = "platform"
    )]
    tenant: Option<String>,
    /// Of the platform, above all tenants; outweighs `WRIT_TENANT`.
    #[arg(long, global = true)]
    platform: bool,
}

impl Whose {
    /// The path of the tenant, or none of the platform, where that was said.
    pub(in crate::cli) fn path(&self) -> Result<Option<String>, CliError> {
        match self.said() {
            None if !self.platform => Err(usage(
                "whose? Say --tenant SLUG (or set WRIT_TENANT), or --platform for what is above tenants",
            )),
            slug => Ok(slug.as_deref().map(super::api::tenant_path)),
        }
    }

    /// The path of the tenant; nothing said is above tenants as well.
    pub(in crate::cli) fn path_if_any(&self) -> Option<String> {
        self.said().as_deref().map(super::api::tenant_path)
    }

    // Not by clap, to which what the environment says is as good as typed: it would stand against `--platform`.
    fn said(&self) -> Option<String> {
        let environment = || std::env::var("WRIT_TENANT").ok();
        match &self.tenant {
            Some(slug) => Some(slug.clone()),
            None if self.platform => None,
            None => environment().filter(|slug| !slug.is_empty()),
        }
    }
}

impl Access {
    /// Ready to call.
    pub(in crate::cli) async fn api(&self) -> Result<Api, CliError> {
        let operator = self.reach(&self.url)?;
        let found = self.find_key(&|name| std::env::var(name).ok())?;
        let (key, key_from) = if let Some(found) = found {
            found
        } else {
            let reach = |url: &str| self.reach(url);
            let signed_in = login::access_token(operator.base(), &reach).await?;
            signed_in.ok_or_else(|| usage(NO_KEY))?
        };
        Ok(Api::new(operator, key, key_from, self.dry_run))
    }

    pub(in crate::cli) async fn login(&self, scope: &str) -> Result<(), CliError> {
        let url = self.reach(&self.url)?.base().to_owned();
        login::login(&url, scope, &|url| self.reach(url)).await
    }

    pub(in crate::cli) async fn logout(&self) -> Result<(), CliError> {
        let url = self.reach(&self.url)?.base().to_owned();
        login::logout(&url, &|url| self.reach(url)).await
    }

    /// The way there: nothing is called yet.
    fn reach(&self, url: &str) -> Result<Operator, CliError> {
        let read = |path: &Path| {
            std::fs::read(path)
                .map_err(|error| usage(format!("cannot read {}: {error}", path.display())))
        };
        Operator::new(&OperatorSettings {
            base: url.to_owned(),
            authorities: self.ca_file.as_deref().map(read).transpose()?,
            allows_plain_http: self.allow_http,
            time_limit: TIME_LIMIT,
            size_limit: SIZE_LIMIT,
        })
        .map_err(|error| usage(format!("{error} (--url, --ca-file, --allow-http)")))
    }

    fn find_key(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<(SecretString, String)>, CliError> {
        let said = |name| variable(name).filter(|text| !text.is_empty());
        if let Some(Secret(key)) = &self.key {
            return Ok(Some((trimmed(key.expose_secret()), "--key".to_owned())));
        }
        if let Some(path) = &self.key_file {
            return from_file(path).map(Some);
        }
        if let Some(key) = said("WRIT_ADMIN_KEY") {
            return Ok(Some((trimmed(&key), "WRIT_ADMIN_KEY".to_owned())));
        }
        match said("WRIT_ADMIN_KEY_FILE") {
            Some(path) => from_file(Path::new(&path)).map(Some),
            None => Ok(None),
        }
    }
}

fn trimmed(key: &str) -> SecretString {
    key.trim().to_owned().into()
}

fn from_file(path: &Path) -> Result<(SecretString, String), CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        usage(format!(
            "cannot read the key in {}: {error}",
            path.display()
        ))
    })?;
    warn_of_open_file(path);
    Ok((trimmed(&text), path.display().to_string()))
}

fn warn_of_open_file(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map(|metadata| metadata.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o004 != 0) {
        warn(&format!(
            "everybody on this machine can read the key in {}: chmod 600",
            path.display()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(key: Option<&str>) -> Access {
        Access {
            url: DEFAULT_URL.to_owned(),
            key: key.map(|key| key.parse().unwrap()),
            key_file: None,
            ca_file: None,
            allow_http: false,
            json: false,
            dry_run: false,
        }
    }

    #[test]
    fn what_is_typed_outweighs_the_environment() {
        let variable = |name: &str| (name == "WRIT_ADMIN_KEY").then(|| "from there\n".to_owned());
        let (key, from) = access(Some("typed")).find_key(&variable).unwrap().unwrap();
        assert_eq!((key.expose_secret(), from.as_str()), ("typed", "--key"));
        let (key, from) = access(None).find_key(&variable).unwrap().unwrap();
        assert_eq!(
            (key.expose_secret(), from.as_str()),
            ("from there", "WRIT_ADMIN_KEY")
        );
        let nothing = access(None).find_key(&|_| Some(String::new()));
        assert!(nothing.unwrap().is_none());
    }

    #[test]
    fn a_key_is_in_no_debug_output() {
        assert!(!format!("{:?}", access(Some("a-secret-key"))).contains("a-secret-key"));
    }
}
