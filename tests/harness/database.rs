//! A database for each test: a copy of a migrated template, dropped when the test is over.
//!
//! The server is the one that `WRIT_TEST_DATABASE_URL` names (nextest's setup script starts it); without
//! the variable, as under plain `cargo test`, this process starts one and it goes with the process.

use std::fmt::Write as _;
use std::process::Command;
use std::str::FromStr as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _,
};
use store::{MigrateSettings, Roles};
use url::Url;

/// Any number: it only has to be the same in every process.
const TEMPLATE_LOCK: i64 = 0x7772_6974;

/// One test's database.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// A fresh database with this version's schema.
    pub async fn create() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let template = template().await;
        let name = format!(
            "writ_test_{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let mut server = connect(server_url()).await;
        run(
            &mut server,
            format!("drop database if exists {name} with (force)"),
        )
        .await;
        run(
            &mut server,
            format!("create database {name} template {template}"),
        )
        .await;
        server.close().await.unwrap();
        let url = url_of(&name);
        Self { name, url }
    }

    /// As the application connects: the owner of the database, no superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A connection to another database of the same server.
    pub(super) async fn db_connect_beside() -> PgConnection {
        connect(server_url()).await
    }

    /// A connection of the test's own, past every lock that the application has.
    pub async fn db_connect(&self) -> PgConnection {
        connect(&self.url).await
    }

    /// A superuser's connection, where the test server offers one: row security does not bind it.
    pub async fn db_connect_as_superuser(&self) -> PgConnection {
        connect(self.superuser_url().as_str()).await
    }

    pub(super) fn superuser_url(&self) -> Url {
        self.known_superuser_url()
            .expect("WRIT_TEST_SUPERUSER_URL beside WRIT_TEST_DATABASE_URL")
    }

    /// Nobody told us one where the server is not ours.
    pub(super) fn known_superuser_url(&self) -> Option<Url> {
        let url = std::env::var("WRIT_TEST_SUPERUSER_URL")
            .unwrap_or_else(|_| server().superuser_url.clone());
        let mut url = Url::parse(&url).ok()?;
        url.set_path(&self.name);
        Some(url)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        // Only a superuser may end a superuser's connection that a test has left open.
        let mut url = self.known_superuser_url();
        if let (Some(url), Ok(server)) = (&mut url, Url::parse(server_url())) {
            url.set_path(server.path());
        }
        let url = url.map_or_else(|| server_url().to_owned(), String::from);
        // `drop` cannot wait for a future on this thread's runtime, so another thread does.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut server = connect(&url).await;
                run(
                    &mut server,
                    format!("drop database if exists {name} with (force)"),
                )
                .await;
            });
        });
        let _ = dropping.join();
    }
}

/// Made once for each set of migrations, by whoever comes first; a half-made one has another name.
async fn template() -> String {
    let name = format!("writ_template_{}", hash_of_migrations());
    let mut server = connect(server_url()).await;
    if exists(&mut server, &name).await {
        return name;
    }
    sqlx::query("select pg_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut server)
        .await
        .unwrap();
    if !exists(&mut server, &name).await {
        let unfinished = format!("{name}_unfinished");
        run(
            &mut server,
            format!("drop database if exists {unfinished} with (force)"),
        )
        .await;
        run(&mut server, format!("create database {unfinished}")).await;
        migrate(&url_of(&unfinished)).await;
        run(
            &mut server,
            format!("alter database {unfinished} rename to {name}"),
        )
        .await;
    }
    server.close().await.unwrap();
    name
}

async fn migrate(url: &str) {
    let settings = MigrateSettings {
        url: url.into(),
        roles: Roles::default(),
        login_role: None,
    };
    store::migrate(&settings).await.unwrap();
}

fn hash_of_migrations() -> String {
    let mut hash = Sha256::new();
    for migration in store::MIGRATOR.iter() {
        hash.update(&migration.checksum);
    }
    hash.finalize()
        .iter()
        .take(6)
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
}

async fn exists(server: &mut PgConnection, name: &str) -> bool {
    let row = sqlx::query("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(server)
        .await
        .unwrap();
    row.get(0)
}

#[expect(
    clippy::disallowed_methods,
    reason = "names of databases cannot be parameters; these are our own"
)]
async fn run(server: &mut PgConnection, statement: String) {
    server.execute(AssertSqlSafe(statement)).await.unwrap();
}

async fn connect(url: &str) -> PgConnection {
    let options = PgConnectOptions::from_str(url)
        .unwrap()
        .disable_statement_logging();
    PgConnection::connect_with(&options).await.unwrap()
}

fn url_of(name: &str) -> String {
    let mut url = Url::parse(server_url()).unwrap();
    url.set_path(name);
    url.into()
}

struct Server {
    url: String,
    superuser_url: String,
}

fn server_url() -> &'static str {
    &server().url
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        if let Ok(url) = std::env::var("WRIT_TEST_DATABASE_URL") {
            return Server {
                url,
                superuser_url: String::new(),
            };
        }
        start_server()
    })
}

fn start_server() -> Server {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/test-postgres.sh");
    let output = Command::new(script)
        .arg(std::process::id().to_string())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let value = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().to_owned()
    };
    Server {
        url: value("WRIT_TEST_DATABASE_URL"),
        superuser_url: value("WRIT_TEST_SUPERUSER_URL"),
    }
}
