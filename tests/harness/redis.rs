//! A Redis of the test's own, that may be killed and comes back at the same port.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use super::browser::Browser;
use super::eventually::{listens, with_the_next_batch};
use super::leaks::find_leak_in;
use super::oauth_client::OAuthClient;

/// What somebody types who has another password.
pub const MISTYPED_PASSWORD: &str = "canary-of-a-slip";

/// A throw-away `redis-server`: it keeps nothing, and before it goes, what it holds is searched for secrets.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    port: u16,
}

impl RedisServer {
    pub async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let redis = Self {
            process: spawn(port),
            port,
        };
        listens(port, "Redis").await;
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub async fn kill_and_restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = spawn(self.port);
        listens(self.port, "Redis").await;
    }

    /// Strangers mistype their passwords until Redis counts something: what it held may have gone with a Redis that
    /// was killed, and one that answers late is not waited for.
    pub async fn until_a_slip_counts(&self, client: &OAuthClient) {
        let mut number = 0;
        with_the_next_batch("something that Redis counts", || {
            number += 1;
            let name = format!("stranger {number}");
            async move {
                let stranger = Browser::new(client.wire.clone());
                let login = client.authorization_request().open(&stranger).await;
                stranger.log_in(&login, &name, MISTYPED_PASSWORD).await;
                self.count_keys().0 > 0
            }
        })
        .await;
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let dump = (!std::thread::panicking()).then(|| self.dump());
        let _ = self.process.kill();
        let _ = self.process.wait();
        let leak = dump.as_deref().and_then(find_leak_in);
        assert_eq!(leak, None, "a secret is in Redis");
    }
}

fn spawn(port: u16) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--dir", "/tmp"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("redis-server ({error}): run scripts/install-test-servers.sh")
        })
}
