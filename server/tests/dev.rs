//! `writ dev` as a person starts it: a process in an empty folder, watched from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// An empty folder with two ports of its own; gone at the end.
struct Place {
    folder: PathBuf,
    public: SocketAddr,
    admin: SocketAddr,
}

struct Writ {
    child: Child,
    /// What it printed until it was up.
    greeting: String,
    output: BufReader<std::process::ChildStdout>,
}

impl Place {
    fn new(name: &str) -> Self {
        // Not the build's folder: where the checkout is root's alone, PostgreSQL's user cannot come there.
        let folder = PathBuf::from(format!("/tmp/writ-dev-test-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        // Held together, so that the two differ.
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [public, admin] = listeners.map(|listener| listener.local_addr().unwrap());
        Self {
            folder,
            public,
            admin,
        }
    }

    fn start(&self) -> Writ {
        let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("WRIT_") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        let mut child = command
            .arg("dev")
            .current_dir(&self.folder)
            .env("WRIT_LISTEN", self.public.to_string())
            .env("WRIT_ADMIN_LISTEN", self.admin.to_string())
            .env(
                "WRIT_PUBLIC_URL",
                format!("http://localhost:{}", self.public.port()),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.contains("Ctrl-C stops everything") {
            assert_ne!(
                output.read_line(&mut greeting).unwrap(),
                0,
                "it ended: {greeting}"
            );
        }
        Writ {
            child,
            greeting,
            output,
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.public).unwrap();
        let host = format!("localhost:{}", self.public.port());
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The process of PostgreSQL, if its lock says that there is one.
    fn postgres(&self) -> Option<u32> {
        let pid_file = self.folder.join(".writ/postgres/data/postmaster.pid");
        std::fs::read_to_string(pid_file)
            .ok()?
            .lines()
            .next()?
            .parse()
            .ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Only a failed test leaves one running.
        if let Some(pid) = self.postgres() {
            signal("-QUIT", pid);
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Writ {
    fn stop(mut self, with: &str) -> String {
        signal(with, self.child.id());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "{rest}");
        rest
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What stands behind a word of the greeting: `line("Issuer")`.
    fn line(&self, word: &str) -> String {
        let line = self
            .greeting
            .lines()
            .find_map(|line| line.trim().strip_prefix(word));
        line.unwrap_or_else(|| panic!("no {word} in {}", self.greeting))
            .trim()
            .to_owned()
    }
}

fn signal(signal: &str, pid: u32) {
    Command::new("kill")
        .args([signal, &pid.to_string()])
        .status()
        .unwrap();
}

fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    // Ended, but its new parent (a container's first process, say) has not taken note.
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

/// PostgreSQL takes its lock away as the last thing before it ends, and `writ` waits for that.
fn ends(pid: u32) -> bool {
    (0..100).any(|_| {
        std::thread::park_timeout(std::time::Duration::from_millis(20));
        !is_running(pid)
    })
}

#[test]
fn one_command_brings_everything_and_keeps_the_data() {
    let place = Place::new("keeps");
    let first = place.start();
    let issuer = first.line("Issuer");
    let admin_key = first.line("Admin key");
    assert_eq!(
        issuer,
        format!("http://localhost:{}/t/demo", place.public.port())
    );
    assert!(first.line("Sign in").starts_with("demo / "));
    let keys = place.get("/t/demo/.well-known/jwks.json");
    assert!(keys.starts_with("HTTP/1.1 200"), "{keys}");
    let postgres = place.postgres().unwrap();
    assert!(first.stop("-TERM").contains("PostgreSQL too"));
    assert!(ends(postgres), "PostgreSQL outlived us");

    let second = place.start();
    assert_eq!(second.line("Admin key"), admin_key);
    let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(
        body(&place.get("/t/demo/.well-known/jwks.json")),
        body(&keys),
        "another signing key"
    );
    second.stop("-INT");
}

#[test]
fn after_a_kill_the_next_start_takes_over_what_was_left() {
    let place = Place::new("killed");
    place.start().kill();
    let left = place.postgres().unwrap();
    assert!(is_running(left));
    let second = place.start();
    assert_eq!(place.postgres(), Some(left));
    second.stop("-TERM");
    assert!(ends(left));

    // A lock that names a process which is no PostgreSQL: after a crash of the machine, say.
    let pid_file = place.folder.join(".writ/postgres/data/postmaster.pid");
    std::fs::write(
        &pid_file,
        format!("{}\n/elsewhere\n1\n5432\n", std::process::id()),
    )
    .unwrap();
    place.start().stop("-TERM");
}
