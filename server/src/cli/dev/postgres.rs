//! A PostgreSQL of our own: made once, started at a free port of loopback, stopped when we stop.
//!
//! It has no Unix socket (their paths have a short limit, checkouts do not) and no trust: the one login has
//! a generated password. A server that outlived a killed `writ dev` is taken over, a stale lock is removed.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::account::Account;
use super::kept::Kept;
use super::programs::Programs;
use crate::cli::CliError;
use crate::cli::say::say;

const TRIES: u32 = 3;

/// One login, over loopback, with its password; the superuser cannot log in at all.
const WHO_MAY_CONNECT: &str = "host all writ 127.0.0.1/32 scram-sha-256\n";

/// A running private PostgreSQL.
#[derive(Debug)]
pub(super) struct PrivatePostgres {
    programs: Programs,
    account: Account,
    data: PathBuf,
    port: u16,
}

impl PrivatePostgres {
    /// Starts the server whose files are in `place`; makes them when there are none.
    pub(super) async fn start(
        place: &Path,
        account: Account,
        kept: &Kept,
    ) -> Result<Self, CliError> {
        let data = place.join("data");
        let made_by = std::fs::read_to_string(data.join("PG_VERSION"))
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let programs = Programs::find(made_by)?;
        let mut postgres = Self {
            programs,
            account,
            data,
            port: 0,
        };
        if made_by.is_none() {
            say(&format!(
                "Making a private PostgreSQL {} in {} …",
                postgres.programs.version,
                place.display()
            ));
            postgres.make(place, kept).await?;
        }
        if let Some(port) = postgres.running_port().await? {
            postgres.port = port;
            return Ok(postgres);
        }
        for _ in 1..TRIES {
            // Another program may take the port between our look and PostgreSQL's: then look again.
            if postgres.start_at(free_port()?, place).await.is_ok() {
                return Ok(postgres);
            }
        }
        postgres.start_at(free_port()?, place).await?;
        Ok(postgres)
    }

    /// How to connect: a role that owns its database, makes roles, and is no superuser, as in production.
    pub(super) fn url(&self, password: &str) -> String {
        format!("postgres://writ:{password}@127.0.0.1:{}/writ", self.port)
    }

    /// Stops the server, letting open transactions go.
    pub(super) async fn stop(self) -> Result<(), CliError> {
        let output = self
            .pg_ctl(
                &["stop", "--mode=fast", "--wait", "--timeout=30", "--silent"],
                Stdio::piped(),
            )
            .await?;
        told(&output, "PostgreSQL did not stop")
    }

    /// Makes the files beside their place and moves them there last: half a cluster is never found.
    async fn make(&self, place: &Path, kept: &Kept) -> Result<(), CliError> {
        let unfinished = place.join("unfinished");
        if unfinished.exists() {
            std::fs::remove_dir_all(&unfinished)?;
        }
        let output = self
            .account
            .command(self.programs.path("initdb"))
            .arg("--pgdata")
            .arg(&unfinished)
            .args([
                "--username=postgres",
                "--encoding=UTF8",
                "--no-locale",
                "--no-instructions",
            ])
            .arg("--auth=reject")
            .stdin(Stdio::null())
            .output()
            .await?;
        told(&output, "initdb failed")?;
        std::fs::write(unfinished.join("pg_hba.conf"), WHO_MAY_CONNECT)?;
        // Single-user mode: one statement a line, as the superuser, before any port is open.
        let statements = format!(
            "create role writ login createrole createdb password '{}';\ncreate database writ owner writ;\n",
            kept.database_password
        );
        let single = self
            .account
            .command(self.programs.path("postgres"))
            .args(["--single", "-D"])
            .arg(&unfinished)
            .args(["-c", "exit_on_error=on", "postgres"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let output = feed(single, &statements).await?;
        told(&output, "PostgreSQL could not make its database")?;
        std::fs::rename(&unfinished, &self.data)?;
        Ok(())
    }

    async fn start_at(&mut self, port: u16, place: &Path) -> Result<(), CliError> {
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=100 -c shared_buffers=64MB"
        );
        let log = place.join("log");
        let log_text = log.to_string_lossy().into_owned();
        // The server keeps the streams that it is started with: give it none of ours, or nobody
        // who reads our output would ever see its end.
        let output = self
            .pg_ctl(
                &[
                    "start",
                    "--wait",
                    "--timeout=60",
                    "--silent",
                    "--log",
                    &log_text,
                    "--options",
                    &options,
                ],
                Stdio::null(),
            )
            .await?;
        if !output.status.success() {
            return Err(format!(
                "PostgreSQL did not start; its last words are in {}:\n{}",
                log.display(),
                last_lines(&log)
            )
            .into());
        }
        self.port = port;
        Ok(())
    }

    /// The port of a server that outlived us; removes the lock of one that did not.
    async fn running_port(&self) -> Result<Option<u16>, CliError> {
        let pid_file = self.data.join("postmaster.pid");
        let Ok(text) = std::fs::read_to_string(&pid_file) else {
            return Ok(None);
        };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        if !self
            .is_alive(lines.first().copied().unwrap_or_default())
            .await
        {
            std::fs::remove_file(&pid_file)?;
            return Ok(None);
        }
        // Lines of postmaster.pid: pid, data folder, start time, port, …, status.
        let port = lines.get(3).and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| {
            format!(
                "{} is unreadable although PostgreSQL runs: stop it and start again",
                pid_file.display()
            )
        })?;
        say("Taking over the private PostgreSQL that an earlier `writ dev` left running.");
        Ok(Some(port))
    }

    /// Whether the process is a PostgreSQL of these data. After a crash or a reboot the number may be
    /// someone else's, and PostgreSQL would then refuse to start.
    async fn is_alive(&self, pid: &str) -> bool {
        let process = PathBuf::from("/proc").join(pid);
        if pid.parse::<u32>().is_ok() && Path::new("/proc/self").exists() {
            let is_ours = std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == self.data);
            return is_ours && !is_zombie(&process);
        }
        self.pg_ctl(&["status"], Stdio::null())
            .await
            .is_ok_and(|output| output.status.success())
    }

    async fn pg_ctl(&self, arguments: &[&str], streams: Stdio) -> std::io::Result<Output> {
        let mut command = self.account.command(self.programs.path("pg_ctl"));
        command
            .args(arguments)
            .arg("--pgdata")
            .arg(&self.data)
            .stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(streams);
        let status = command.spawn()?;
        tokio::time::timeout(Duration::from_secs(90), status.wait_with_output())
            .await
            .map_err(|_| {
                std::io::Error::new(
                    std::io::ErrorKind::TimedOut,
                    "pg_ctl did not end within 90 seconds",
                )
            })?
    }
}

fn is_zombie(process: &Path) -> bool {
    std::fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// A port of loopback that nobody uses now.
fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

async fn feed(mut child: tokio::process::Child, text: &str) -> std::io::Result<Output> {
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).await?;
        stdin.shutdown().await?;
    }
    child.wait_with_output().await
}

fn told(output: &Output, what: &str) -> Result<(), CliError> {
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
