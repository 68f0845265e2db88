//! What a password must be before it is hashed.

use secrecy::{ExposeSecret, SecretString};

use crate::problem::Faults;

/// NIST SP 800-63B §3.1.1.2: eight at least, and no rules about which characters.
const SHORTEST: usize = 8;

pub fn check(faults: &mut Faults, password: &SecretString) {
    let text = password.expose_secret();
    // Row M4: refused before hashing.
    if text.chars().count() < SHORTEST || text.len() > crypto::password::MAX_PASSWORD_BYTES {
        let longest = crypto::password::MAX_PASSWORD_BYTES;
        faults.add(
            "password",
            format!("At least {SHORTEST} characters, at most {longest} bytes."),
        );
    }
}
