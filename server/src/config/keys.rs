//! Keys of 32 bytes, written as base64 and separated by commas.

use std::fmt;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use secrecy::zeroize::Zeroizing;

use super::error::Problem;
use super::sources::Sources;

/// A secret key. Shows nothing of itself, and leaves no bytes behind.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; 32]>);

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, CONFIG);

const HOW_TO_MAKE_ONE: &str = "make one with `openssl rand -base64 32`";

impl Key {
    /// A key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the cipher alone.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The text that a setting would hold.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Reads a list of keys; on localhost alone there is something to fall back to.
pub(super) fn read(
    sources: &Sources,
    name: &'static str,
    is_local: bool,
) -> Result<Vec<Key>, Problem> {
    let items = sources.list(name);
    if items.is_empty() {
        return if is_local {
            Ok(vec![development_key(name)])
        } else {
            Err(sources.problem(name, format!("is missing, and WRIT_PUBLIC_URL is not localhost: {HOW_TO_MAKE_ONE} and keep it as safe as the database")))
        };
    }
    let mut keys: Vec<Key> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let place = format!("{} of {}", index + 1, items.len());
        let key = parse(item).map_err(|what| {
            sources.problem(
                name,
                format!("has a bad key ({place}): {what}: {HOW_TO_MAKE_ONE}"),
            )
        })?;
        if keys.contains(&key) {
            return Err(sources.problem(name, format!("names one key twice ({place}): remove it")));
        }
        keys.push(key);
    }
    Ok(keys)
}

/// One secret for two purposes has turned small leaks into large ones elsewhere.
pub(super) fn refuse_shared(encryption_keys: &[Key], peppers: &[Key]) -> Result<(), Problem> {
    if encryption_keys.iter().any(|key| peppers.contains(key)) {
        return Err(Problem::new(
            "WRIT_SECRET_PEPPERS",
            format!("and WRIT_ENCRYPTION_KEYS share a key: give each its own, {HOW_TO_MAKE_ONE}"),
        ));
    }
    Ok(())
}

/// Whether these are the keys that everybody can read in this file.
pub fn is_development_key(key: &Key) -> bool {
    ["WRIT_ENCRYPTION_KEYS", "WRIT_SECRET_PEPPERS"]
        .iter()
        .any(|name| *key == development_key(name))
}

/// Public knowledge, and constant so that what it sealed opens after a restart: only for localhost.
fn development_key(name: &str) -> Key {
    let mut bytes = [0; 32];
    for (target, source) in bytes
        .iter_mut()
        .zip(format!("for localhost only {name}").bytes())
    {
        *target = source;
    }
    Key::from_bytes(bytes)
}

fn parse(text: &str) -> Result<Key, String> {
    let decoded = STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map(Zeroizing::new)
        .map_err(|_| "it is not base64".to_owned())?;
    let bytes: [u8; 32] = decoded
        .as_slice()
        .try_into()
        .map_err(|_| format!("it is {} bytes long, not 32", decoded.len()))?;
    if bytes.iter().all(|byte| *byte == bytes[0]) {
        return Err("it is one byte 32 times over".to_owned());
    }
    Ok(Key::from_bytes(bytes))
}
