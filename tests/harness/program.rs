//! `writ` as somebody types it: the real program, as a process of its own beside running servers.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::app::TestApp;

/// What a command came to.
#[derive(Debug)]
pub struct Said {
    pub is_success: bool,
    /// None: a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub error: String,
}

impl Said {
    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert!(self.is_success, "{}{}", self.out, self.error);
        self
    }

    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.error);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// Runs `writ` with these variables and no others.
pub async fn writ<V: AsRef<str>>(arguments: &[&str], environment: &[(&str, V)]) -> Said {
    let mut command = Command::new(program());
    command.args(arguments).env_clear().stdin(Stdio::null());
    let variables = environment.iter();
    command.envs(variables.map(|(name, value)| (*name, value.as_ref())));
    let running = tokio::task::spawn_blocking(move || command.output());
    let Output {
        status,
        stdout,
        stderr,
    } = running.await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        is_success: status.success(),
        code: status.code(),
        out: text(stdout),
        error: text(stderr),
    }
}

impl TestApp {
    /// At the machine of the server: with its settings, and these instead of some of them.
    pub async fn writ_here(&self, arguments: &[&str], instead: &[(&str, &str)]) -> Said {
        let settings = self.settings();
        let settings = settings.iter();
        let mut environment: Vec<(&str, &str)> = settings
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        environment.extend(instead);
        writ(arguments, &environment).await
    }

    /// Anywhere else: with the admin API's URL and key, and nothing besides.
    pub async fn writ(&self, arguments: &[&str]) -> Said {
        let environment = [
            ("WRIT_ADMIN_URL", self.admin().url("")),
            ("WRIT_ADMIN_KEY", self.admin().key().to_owned()),
        ];
        writ(arguments, &environment).await
    }
}

/// `WRIT_TEST_WRIT`, or the program that was built beside these tests.
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("WRIT_TEST_WRIT") {
        return path.into();
    }
    // target/<profile>/deps/<these tests>
    let here = std::env::current_exe().unwrap();
    let path = here.ancestors().nth(2).unwrap().join("writ");
    assert!(
        path.exists(),
        "run `cargo build --bin writ` first: no {}",
        path.display()
    );
    path
}
