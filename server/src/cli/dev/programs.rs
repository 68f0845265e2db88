//! PostgreSQL's programs: Debian and Ubuntu keep them out of the search path, one folder a version.

use std::path::{Path, PathBuf};

use crate::cli::CliError;

/// The oldest PostgreSQL that the migrations are written for.
const OLDEST: u32 = 15;

/// The folder that holds the server's programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    folder: PathBuf,
    pub(super) version: u32,
}

impl Programs {
    /// The newest version on this machine, or exactly the one that made the data.
    pub(super) fn find(made_by: Option<u32>) -> Result<Self, CliError> {
        let mut found: Vec<Self> = candidate_folders()
            .into_iter()
            .filter_map(|folder| Self::in_folder(&folder))
            .collect();
        found.sort_by_key(|programs| std::cmp::Reverse(programs.version));
        match made_by {
            Some(version) => found.into_iter().find(|programs| programs.version == version).ok_or_else(|| {
                format!(
                    "the data under .writ were made by PostgreSQL {version}, whose programs are not on this machine: \
                     install postgresql-{version}, or remove .writ to begin anew (the data are lost)"
                )
                .into()
            }),
            None => match found.into_iter().next() {
                Some(programs) if programs.version >= OLDEST => Ok(programs),
                Some(programs) => Err(format!(
                    "PostgreSQL {} is too old: install version {OLDEST} or newer, or set DATABASE_URL",
                    programs.version
                )
                .into()),
                None => Err("no PostgreSQL server programs are on this machine: install the package `postgresql` \
                     (`make run` does it on Debian and Ubuntu), or set DATABASE_URL to a database of yours"
                    .into()),
            },
        }
    }

    /// The path of a program.
    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let needed = ["initdb", "pg_ctl", "postgres"];
        if !needed.iter().all(|program| folder.join(program).is_file()) {
            return None;
        }
        let output = std::process::Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let version = major_version(&String::from_utf8(output.stdout).ok()?)?;
        Some(Self {
            folder: folder.to_owned(),
            version,
        })
    }
}

/// Debian's and Ubuntu's folders, Red Hat's, Homebrew's, and the search path.
fn candidate_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for (parent, inner) in [
        ("/usr/lib/postgresql", "bin"),
        ("/usr", "bin"),
        ("/opt/homebrew/opt", "bin"),
        ("/usr/local/opt", "bin"),
    ] {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_candidate = parent.ends_with("/postgresql")
                || name.starts_with("postgresql")
                || name.starts_with("pgsql");
            if is_candidate {
                folders.push(entry.path().join(inner));
            }
        }
    }
    folders.extend(
        std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths),
    );
    folders
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is version 15.
fn major_version(text: &str) -> Option<u32> {
    let number = text.split(") ").nth(1)?;
    number
        .chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_postgres_says() {
        assert_eq!(
            major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_version("something else"), None);
    }
}
