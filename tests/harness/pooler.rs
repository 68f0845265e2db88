//! A PgBouncer of the test's own, in transaction mode: consecutive transactions of one connection may be
//! run by different sessions of the server.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use url::Url;

use super::eventually::listens;

/// A pooler before one database.
#[derive(Debug)]
pub struct Pooler {
    process: Child,
    folder: PathBuf,
    url: String,
}

impl Pooler {
    pub async fn before(database_url: &str) -> Self {
        let mut url = Url::parse(database_url).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder =
            std::env::temp_dir().join(format!("writ-test-pooler-{}-{port}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let (settings, accounts) = (folder.join("pgbouncer.ini"), folder.join("accounts"));
        let password = url.password().unwrap();
        std::fs::write(
            &accounts,
            format!("\"{}\" \"{password}\"\n", url.username()),
        )
        .unwrap();
        let text = format!(
            "[databases]\n{name} = host={host} port={server_port} dbname={name}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = md5\nauth_file = {accounts}\npool_mode = transaction\ndefault_pool_size = 8\n\
             max_client_conn = 200\nignore_startup_parameters = extra_float_digits\n{statements}\n",
            name = url.path().trim_start_matches('/'),
            host = url.host_str().unwrap(),
            server_port = url.port().unwrap_or(5432),
            accounts = accounts.display(),
            statements = if keeps_statements_apart() {
                "max_prepared_statements = 200"
            } else {
                "server_reset_query = DEALLOCATE ALL\nserver_reset_query_always = 1"
            },
        );
        std::fs::write(&settings, text).unwrap();
        let process = spawn(&folder, &settings);
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        if !keeps_statements_apart() {
            url.set_query(Some("statement-cache-capacity=0"));
        }
        let pooler = Self {
            process,
            folder,
            url: url.into(),
        };
        listens(port, "PgBouncer").await;
        pooler
    }

    /// The database's URL by way of the pooler, as an operator writes it for this version of PgBouncer.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// It refuses to run as root, and then reads its settings as whom it becomes.
fn spawn(folder: &PathBuf, settings: &PathBuf) -> Child {
    let is_root = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout)
        .unwrap()
        .trim()
        == "0";
    let mut command = pgbouncer();
    command.arg("-q");
    if is_root {
        let mode = Command::new("chown")
            .args(["-R", "nobody"])
            .arg(folder)
            .status();
        assert!(mode.unwrap().success());
        command.args(["-u", "nobody"]);
    }
    let mode = Command::new("chmod").arg("700").arg(folder).status();
    assert!(mode.unwrap().success());
    command
        .arg(settings)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap_or_else(|error| panic!("pgbouncer ({error}): run scripts/install-test-servers.sh"))
}

/// Since 1.21 it follows prepared statements from one session to another.
fn keeps_statements_apart() -> bool {
    let told = pgbouncer()
        .arg("--version")
        .output()
        .unwrap_or_else(|error| panic!("pgbouncer ({error}): run scripts/install-test-servers.sh"));
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let version: Vec<u32> = text
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    version.as_slice() >= [1, 21].as_slice()
}

/// Debian puts it where only root looks by itself.
fn pgbouncer() -> Command {
    let debian = Path::new("/usr/sbin/pgbouncer");
    let program = if debian.exists() {
        debian
    } else {
        Path::new("pgbouncer")
    };
    Command::new(program)
}
