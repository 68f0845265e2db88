//! The secrets of a development installation: made at the first start, kept beside the data.

use std::fmt::Write as _;

use protocol::random::Random;

use super::folder::Folder;
use crate::cli::CliError;
use crate::config::Key;

/// What the next start must find again.
pub(super) struct Kept {
    pub(super) encryption_key: String,
    pub(super) secret_pepper: String,
    pub(super) admin_key: String,
    pub(super) database_password: String,
    pub(super) demo_password: String,
    /// Tells this `.writ` from one that was here before it.
    pub(super) installation: String,
}

/// The file that holds the admin key, named in what we print.
pub(super) const ADMIN_KEY_FILE: &str = "admin-key";

impl Kept {
    /// Reads what is kept and makes what is missing.
    pub(super) fn load(folder: &Folder) -> Result<Self, CliError> {
        let random = crypto::system::SystemRandom;
        Ok(Self {
            encryption_key: keep(folder, "encryption-key", || key(&random))?,
            secret_pepper: keep(folder, "secret-pepper", || key(&random))?,
            admin_key: keep(folder, ADMIN_KEY_FILE, || {
                format!("writ_dev_{}", hexadecimal(&random, 32))
            })?,
            database_password: keep(folder, "database-password", || hexadecimal(&random, 24))?,
            demo_password: keep(folder, "demo-password", || words(&random))?,
            installation: keep(folder, "installation", || hexadecimal(&random, 8))?,
        })
    }
}

fn keep(folder: &Folder, name: &str, make: impl FnOnce() -> String) -> Result<String, CliError> {
    if let Some(text) = folder.read(name)?.filter(|text| !text.is_empty()) {
        return Ok(text);
    }
    let text = make();
    folder.write_secret(name, &text)?;
    Ok(text)
}

fn key(random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    Key::from_bytes(bytes).to_base64().to_string()
}

fn hexadecimal(random: &dyn Random, length: usize) -> String {
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A password that a person can type: four groups of four letters that look like nothing else (80 bits).
fn words(random: &dyn Random) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let letters: Vec<char> = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect();
    letters
        .chunks(4)
        .map(String::from_iter)
        .collect::<Vec<_>>()
        .join("-")
}
