//! `./.writ`: one at a time, and where PostgreSQL's files go when its user cannot reach it.

use std::fs::{File, Permissions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::account::Account;
use crate::cli::CliError;
use crate::cli::say::say;

/// The folder of `writ dev`, held by this process for as long as it lives.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The kernel lets go of it however we end, `kill -9` included.
    _lock: File,
}

impl Folder {
    /// Opens the folder, makes it when absent, and refuses when another `writ dev` has it.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        std::fs::create_dir_all(path).map_err(|error| {
            format!(
                "cannot make {}: {error}; start `writ dev` where you may write",
                path.display()
            )
        })?;
        let path = path.canonicalize()?;
        let lock = File::options().create(true).append(true).mode(0o600).open(path.join("lock")).map_err(|error| {
            format!("cannot use {} ({error}): start `writ dev` as the user who made it, or in another folder", path.display())
        })?;
        match lock.try_lock() {
            Ok(()) => {
                // PostgreSQL's user must pass through; each secret inside is a file that only we can read.
                restrict(&path, 0o711)?;
                Ok(Self { path, _lock: lock })
            }
            Err(TryLockError::WouldBlock) => Err(format!(
                "another `writ dev` runs with {}: stop it first, or start this one in another folder",
                path.display()
            )
            .into()),
            Err(TryLockError::Error(error)) => Err(format!("cannot lock {}: {error}", path.display()).into()),
        }
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where PostgreSQL's files are, and who runs it: inside this folder, or under `/var/lib` where
    /// its user cannot come here.
    ///
    /// The outside folder is named by this installation too: whoever removes `.writ` begins anew, and
    /// the old data, whose keys are gone, must not come back.
    pub(super) async fn for_postgres(
        &self,
        installation: &str,
    ) -> Result<(PathBuf, Account), CliError> {
        let inside = self.path.join("postgres");
        let account = Account::for_data(&inside).await?;
        if account.can_enter(&self.path).await {
            account.make_folder(&inside)?;
            return Ok((inside, account));
        }
        let mut name = self.path.as_os_str().as_encoded_bytes().to_vec();
        name.extend_from_slice(installation.as_bytes());
        let outside = PathBuf::from(format!("/var/lib/writ-dev-{:016x}", fnv1a(&name)));
        say(&format!(
            "PostgreSQL's user cannot reach {}: its files are in {}.",
            self.path.display(),
            outside.display()
        ));
        let account = Account::for_data(&outside).await?;
        account.make_folder(&outside)?;
        Ok((outside, account))
    }

    /// The text of a kept file, if it is there.
    pub(super) fn read(&self, name: &str) -> Result<Option<String>, CliError> {
        match std::fs::read_to_string(self.path.join(name)) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(format!("cannot read {}: {error}", self.path.join(name).display()).into())
            }
        }
    }

    /// Keeps a text where only we can read it; whole or not at all.
    pub(super) fn write_secret(&self, name: &str, text: &str) -> Result<(), CliError> {
        let unfinished = self.path.join(format!("{name}.new"));
        let mut file = File::options()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        std::fs::rename(&unfinished, self.path.join(name))?;
        Ok(())
    }
}

/// Sets who may use a path.
pub(super) fn restrict(path: &Path, mode: u32) -> Result<(), CliError> {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| {
        format!("cannot set the permissions of {}: {error}", path.display()).into()
    })
}

/// FNV-1a: the same name for the same checkout in every build, and nothing depends on its strength.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_cannot_have_the_folder_and_secrets_are_ours_alone() {
        let path = std::env::temp_dir().join(format!("writ-folder-{}", std::process::id()));
        let folder = Folder::open(&path).unwrap();
        assert!(
            Folder::open(&path)
                .unwrap_err()
                .to_string()
                .contains("another `writ dev`")
        );

        folder.write_secret("key", "hunter2").unwrap();
        assert_eq!(folder.read("key").unwrap().as_deref(), Some("hunter2"));
        assert_eq!(folder.read("absent").unwrap(), None);
        let mode = std::fs::metadata(folder.path().join("key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);

        drop(folder);
        Folder::open(&path).unwrap();
        std::fs::remove_dir_all(&path).unwrap();
    }

    /// The published FNV-1a value: another hash would lose sight of the data kept so far.
    #[test]
    fn a_checkout_keeps_its_hash() {
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
