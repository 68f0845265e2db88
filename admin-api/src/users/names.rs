//! What a user may be called.

use crate::problem::Faults;
use crate::wire;

const EMAIL_LIMIT: usize = 254;

/// Everything people type to sign in, without what they cannot see.
pub fn check_username(faults: &mut Faults, username: &str) {
    let read = wire::words(faults, "username", username, wire::NAME_LIMIT);
    if read != username {
        faults.add("username", "Remove the spaces around it.");
    }
}

/// One @ with something on both sides: whether mail arrives, only mail can tell.
pub fn check_email(faults: &mut Faults, email: &str) {
    let has_both = email
        .split_once('@')
        .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    let is_plain = !email
        .chars()
        .any(|character| character.is_whitespace() || character.is_control());
    if !has_both || !is_plain || email.len() > EMAIL_LIMIT {
        faults.add("email", "An address like alice@example.com.");
    }
}

pub fn check_name(faults: &mut Faults, name: &str) {
    wire::words(faults, "name", name, wire::NAME_LIMIT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_has_two_sides() {
        for email in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n"] {
            let mut faults = Faults::default();
            check_email(&mut faults, email);
            assert!(faults.finish().is_err(), "{email:?}");
        }
        let mut faults = Faults::default();
        check_email(&mut faults, "alice@localhost");
        assert!(faults.finish().is_ok());
    }
}
