//! From what the operator wrote to what the application is built from: opens the sockets, makes keys
//! of bytes, and opens nothing else.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use authority::AuthoritySettings;
use authority::limits::{LimitSettings, Quota};
use crypto::{EncryptionKeys, KeyListError, Peppers, SystemClock, SystemRandom};
use outbound::{Outbound, OutboundError, OutboundSettings};
use protocol::SecretText;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use store::redis::SharedLimits;
use store::{Database, DatabaseSettings, InvalidRoleName, Roles, StoreError};

use super::{ApplicationSettings, TlsSettings};
use crate::config::{Config, DatabaseConfig, Key};
use crate::jobs::JobSettings;

/// Enough for the slowest body (10 s) and its answer; shorter than the 30 s after which orchestrators kill.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(15);
const JOB_INTERVAL: Duration = Duration::from_mins(1);
/// Sign-ins that wait for a password to be hashed before one is told to come back.
const PASSWORD_QUEUE: usize = 64;

/// What is wrong with the settings beyond what `config` can see.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("cannot listen on {address}: {error}")]
    Listen {
        address: std::net::SocketAddr,
        error: std::io::Error,
    },
    #[error("WRIT_ENCRYPTION_KEYS or WRIT_SECRET_PEPPERS: {0}")]
    Keys(#[from] KeyListError),
    #[error("DATABASE_URL: {0}")]
    Database(#[from] StoreError),
    #[error(transparent)]
    Roles(#[from] InvalidRoleName),
    #[error("REDIS_URL: {0}")]
    Redis(String),
    #[error("the way to other hosts cannot be prepared: {0}")]
    Outbound(#[from] OutboundError),
}

impl ApplicationSettings {
    /// With the system's clock and randomness.
    pub fn from_config(config: Config) -> Result<Self, SettingsError> {
        let has_development_keys = config.has_development_keys();
        Ok(Self {
            public_listener: listen(config.listen)?,
            admin_listener: listen(config.admin_listen)?,
            public_url: config.public_url.as_str().to_owned(),
            admin_url: config.admin_url.as_ref().map(|url| url.as_str().to_owned()),
            authority: authority_settings(&config)?,
            tls: config.tls.map(|tls| TlsSettings {
                certificate_pem: tls.certificate,
                key_pem: tls.key,
            }),
            trusted_proxies: config.trusted_proxies,
            bootstrap_admin_key: config.bootstrap_admin_key,
            has_development_keys,
            workers: cores(),
            shutdown_timeout: SHUTDOWN_TIMEOUT,
            jobs: JobSettings {
                interval: Some(JOB_INTERVAL),
                need_the_right_clock: true,
                audit_retention: config.audit_retention,
            },
        })
    }
}

/// What the authority is made of: what a command that opens no ports needs.
pub fn authority_settings(config: &Config) -> Result<AuthoritySettings, SettingsError> {
    let shared_limits = match &config.redis_url {
        Some(url) => Some(
            SharedLimits::connect(&SecretText::new(url.expose_secret()))
                .map_err(|error| SettingsError::Redis(error.to_string()))?,
        ),
        None => None,
    };
    Ok(AuthoritySettings {
        database: Database::connect(&database_settings(&config.database)?)?,
        outbound: Outbound::new(OutboundSettings::default())?,
        shared_limits,
        peppers: Peppers::from_keys(&key_bytes(&config.secret_peppers))?,
        encryption_keys: EncryptionKeys::from_keys(&key_bytes(&config.encryption_keys))?,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        limits: LimitSettings {
            admin_calls: Quota::new(config.admin_calls_per_minute, Duration::from_mins(1)),
            ..LimitSettings::default()
        },
        password_concurrency: cores(),
        password_queue: PASSWORD_QUEUE,
        spare_rsa_keys: config.spare_rsa_keys,
    })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// How `store` reaches the database that the operator named.
pub fn database_settings(config: &DatabaseConfig) -> Result<DatabaseSettings, InvalidRoleName> {
    let mut settings = DatabaseSettings::new(config.url.expose_secret());
    settings.direct_url = config
        .direct_url
        .as_ref()
        .map(|url| SecretText::new(url.expose_secret()));
    settings.max_connections = config.pool_size;
    settings.roles = Roles::new(&config.roles.app, &config.roles.platform)?;
    Ok(settings)
}

fn listen(address: std::net::SocketAddr) -> Result<TcpListener, SettingsError> {
    TcpListener::bind(address).map_err(|error| SettingsError::Listen { address, error })
}

fn key_bytes(keys: &[Key]) -> Vec<Zeroizing<[u8; 32]>> {
    keys.iter()
        .map(|key| Zeroizing::new(*key.expose_bytes()))
        .collect()
}
