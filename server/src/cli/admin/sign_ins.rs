//! Where a person has signed in: a file of `writ login` that nobody else can read.
//!
//! It is `$XDG_CONFIG_HOME/writ/sign-ins.json`, or under `~/.config`: for each admin API the tokens that were got. Whoever
//! writes it holds its lock: two commands at once must not spend one refresh token.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::cli::CliError;

/// One sign-in.
#[derive(Debug, Clone)]
pub(super) struct SignIn {
    pub(super) issuer: String,
    /// The admin API, as its tokens name it.
    pub(super) resource: String,
    pub(super) token_endpoint: String,
    pub(super) revocation_endpoint: Option<String>,
    pub(super) access_token: SecretString,
    pub(super) refresh_token: Option<SecretString>,
    /// Seconds since 1970.
    pub(super) expires_at: i64,
}

/// The file, held.
#[derive(Debug)]
pub(super) struct SignIns {
    path: PathBuf,
    by_url: BTreeMap<String, Value>,
    /// The kernel lets go of it however we end.
    _lock: File,
}

impl SignIns {
    /// Whether there is such a file at all, without making one.
    pub(super) fn exist() -> bool {
        folder().is_some_and(|folder| folder.join(NAME).exists())
    }

    pub(super) fn open() -> Result<Self, CliError> {
        let folder =
            folder().ok_or("neither XDG_CONFIG_HOME nor HOME says where sign-ins are kept")?;
        let cannot = |error: std::io::Error| {
            format!("cannot keep sign-ins in {}: {error}", folder.display())
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(cannot)?;
        let lock = private(&folder.join("lock")).map_err(cannot)?;
        lock.lock().map_err(cannot)?;
        let path = folder.join(NAME);
        let by_url = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                format!(
                    "{} is not as `writ login` writes it: {error}",
                    path.display()
                )
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(cannot(error).into()),
        };
        Ok(Self {
            path,
            by_url,
            _lock: lock,
        })
    }

    pub(super) fn find(&self, url: &str) -> Option<SignIn> {
        SignIn::read(self.by_url.get(url)?)
    }

    pub(super) fn keep(&mut self, url: &str, sign_in: &SignIn) -> Result<(), CliError> {
        self.by_url.insert(url.to_owned(), sign_in.written());
        self.write()
    }

    pub(super) fn forget(&mut self, url: &str) -> Result<(), CliError> {
        self.by_url.remove(url);
        self.write()
    }

    /// In one move: who reads it meanwhile sees the old one or the new one.
    fn write(&self) -> Result<(), CliError> {
        let text = serde_json::to_vec_pretty(&self.by_url)?;
        let new = self.path.with_extension("new");
        let written = private(&new).and_then(|mut file| {
            file.set_len(0)?;
            file.write_all(&text)?;
            file.sync_data()?;
            std::fs::rename(&new, &self.path)
        });
        Ok(written.map_err(|error| format!("cannot write {}: {error}", self.path.display()))?)
    }
}

impl SignIn {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            issuer: text("issuer")?,
            resource: text("resource")?,
            token_endpoint: text("token_endpoint")?,
            revocation_endpoint: text("revocation_endpoint"),
            access_token: text("access_token")?.into(),
            refresh_token: text("refresh_token").map(SecretString::from),
            expires_at: value.get("expires_at").and_then(Value::as_i64)?,
        })
    }

    fn written(&self) -> Value {
        let refresh_token = self.refresh_token.as_ref();
        json!({
            "issuer": self.issuer,
            "resource": self.resource,
            "token_endpoint": self.token_endpoint,
            "revocation_endpoint": self.revocation_endpoint,
            "access_token": self.access_token.expose_secret(),
            "refresh_token": refresh_token.map(SecretString::expose_secret),
            "expires_at": self.expires_at,
        })
    }
}

const NAME: &str = "sign-ins.json";

fn private(path: &Path) -> std::io::Result<File> {
    File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

fn folder() -> Option<PathBuf> {
    let said = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let config = match said("XDG_CONFIG_HOME") {
        Some(config) => PathBuf::from(config),
        None => PathBuf::from(said("HOME")?).join(".config"),
    };
    Some(config.join("writ"))
}
