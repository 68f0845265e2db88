//! What every operation shares: the authority, and what the configuration says about this API.

use std::sync::Arc;

use authority::Authority;
use protocol::clock::Timestamp;
use protocol::random::Random;
use secrecy::SecretString;
use store::Database;

/// What the server decides when it mounts this API.
pub struct AdminApiSettings {
    pub authority: Arc<Authority>,
    /// `WRIT_PUBLIC_URL`, without a trailing slash: a tenant's issuer is made from it.
    pub public_url: String,
    /// `WRIT_ADMIN_URL`, without a trailing slash: what access tokens for this API are for. None: keys only.
    pub admin_url: Option<String>,
    /// `WRIT_BOOTSTRAP_ADMIN_KEY`: a platform key that is in no table, to make the first one with.
    pub bootstrap_key: Option<SecretString>,
    /// The keys are the ones that everybody knows: fit for issuers on this machine only.
    pub has_development_keys: bool,
}

/// Cheap to clone; one per process.
#[derive(Clone)]
pub struct Api(Arc<AdminApiSettings>);

impl Api {
    pub fn new(settings: AdminApiSettings) -> Self {
        Self(Arc::new(settings))
    }

    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }

    pub fn database(&self) -> &Database {
        self.0.authority.database()
    }

    pub fn now(&self) -> Timestamp {
        self.0.authority.now()
    }

    pub fn random(&self) -> &dyn Random {
        self.0.authority.random()
    }

    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    pub fn admin_url(&self) -> Option<&str> {
        self.0.admin_url.as_deref()
    }

    pub fn bootstrap_key(&self) -> Option<&SecretString> {
        self.0.bootstrap_key.as_ref()
    }

    pub fn has_development_keys(&self) -> bool {
        self.0.has_development_keys
    }
}
