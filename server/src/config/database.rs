//! Where the database is and as which roles it is used.

use secrecy::{ExposeSecret, SecretString};

use super::error::{ConfigError, Problem};
use super::sources::Sources;

const URL: &str = "DATABASE_URL";
const DIRECT_URL: &str = "WRIT_DATABASE_DIRECT_URL";
const POOL_SIZE: &str = "WRIT_DATABASE_POOL_SIZE";
const DEFAULT_POOL_SIZE: u32 = 16;
const LARGEST_POOL_SIZE: u32 = 1_000;

/// What every command that touches the database needs.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// The database, perhaps through a transaction pooler.
    pub url: SecretString,
    /// The same database directly; LISTEN does not pass a transaction pooler.
    pub direct_url: Option<SecretString>,
    /// Connections of one process.
    pub pool_size: u32,
    /// Names of the roles that `writ migrate` makes.
    pub roles: RoleNames,
}

/// Names of the roles that `writ migrate` makes and `writ serve` takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleNames {
    /// Tenant work.
    pub app: String,
    /// Work above tenants.
    pub platform: String,
    /// Whom the server signs in as, where that is not the owner who migrates.
    pub login: Option<String>,
}

impl Default for RoleNames {
    fn default() -> Self {
        Self {
            app: "writ_app".to_owned(),
            platform: "writ_platform".to_owned(),
            login: None,
        }
    }
}

impl DatabaseConfig {
    /// Reads the database's settings alone: `writ migrate` needs no other secret.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut keep = |problem: Problem| problems.push(problem);
        let url = read_url(sources, URL).map_err(&mut keep).ok().flatten();
        let direct_url = read_url(sources, DIRECT_URL)
            .map_err(&mut keep)
            .ok()
            .flatten();
        let pool_size = read_pool_size(sources).map_err(&mut keep).ok();
        let roles = read_roles(sources).map_err(&mut keep).ok();
        if url.is_none() && sources.secret(URL).is_none() {
            problems.push(Problem::new(
                URL,
                "is missing: write postgres://user:password@host:5432/name, or try `writ dev`, which brings a database of its own",
            ));
        }
        match (url, pool_size, roles) {
            (Some(url), Some(pool_size), Some(roles)) if problems.is_empty() => Ok(Self {
                url,
                direct_url,
                pool_size,
                roles,
            }),
            _ => Err(ConfigError::new(problems)),
        }
    }
}

fn read_url(sources: &Sources, name: &'static str) -> Result<Option<SecretString>, Problem> {
    let Some(url) = sources.secret(name) else {
        return Ok(None);
    };
    let is_postgres = url::Url::parse(url.expose_secret())
        .is_ok_and(|parsed| matches!(parsed.scheme(), "postgres" | "postgresql"));
    if is_postgres {
        Ok(Some(url))
    } else {
        // The text may hold a password: it is not repeated.
        Err(sources.problem(name, "is no PostgreSQL URL: write postgres://user:password@host:5432/name, with special characters of the password percent-encoded"))
    }
}

fn read_pool_size(sources: &Sources) -> Result<u32, Problem> {
    let Some(text) = sources.text(POOL_SIZE) else {
        return Ok(DEFAULT_POOL_SIZE);
    };
    text.parse()
        .ok()
        .filter(|size| (2..=LARGEST_POOL_SIZE).contains(size))
        .ok_or_else(|| {
            sources.problem(
                POOL_SIZE,
                format!("is `{text}`: write a number from 2 to {LARGEST_POOL_SIZE}"),
            )
        })
}

fn read_roles(sources: &Sources) -> Result<RoleNames, Problem> {
    let default = RoleNames::default();
    let app = read_role(sources, "WRIT_DATABASE_APP_ROLE")?.unwrap_or(default.app);
    let platform = read_role(sources, "WRIT_DATABASE_PLATFORM_ROLE")?.unwrap_or(default.platform);
    let login = read_role(sources, "WRIT_DATABASE_LOGIN_ROLE")?;
    // One role for two purposes would read across tenants with a tenant's rights, or the reverse.
    if app == platform {
        return Err(Problem::new(
            "WRIT_DATABASE_APP_ROLE and WRIT_DATABASE_PLATFORM_ROLE",
            "name one role twice: the wall between them would not hold; give each a name of its own",
        ));
    }
    Ok(RoleNames {
        app,
        platform,
        login,
    })
}

/// Role names end up in SQL where no parameter may stand, so only plain ones pass.
fn read_role(sources: &Sources, name: &'static str) -> Result<Option<String>, Problem> {
    let Some(text) = sources.text(name) else {
        return Ok(None);
    };
    let is_plain = text.len() <= 63
        && text
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !text.starts_with("pg_");
    if is_plain {
        Ok(Some(text.to_owned()))
    } else {
        Err(sources.problem(name, format!("is `{text}`: write at most 63 lower-case letters, digits and underscores that begin neither with a digit nor with pg_")))
    }
}

/// Host, port and name of a database URL: enough to recognise it, nothing to steal.
pub fn describe_database_url(url: &SecretString) -> String {
    let Ok(parsed) = url::Url::parse(url.expose_secret()) else {
        return "an unreadable URL".to_owned();
    };
    let name = parsed.path().trim_start_matches('/');
    let socket = parsed
        .query_pairs()
        .find(|(key, _)| key == "host")
        .map(|(_, value)| value.into_owned());
    let host = match (parsed.host_str(), &socket) {
        (Some(host), _) if !host.is_empty() => host,
        (_, Some(socket)) => socket,
        _ => "localhost",
    };
    format!("{name} on {host}:{}", parsed.port().unwrap_or(5432))
}
