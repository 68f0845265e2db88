//! A real Writ for real clients, whose way out leads to documents that this program serves itself over TLS.
//!
//! `writ_with_documents '{"port": 9000, "admin_port": 9001, "admin_key": "…", "documents": {"https://client.example/c.json": {…}}}'`
//!
//! No configuration of `writ` leads to another internet than the real one, so a client metadata document of a test can
//! be fetched only by a program that puts the application together itself. Runs until it is told to stop.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program of the tests"
)]

#[path = "../harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests use the rest of it")]
mod harness;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use harness::{Served, TestApp, TestAppOptions, TestInternet};

#[tokio::main]
async fn main() {
    let settings: Value = serde_json::from_str(&std::env::args().nth(1).unwrap()).unwrap();
    let documents = settings["documents"].as_object().unwrap();
    let hosts: BTreeSet<String> = documents.keys().map(|url| host_of(url)).collect();
    let internet = TestInternet::of(&hosts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for (url, document) in documents {
        internet.serve(url, Served::json(document));
    }

    let local = |port: &str| format!("127.0.0.1:{}", settings[port]);
    let admin_key = settings["admin_key"].as_str().unwrap();
    let options = TestAppOptions::default()
        .at(&format!("http://localhost:{}", settings["port"]))
        .with("WRIT_LISTEN", &local("port"))
        .with("WRIT_ADMIN_LISTEN", &local("admin_port"))
        .with("WRIT_BOOTSTRAP_ADMIN_KEY", admin_key)
        .within(&internet);
    let app = TestApp::start_with(options).await;

    let mut told_to_stop = signal(SignalKind::terminate()).unwrap();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = told_to_stop.recv() => break,
            // What clients and resource servers compare the tokens' times with goes on.
            _ = second.tick() => app.clock().set_to_now(),
        }
    }
}

fn host_of(url: &str) -> String {
    Url::parse(url).unwrap().host_str().unwrap().to_owned()
}
