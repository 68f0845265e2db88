//! An API without a database: enough for everything that happens before the first query.

use std::sync::Arc;
use std::time::Duration;

use authority::limits::LimitSettings;
use authority::{Authority, AuthoritySettings};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto::{EncryptionKeys, Peppers, SystemClock, SystemRandom};
use outbound::{Outbound, OutboundSettings};
use protocol::Random;
use secrecy::SecretString;
use store::{Database, DatabaseSettings};

use crate::api::{AdminApiSettings, Api};

pub const BOOTSTRAP_KEY: &str = "the-bootstrap-key-of-the-tests";

pub fn api() -> Api {
    with_keys(false)
}

/// With the keys that everybody knows, as `writ dev` and an unconfigured start on localhost have them.
pub fn api_with_development_keys() -> Api {
    with_keys(true)
}

fn with_keys(has_development_keys: bool) -> Api {
    let mut key = [0_u8; 32];
    SystemRandom.fill(&mut key);
    let keys = SecretString::from(STANDARD.encode(key));
    // Nothing listens there: a query is an outage.
    let mut nowhere = DatabaseSettings::new("postgres://writ:writ@127.0.0.1:1/writ");
    nowhere.deadline = Duration::from_millis(20);
    let database = Database::connect(&nowhere).unwrap();
    let settings = AuthoritySettings {
        database,
        shared_limits: None,
        peppers: Peppers::parse(&keys).unwrap(),
        encryption_keys: EncryptionKeys::parse(&keys).unwrap(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        limits: LimitSettings::default(),
        outbound: Outbound::new(OutboundSettings::default()).unwrap(),
        password_concurrency: 1,
        spare_rsa_keys: 0,
        password_queue: 1,
    };
    Api::new(AdminApiSettings {
        authority: Authority::new(settings).unwrap(),
        public_url: "http://localhost:9000".to_owned(),
        admin_url: None,
        bootstrap_key: Some(SecretString::from(BOOTSTRAP_KEY)),
        has_development_keys,
    })
}
