//! A PostgreSQL as in production: every commit on the disk before it is answered. A direct child of ours,
//! so that it can be killed and waited for.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};

use super::process::{Folder, Process, free_port, last_words};

/// Nobody else's machine can reach it, and nobody else's eyes can read its folder.
pub const PASSWORD: &str = "password-of-a-throw-away-server";

/// The server of one run.
#[derive(Debug)]
pub struct DurablePostgres {
    process: Option<Process>,
    programs: PathBuf,
    account: Option<String>,
    port: u16,
    // Dropped after the process that uses it.
    folder: Folder,
}

impl DurablePostgres {
    /// With the role `writ` and its database, as an operator makes them.
    pub async fn start(is_forgetful: bool) -> Self {
        let mut postgres = Self {
            process: None,
            programs: programs(),
            account: account(),
            port: free_port(),
            folder: Folder::make(),
        };
        postgres.make(is_forgetful);
        postgres.launch().await;
        let mut server = postgres.connect("postgres").await.expect("a connection");
        for statement in [
            "create role writ login createrole createdb password 'password-of-a-throw-away-server'",
            "create database writ owner writ",
        ] {
            sqlx::raw_sql(statement).execute(&mut server).await.unwrap();
        }
        postgres
    }

    pub fn url(&self) -> String {
        format!("postgres://writ:{PASSWORD}@127.0.0.1:{}/writ", self.port)
    }

    /// As the superuser, whom row security does not bind.
    pub async fn connect(&self, database: &str) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect(&self.superuser_url(database)).await
    }

    pub fn superuser_url(&self, database: &str) -> String {
        format!(
            "postgres://postgres:{PASSWORD}@127.0.0.1:{}/{database}",
            self.port
        )
    }

    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it, and waits until it has recovered.
    pub async fn launch(&mut self) {
        let log = self.folder.path().join("log");
        // A backend that is still dying holds the memory of the server before: then it is tried again.
        for _ in 0..100 {
            let mut command = self.command("postgres");
            command
                .arg("-D")
                .arg(self.data())
                .args(["-p", &self.port.to_string()]);
            let mut process = Process::start(command, &log);
            while !process.has_ended() {
                if self.connect("postgres").await.is_ok() {
                    self.process = Some(process);
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("PostgreSQL did not come back: {}", last_words(&log));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn make(&self, is_forgetful: bool) {
        let password = self.folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        let folder = self.folder.path();
        run(Command::new("chmod").arg("700").arg(folder));
        if let Some(account) = &self.account {
            run(Command::new("chown").args(["-R", account]).arg(folder));
        }
        run(self
            .command("initdb")
            .arg("--pgdata")
            .arg(self.data())
            .args([
                "--username=postgres",
                "--encoding=UTF8",
                "--no-locale",
                "--auth=scram-sha-256",
            ])
            .arg("--pwfile")
            .arg(&password));
        let settings = self.data().join("postgresql.conf");
        let mut text = std::fs::read_to_string(&settings).unwrap();
        // Nothing here makes it faster at the price of a commit.
        text.push_str(
            "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 100\n\
             fsync = on\nfull_page_writes = on\n",
        );
        text.push_str(if is_forgetful {
            "synchronous_commit = off\n"
        } else {
            "synchronous_commit = on\n"
        });
        std::fs::write(&settings, text).unwrap();
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match &self.account {
            None => Command::new(program),
            Some(account) => {
                let mut command = Command::new("setpriv");
                let group = output(Command::new("id").args(["-g", account]));
                command
                    .arg(format!("--reuid={account}"))
                    .arg(format!("--regid={group}"))
                    .arg("--clear-groups")
                    .arg("--")
                    .arg(program);
                command
            }
        };
        for variable in ["PGHOST", "PGPORT", "PGUSER", "PGDATA"] {
            command.env_remove(variable);
        }
        command.current_dir(self.folder.path());
        command
    }
}

fn programs() -> PathBuf {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scripts/postgres-programs.sh"
    );
    PathBuf::from(output(&mut Command::new(script)))
}

/// Whom the server runs as, where we are root.
fn account() -> Option<String> {
    if output(Command::new("id").arg("-u")) != "0" {
        return None;
    }
    let has_account = |name: &&str| {
        let mut asked = Command::new("id");
        let known = asked
            .arg(name)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        known.is_ok_and(|status| status.success())
    };
    ["postgres", "nobody"]
        .iter()
        .find(|name| has_account(name))
        .map(|name| (*name).to_owned())
}

fn run(command: &mut Command) {
    output(command);
}

fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
