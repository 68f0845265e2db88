//! Settings: what an operator may say, where it may be said, and what it must look like.
//!
//! This room reads the environment, `…_FILE` variables and a TOML file into one checked [`Config`].
//! It opens no connection and starts nothing: `writ config check` runs exactly this code.
//!
//! To add a setting: one row in [`setting::SETTINGS`], one field here, one line in the reader that
//! fills it, one sentence in `docs/`.

mod database;
mod error;
mod keys;
mod public_url;
mod setting;
mod sources;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use store::SHORTEST_AUDIT_RETENTION;

pub use database::{DatabaseConfig, RoleNames, describe_database_url};
pub use error::{ConfigError, Problem};
pub use keys::{Key, is_development_key};
pub use public_url::PublicUrl;
pub use setting::{SETTINGS, Setting};
pub use sources::{Environment, Sources};

const DAY: Duration = Duration::from_hours(24);
const DEFAULT_ADMIN_CALLS_PER_MINUTE: u32 = 6_000;
const DEFAULT_AUDIT_RETENTION: Duration = Duration::from_hours(365 * 24);
/// A hundred years.
const LONGEST_AUDIT_RETENTION_DAYS: u32 = 36_525;

/// Everything `writ serve` needs to know, checked.
#[derive(Debug)]
pub struct Config {
    /// Where the truth is kept.
    pub database: DatabaseConfig,
    /// Shared limits; absent means that they are kept in process.
    pub redis_url: Option<SecretString>,
    /// The origin (and path) under which the world reaches this installation.
    pub public_url: PublicUrl,
    /// How administrators reach the admin port: what access tokens for it are for. Absent means keys only.
    pub admin_url: Option<PublicUrl>,
    /// Where the public endpoints listen.
    pub listen: SocketAddr,
    /// Where the admin API, metrics and health listen.
    pub admin_listen: SocketAddr,
    /// Keys that seal what is kept or carried; the first seals, all open.
    pub encryption_keys: Vec<Key>,
    /// Keys under which secrets are digested; the first is in use.
    pub secret_peppers: Vec<Key>,
    /// An admin key that is valid besides those in the database.
    pub bootstrap_admin_key: Option<SecretString>,
    /// Whose forwarded headers count. Empty: nobody's.
    pub trusted_proxies: Vec<IpNet>,
    /// Serve TLS ourselves, with these PEM texts.
    pub tls: Option<TlsPem>,
    /// How long audit events are kept.
    pub audit_retention: Duration,
    /// RSA key pairs that are kept ready.
    pub spare_rsa_keys: usize,
    /// Of one caller.
    pub admin_calls_per_minute: u32,
    /// How log lines are written.
    pub log: LogConfig,
}

/// A certificate chain and its private key, both PEM.
#[derive(Debug)]
pub struct TlsPem {
    /// The certificate chain, leaf first.
    pub certificate: String,
    /// The private key of the leaf.
    pub key: SecretString,
}

/// How log lines are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// One JSON object a line, or text for people.
    pub format: LogFormat,
    /// A `tracing` filter such as `info` or `server=debug,info`.
    pub filter: String,
}

/// One JSON object a line, or text for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For machines; the default.
    Json,
    /// For people; what `writ dev` uses.
    Text,
}

impl Config {
    /// Whether a key is one that everybody knows: none were set, on localhost.
    pub fn has_development_keys(&self) -> bool {
        let mut keys = self.encryption_keys.iter().chain(&self.secret_peppers);
        keys.any(is_development_key)
    }

    /// Reads and checks every setting; all problems are told at once.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let database = problems_of(&mut problems, DatabaseConfig::read(sources));
        let public_url = one(&mut problems, public_url::read(sources));
        let admin_url = one(
            &mut problems,
            public_url::read_admin(sources, public_url.as_ref()),
        );
        let is_local = public_url.as_ref().is_none_or(PublicUrl::is_localhost);
        let encryption_keys = one(
            &mut problems,
            keys::read(sources, "WRIT_ENCRYPTION_KEYS", is_local),
        );
        let secret_peppers = one(
            &mut problems,
            keys::read(sources, "WRIT_SECRET_PEPPERS", is_local),
        );
        if let (Some(keys), Some(peppers)) = (&encryption_keys, &secret_peppers) {
            one(&mut problems, keys::refuse_shared(keys, peppers));
        }
        let listen = one(
            &mut problems,
            read_address(sources, "WRIT_LISTEN", "127.0.0.1:9000"),
        );
        let admin_listen = one(&mut problems, read_admin_listen(sources));
        if let (Some(public), Some(admin)) = (listen, admin_listen) {
            one(&mut problems, refuse_one_port(public, admin));
        }
        let redis_url = one(&mut problems, read_redis_url(sources));
        let bootstrap_admin_key = one(&mut problems, read_bootstrap_admin_key(sources));
        let trusted_proxies = one(&mut problems, read_trusted_proxies(sources));
        let tls = one(&mut problems, read_tls(sources));
        let audit_retention = one(&mut problems, read_audit_retention(sources));
        let spare_rsa_keys = one(&mut problems, read_spare_rsa_keys(sources));
        let admin_calls_per_minute = one(&mut problems, read_admin_calls_per_minute(sources));
        let log = one(&mut problems, LogConfig::read(sources));

        match (
            database,
            public_url,
            listen,
            admin_listen,
            encryption_keys,
            secret_peppers,
        ) {
            (
                Some(database),
                Some(public_url),
                Some(listen),
                Some(admin_listen),
                Some(encryption_keys),
                Some(secret_peppers),
            ) if problems.is_empty() => Ok(Self {
                database,
                redis_url: redis_url.flatten(),
                public_url,
                admin_url: admin_url.flatten(),
                listen,
                admin_listen,
                encryption_keys,
                secret_peppers,
                bootstrap_admin_key: bootstrap_admin_key.flatten(),
                trusted_proxies: trusted_proxies.unwrap_or_default(),
                tls: tls.flatten(),
                audit_retention: audit_retention.unwrap_or(DEFAULT_AUDIT_RETENTION),
                spare_rsa_keys: spare_rsa_keys.unwrap_or_default(),
                admin_calls_per_minute: admin_calls_per_minute
                    .unwrap_or(DEFAULT_ADMIN_CALLS_PER_MINUTE),
                log: log.unwrap_or_default(),
            }),
            _ => Err(ConfigError::new(problems)),
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Json,
            filter: "info".to_owned(),
        }
    }
}

impl LogConfig {
    /// Reads `WRIT_LOG_FORMAT` and `WRIT_LOG` alone: every command logs, few need the rest.
    pub fn read(sources: &Sources) -> Result<Self, Problem> {
        let default = Self::default();
        let format = match sources.text("WRIT_LOG_FORMAT") {
            None => default.format,
            Some("json") => LogFormat::Json,
            Some("text") => LogFormat::Text,
            Some(other) => {
                return Err(sources.problem(
                    "WRIT_LOG_FORMAT",
                    format!("is `{other}`: write `json` or `text`"),
                ));
            }
        };
        let filter = sources
            .text("WRIT_LOG")
            .map_or(default.filter, str::to_owned);
        Ok(Self { format, filter })
    }
}

/// Keeps the value of a reading, or notes why there is none.
fn one<T>(problems: &mut Vec<Problem>, reading: Result<T, Problem>) -> Option<T> {
    reading.map_err(|problem| problems.push(problem)).ok()
}

fn problems_of<T>(problems: &mut Vec<Problem>, reading: Result<T, ConfigError>) -> Option<T> {
    reading
        .map_err(|error| problems.extend(error.into_problems()))
        .ok()
}

/// Reads `WRIT_ADMIN_LISTEN` alone, for the health check.
pub fn read_admin_listen(sources: &Sources) -> Result<SocketAddr, Problem> {
    read_address(sources, "WRIT_ADMIN_LISTEN", "127.0.0.1:9001")
}

fn read_address(
    sources: &Sources,
    name: &'static str,
    default: &str,
) -> Result<SocketAddr, Problem> {
    let text = sources.text(name).unwrap_or(default);
    text.parse().map_err(|_| {
        sources.problem(
            name,
            format!("is `{text}`, which is no address with a port: write one such as `{default}` or `[::]:9000` (no host names)"),
        )
    })
}

/// The admin API must never be reachable through the public port.
fn refuse_one_port(public: SocketAddr, admin: SocketAddr) -> Result<(), Problem> {
    if public == admin && public.port() != 0 {
        return Err(Problem::new(
            "WRIT_ADMIN_LISTEN",
            format!(
                "is `{admin}`, the same as WRIT_LISTEN: give the admin API a port of its own, such as 127.0.0.1:9001"
            ),
        ));
    }
    Ok(())
}

fn read_redis_url(sources: &Sources) -> Result<Option<SecretString>, Problem> {
    const NAME: &str = "REDIS_URL";
    let Some(url) = sources.secret(NAME) else {
        return Ok(None);
    };
    let is_redis = url::Url::parse(url.expose_secret())
        .is_ok_and(|parsed| matches!(parsed.scheme(), "redis" | "rediss" | "redis+unix" | "unix"));
    if is_redis {
        Ok(Some(url))
    } else {
        Err(sources.problem(NAME, "is no Redis URL: write redis://host:6379 (rediss:// for TLS), or leave it out: Redis is optional"))
    }
}

/// Short keys can be guessed; odd characters do not survive an HTTP header.
fn read_bootstrap_admin_key(sources: &Sources) -> Result<Option<SecretString>, Problem> {
    const NAME: &str = "WRIT_BOOTSTRAP_ADMIN_KEY";
    let Some(key) = sources.secret(NAME) else {
        return Ok(None);
    };
    let text = key.expose_secret();
    if text.len() < 32 {
        return Err(sources.problem(
            NAME,
            "is shorter than 32 characters: make one with `openssl rand -hex 32`",
        ));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(sources.problem(NAME, "has characters that an Authorization header cannot carry: make one with `openssl rand -hex 32`"));
    }
    Ok(Some(key))
}

/// History without an end fills every disk; so there is no "for ever".
fn read_audit_retention(sources: &Sources) -> Result<Duration, Problem> {
    const NAME: &str = "WRIT_AUDIT_RETENTION_DAYS";
    let Some(text) = sources.text(NAME) else {
        return Ok(DEFAULT_AUDIT_RETENTION);
    };
    text.parse()
        .ok()
        .filter(|days| *days <= LONGEST_AUDIT_RETENTION_DAYS)
        .map(|days: u32| days * DAY)
        .filter(|retention| *retention >= SHORTEST_AUDIT_RETENTION)
        .ok_or_else(|| {
            sources.problem(
                NAME,
                format!(
                    "is `{text}`: write a number of days from 1 to {LONGEST_AUDIT_RETENTION_DAYS}"
                ),
            )
        })
}

fn read_trusted_proxies(sources: &Sources) -> Result<Vec<IpNet>, Problem> {
    const NAME: &str = "WRIT_TRUSTED_PROXIES";
    let mut networks = Vec::new();
    for item in sources.list(NAME) {
        let network = item
            .parse::<IpNet>()
            .or_else(|_| item.parse::<std::net::IpAddr>().map(IpNet::from))
            .map_err(|_| sources.problem(NAME, format!("has `{item}`: write addresses or networks such as 10.0.0.7 or 10.0.0.0/8, separated by commas")))?;
        // House (row R3): forwarded headers count only from configured proxies. Trusting everybody
        // makes each of them a lie.
        if network.prefix_len() == 0 {
            return Err(sources.problem(
                NAME,
                format!(
                    "has `{item}`, which trusts every sender: name the addresses of your proxies"
                ),
            ));
        }
        networks.push(network);
    }
    Ok(networks)
}

fn read_admin_calls_per_minute(sources: &Sources) -> Result<u32, Problem> {
    const NAME: &str = "WRIT_ADMIN_CALLS_PER_MINUTE";
    let Some(text) = sources.text(NAME) else {
        return Ok(DEFAULT_ADMIN_CALLS_PER_MINUTE);
    };
    let number = text.parse().ok();
    number
        .filter(|number| (10..=1_000_000).contains(number))
        .ok_or_else(|| {
            sources.problem(
                NAME,
                format!("is `{text}`: write a number of calls from 10 to 1000000"),
            )
        })
}

fn read_spare_rsa_keys(sources: &Sources) -> Result<usize, Problem> {
    const NAME: &str = "WRIT_SPARE_RSA_KEYS";
    const DEFAULT: usize = 4;
    let Some(text) = sources.text(NAME) else {
        return Ok(DEFAULT);
    };
    let number = text.parse().ok().filter(|number| *number <= 1_000);
    number.ok_or_else(|| {
        sources.problem(
            NAME,
            format!("is `{text}`: write a number from 0 to 1000, such as 4"),
        )
    })
}

fn read_tls(sources: &Sources) -> Result<Option<TlsPem>, Problem> {
    const CERTIFICATE: &str = "WRIT_TLS_CERTIFICATE";
    const KEY: &str = "WRIT_TLS_KEY";
    match (sources.text(CERTIFICATE), sources.secret(KEY)) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(sources.problem(KEY, "is missing although WRIT_TLS_CERTIFICATE is set: name the key's file in WRIT_TLS_KEY_FILE")),
        (None, Some(_)) => Err(sources.problem(CERTIFICATE, "is missing although WRIT_TLS_KEY is set: name the certificate's file in WRIT_TLS_CERTIFICATE_FILE")),
        (Some(certificate), Some(key)) => {
            if !certificate.contains("-----BEGIN CERTIFICATE-----") {
                return Err(sources.problem(CERTIFICATE, "holds no PEM certificate: name a PEM file in WRIT_TLS_CERTIFICATE_FILE"));
            }
            if !key.expose_secret().contains("PRIVATE KEY-----") {
                return Err(sources.problem(KEY, "holds no PEM private key: name a PEM file in WRIT_TLS_KEY_FILE"));
            }
            Ok(Some(TlsPem { certificate: certificate.to_owned(), key }))
        }
    }
}
