//! A replica: the real `writ`, as a process, that comes back at the same address.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::history::Asked;
use super::process::{Process, free_port, last_words, listens};
use crate::harness::Wire;

pub const PUBLIC_URL: &str = "https://writ.test";
pub const ADMIN_KEY: &str = "bootstrap-admin-key-of-the-tests-0123456789";
const ENCRYPTION_KEY: &str = "ZW5jcnlwdGlvbi1rZXktb2YtdGhlLXRlc3RzLTAwMDE=";
const SECRET_PEPPER: &str = "c2VjcmV0LXBlcHBlci1vZi10aGUtdGVzdHMtLTAwMDE=";

/// Where clients find a replica, whichever process stands there.
#[derive(Debug)]
pub struct Place {
    pub wire: Wire,
    number: u32,
    incarnation: AtomicU32,
}

impl Place {
    /// Whoever answers a request that is sent now.
    pub fn asked(&self) -> Asked {
        Asked {
            replica: self.number,
            incarnation: self.incarnation.load(Ordering::SeqCst),
        }
    }
}

#[derive(Debug)]
pub struct ReplicaProcess {
    process: Process,
    place: Arc<Place>,
    public: SocketAddr,
    admin: SocketAddr,
    settings: Vec<(&'static str, String)>,
    log: PathBuf,
}

impl ReplicaProcess {
    pub async fn start(number: u32, database_url: &str, redis_url: &str, folder: &Path) -> Self {
        let (public, admin) = (loopback(free_port()), loopback(free_port()));
        let settings = vec![
            ("DATABASE_URL", database_url.to_owned()),
            ("REDIS_URL", redis_url.to_owned()),
            ("WRIT_PUBLIC_URL", PUBLIC_URL.to_owned()),
            ("WRIT_LISTEN", public.to_string()),
            ("WRIT_ADMIN_LISTEN", admin.to_string()),
            ("WRIT_ENCRYPTION_KEYS", ENCRYPTION_KEY.to_owned()),
            ("WRIT_SECRET_PEPPERS", SECRET_PEPPER.to_owned()),
            ("WRIT_BOOTSTRAP_ADMIN_KEY", ADMIN_KEY.to_owned()),
            ("WRIT_LOG", "error".to_owned()),
        ];
        let log = folder.join(format!("replica-{number}"));
        let place = Place {
            wire: Wire::to(public),
            number,
            incarnation: AtomicU32::new(0),
        };
        let mut replica = Self {
            process: Process::start(command("serve", &settings), &log),
            place: Arc::new(place),
            public,
            admin,
            settings,
            log,
        };
        replica.is_up().await;
        replica
    }

    /// Brings the schema, as before a first start.
    pub fn migrate(database_url: &str) {
        let settings = [("DATABASE_URL", database_url.to_owned())];
        let done = command("migrate", &settings).output().unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// The settings that nobody may read anywhere, by name.
    pub fn secret_settings(&self) -> Vec<(&'static str, &str)> {
        let secret = [
            "DATABASE_URL",
            "WRIT_ENCRYPTION_KEYS",
            "WRIT_SECRET_PEPPERS",
            "WRIT_BOOTSTRAP_ADMIN_KEY",
        ];
        let settings = self.settings.iter();
        settings
            .filter(|(name, _)| secret.contains(name))
            .map(|(name, value)| (*name, value.as_str()))
            .collect()
    }

    pub fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place)
    }

    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Killed, and started anew at once, as by whatever watches processes.
    pub async fn kill_and_restart(&mut self) {
        self.process.kill();
        self.place.incarnation.fetch_add(1, Ordering::SeqCst);
        self.process = Process::start(command("serve", &self.settings), &self.log);
        self.is_up().await;
    }

    async fn is_up(&mut self) {
        assert!(
            listens(&mut self.process, self.public).await,
            "{}",
            last_words(&self.log)
        );
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port)
}

/// Nothing of the environment of the tests is inherited.
fn command(name: &str, settings: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(writ());
    command
        .arg(name)
        .env_clear()
        .envs(settings.iter().map(|(name, value)| (*name, value)));
    command
}

/// `WRIT_TEST_WRIT`, or the program that was built beside these tests (`scripts/test.sh` sees to it).
fn writ() -> PathBuf {
    if let Some(path) = std::env::var_os("WRIT_TEST_WRIT") {
        return path.into();
    }
    // target/<profile>/deps/<these tests>
    let here = std::env::current_exe().unwrap();
    let path = here.ancestors().nth(2).unwrap().join("writ");
    assert!(
        path.exists(),
        "{} is not there: run `cargo build --bin writ` first, in the profile of the tests",
        path.display()
    );
    path
}
