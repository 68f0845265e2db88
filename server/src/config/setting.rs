//! The closed table of settings: one row each, and the rule that gives a row its three names.
//!
//! `WRIT_LISTEN` may be said as the variable `WRIT_LISTEN`, as a file named by `WRIT_LISTEN_FILE`, and as
//! `listen` (or `listen_file`) in a TOML file: the lower-case name without `WRIT_`.

/// One thing an operator may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// Whether its text must never be printed.
    pub is_secret: bool,
    /// What it is for, in one line.
    pub purpose: &'static str,
}

const fn open(name: &'static str, purpose: &'static str) -> Setting {
    Setting {
        name,
        is_secret: false,
        purpose,
    }
}

const fn secret(name: &'static str, purpose: &'static str) -> Setting {
    Setting {
        name,
        is_secret: true,
        purpose,
    }
}

/// Every setting there is.
pub const SETTINGS: &[Setting] = &[
    secret(
        "DATABASE_URL",
        "PostgreSQL, postgres://user:password@host:5432/name",
    ),
    secret(
        "WRIT_DATABASE_DIRECT_URL",
        "the same database past a transaction pooler, for LISTEN; default DATABASE_URL",
    ),
    open(
        "WRIT_DATABASE_POOL_SIZE",
        "connections of one process; default 16",
    ),
    open(
        "WRIT_DATABASE_APP_ROLE",
        "role that tenant work runs as; default writ_app",
    ),
    open(
        "WRIT_DATABASE_PLATFORM_ROLE",
        "role that work above tenants runs as; default writ_platform",
    ),
    open(
        "WRIT_DATABASE_LOGIN_ROLE",
        "whom `writ serve` signs in as, where that is not the owner who runs `writ migrate`",
    ),
    secret(
        "REDIS_URL",
        "limits shared by replicas, redis://host:6379; optional",
    ),
    open(
        "WRIT_PUBLIC_URL",
        "how the world reaches the public port; default http://localhost:9000",
    ),
    open(
        "WRIT_ADMIN_URL",
        "how administrators reach the admin port; with it they can sign in, and the system tenant is made",
    ),
    open("WRIT_LISTEN", "public address; default 127.0.0.1:9000"),
    open("WRIT_ADMIN_LISTEN", "admin address; default 127.0.0.1:9001"),
    secret(
        "WRIT_ENCRYPTION_KEYS",
        "base64 of 32 bytes each, comma-separated; the first seals, all open",
    ),
    secret(
        "WRIT_SECRET_PEPPERS",
        "base64 of 32 bytes each, comma-separated; the first is in use",
    ),
    secret(
        "WRIT_BOOTSTRAP_ADMIN_KEY",
        "an admin key for the first calls, at least 32 characters",
    ),
    open(
        "WRIT_TRUSTED_PROXIES",
        "addresses or networks whose forwarded headers count; default nobody",
    ),
    open(
        "WRIT_TLS_CERTIFICATE",
        "PEM chain; with WRIT_TLS_KEY the public port speaks TLS",
    ),
    secret("WRIT_TLS_KEY", "PEM private key of the certificate"),
    open(
        "WRIT_AUDIT_RETENTION_DAYS",
        "how long audit events are kept; default 365",
    ),
    open(
        "WRIT_SPARE_RSA_KEYS",
        "RSA key pairs kept ready for new tenants and rotations, 0 to 1000; default 4",
    ),
    open(
        "WRIT_ADMIN_CALLS_PER_MINUTE",
        "calls that one caller of the admin API may make, 10 to 1000000; default 6000",
    ),
    open("WRIT_LOG_FORMAT", "json (default) or text"),
    open("WRIT_LOG", "log filter; default info"),
];

/// Variables that are ours but no settings: where the TOML file is, what programs of the admin API go by, and what our
/// tests use.
const OTHER_VARIABLES: &[&str] = &[
    "WRIT_CONFIG",
    "WRIT_ADMIN_KEY",
    "WRIT_ADMIN_KEY_FILE",
    "WRIT_ADMIN_CA_FILE",
    "WRIT_ADMIN_ALLOW_HTTP",
    "WRIT_TENANT",
];
const TEST_PREFIX: &str = "WRIT_TEST_";

/// What a variable named like ours turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Variable {
    /// A setting's own variable, or its `…_FILE`.
    Known,
    /// Nothing of ours; the nearest name, if one is near.
    Unknown { nearest: Option<&'static str> },
}

impl Setting {
    /// The variable that names a file with the value.
    pub(super) fn file_variable(&self) -> String {
        format!("{}_FILE", self.name)
    }

    /// The key in a TOML file.
    pub(super) fn toml_key(&self) -> String {
        self.name.trim_start_matches("WRIT_").to_ascii_lowercase()
    }

    /// The key in a TOML file that names a file with the value.
    pub(super) fn toml_file_key(&self) -> String {
        format!("{}_file", self.toml_key())
    }
}

/// The row of a name that the code knows to exist.
pub(super) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Looks at a variable that begins with `WRIT_`.
pub(super) fn recognise(variable: &str) -> Variable {
    let is_ours = OTHER_VARIABLES.contains(&variable)
        || variable.starts_with(TEST_PREFIX)
        || find(variable).is_some()
        || variable
            .strip_suffix("_FILE")
            .is_some_and(|name| find(name).is_some());
    if is_ours {
        return Variable::Known;
    }
    Variable::Unknown {
        nearest: nearest(variable, SETTINGS.iter().map(|setting| setting.name)),
    }
}

/// The TOML key that a misspelt one probably meant.
pub(super) fn nearest_toml_key(key: &str) -> Option<String> {
    SETTINGS
        .iter()
        .flat_map(|setting| [setting.toml_key(), setting.toml_file_key()])
        .map(|candidate| (strsim::damerau_levenshtein(key, &candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| is_near(*distance, candidate))
        .map(|(_, candidate)| candidate)
}

fn nearest(word: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| is_near(*distance, candidate))
        .map(|(_, candidate)| candidate)
}

/// A third of the letters wrong is a misspelling; more is another word.
fn is_near(distance: usize, candidate: &str) -> bool {
    distance * 3 <= candidate.len()
}
