//! Child processes that are killed as a machine that loses power kills them: without a word.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Below the ports that the kernel hands out by itself: a process that comes back finds its own free.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(7919);
    loop {
        let candidate = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 15_000;
        let port = 15_000 + u16::try_from(candidate).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A folder that goes with its owner.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn make() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("writ-torture-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A child of ours, with its words in a file.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    pub fn start(mut command: Command, log: &Path) -> Self {
        let words = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(words.try_clone().unwrap())
            .stderr(words)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self(child)
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// With everything that it started: PostgreSQL's backends are sessions of their own, and one that
    /// lived on would hold the memory that the next server needs. Returns when it is gone.
    pub fn kill(&mut self) {
        let children = children_of(self.0.id());
        self.0.kill().unwrap();
        if !children.is_empty() {
            // Some will have ended by themselves.
            let _ = Command::new("kill")
                .arg("-9")
                .args(&children)
                .stderr(Stdio::null())
                .status();
        }
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.kill();
        }
    }
}

fn children_of(process: u32) -> Vec<String> {
    let listed = Command::new("pgrep")
        .args(["-P", &process.to_string()])
        .output();
    listed.map_or_else(
        |_| Vec::new(),
        |output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.split_whitespace().map(str::to_owned).collect()
        },
    )
}

/// Until something listens there; false when the process has ended instead.
pub async fn listens(process: &mut Process, address: SocketAddr) -> bool {
    loop {
        if TcpStream::connect(address).is_ok() {
            return true;
        }
        if process.has_ended() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The last words of a process, for whoever reads why a test failed.
pub fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
