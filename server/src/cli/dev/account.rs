//! Who runs PostgreSQL: it refuses to run as root, so root hands it to an unprivileged user.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use tokio::process::Command;

use crate::cli::CliError;

/// The user that PostgreSQL runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Account {
    /// We are an ordinary user: PostgreSQL runs as us.
    Ourselves,
    /// We are root: PostgreSQL runs as this user, by `setpriv`.
    Other { uid: u32, gid: u32 },
}

/// `postgres` comes with the server's package; `nobody` is everywhere.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

impl Account {
    /// Finds the user that PostgreSQL can run as: whose the data are, or the first that there is.
    pub(super) async fn for_data(data: &Path) -> Result<Self, CliError> {
        if id(&["-u"]).await != Some(0) {
            return Ok(Self::Ourselves);
        }
        let mut candidates = Vec::new();
        if let Ok(metadata) = std::fs::metadata(data) {
            candidates.push(Self::Other {
                uid: metadata.uid(),
                gid: metadata.gid(),
            });
        } else {
            for user in CANDIDATES {
                if let (Some(uid), Some(gid)) = (id(&["-u", user]).await, id(&["-g", user]).await) {
                    candidates.push(Self::Other { uid, gid });
                }
            }
        }
        for account in candidates {
            if account.can_run("true", []).await {
                return Ok(account);
            }
        }
        Err("PostgreSQL does not run as root, and `setpriv` could not become another user for it: install util-linux, \
             start `writ dev` as an ordinary user, or set DATABASE_URL"
            .into())
    }

    /// A command that runs `program` as this user, from a folder that everybody can be in.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = match self {
            Self::Ourselves => Command::new(program),
            Self::Other { uid, gid } => {
                let mut command = Command::new("setpriv");
                command.args([
                    &format!("--reuid={uid}"),
                    &format!("--regid={gid}"),
                    "--clear-groups",
                    "--",
                ]);
                command.arg(program);
                command
            }
        };
        command.current_dir("/");
        // PG* variables of the person's own work must not steer our server.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        // Ctrl-C reaches every process of the terminal's group: PostgreSQL is to stop after us, not with us.
        command.process_group(0);
        command
    }

    /// Whether this user may go into a folder.
    pub(super) async fn can_enter(&self, folder: &Path) -> bool {
        matches!(self, Self::Ourselves)
            || self
                .can_run("test", [OsStr::new("-x"), folder.as_os_str()])
                .await
    }

    /// Makes a folder that belongs to this user alone.
    pub(super) fn make_folder(&self, folder: &Path) -> Result<(), CliError> {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        if let Self::Other { uid, gid } = self {
            std::os::unix::fs::chown(folder, Some(*uid), Some(*gid)).map_err(|error| {
                format!(
                    "cannot give {} to the user {uid}: {error}",
                    folder.display()
                )
            })?;
        }
        super::folder::restrict(folder, 0o700)
    }

    async fn can_run<'a>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = &'a OsStr>,
    ) -> bool {
        self.command(program)
            .args(arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .await
            .is_ok_and(|status| status.success())
    }
}

async fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id")
        .args(arguments)
        .output()
        .await
        .ok()
        .filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
