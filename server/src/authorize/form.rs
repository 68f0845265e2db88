//! What our own forms and our own URL carry: a sealed pending authorization and a few fields.
//!
//! Not `protocol::parameters`: that reads what clients send, with limits per value that a sealed
//! request (a state of 4 KB in it) does not fit. To add a field: a field here, a line in `read`.

use secrecy::SecretString;

/// R1: as much as any body may have.
const MAX_BYTES: usize = 64 * 1024;
/// One tick per scope, and a handful of fields.
const MAX_FIELDS: usize = 512;

#[derive(Debug, Default)]
pub struct Form {
    pub pending: String,
    /// What a device shows (RFC 8628).
    pub user_code: String,
    pub username: String,
    pub password: Option<SecretString>,
    pub decision: String,
    pub scopes: Vec<String>,
}

/// Larger than any form of ours, or not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl Form {
    /// Reads a posted body or a query. A field sent twice is as good as unreadable: our forms never
    /// do, and two readings of one request are how checks are walked around.
    pub fn read(encoded: &[u8]) -> Result<Self, Unreadable> {
        if encoded.len() > MAX_BYTES {
            return Err(Unreadable);
        }
        let mut form = Self::default();
        for (position, (name, value)) in url::form_urlencoded::parse(encoded).enumerate() {
            if position >= MAX_FIELDS || value.contains(['\0', '\u{fffd}']) {
                return Err(Unreadable);
            }
            match name.as_ref() {
                "pending" => once(&mut form.pending, value.into_owned())?,
                "user_code" => once(&mut form.user_code, value.into_owned())?,
                "username" => once(&mut form.username, value.into_owned())?,
                "decision" => once(&mut form.decision, value.into_owned())?,
                "scope" => form.scopes.push(value.into_owned()),
                "password" if form.password.is_none() => {
                    form.password = Some(value.into_owned().into());
                }
                "password" => return Err(Unreadable),
                _ => {}
            }
        }
        Ok(form)
    }
}

fn once(field: &mut String, value: String) -> Result<(), Unreadable> {
    if !field.is_empty() {
        return Err(Unreadable);
    }
    *field = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_form_is_read_and_keeps_its_password_to_itself() {
        let form = Form::read(b"pending=p&username=al+ice&password=s%26p&x=y").unwrap();
        assert_eq!(form.pending, "p");
        assert_eq!(form.username, "al ice");
        assert_eq!(form.password.as_ref().unwrap().expose_secret(), "s&p");
        assert!(!format!("{form:?}").contains("s&p"));
    }

    /// A state of 4 KB and a client_id of 2 KB survive the whole sign-in.
    #[test]
    fn a_long_pending_authorization_fits() {
        let long = format!(
            "pending={}&decision=allow&scope=a&scope=b",
            "x".repeat(20_000)
        );
        let form = Form::read(long.as_bytes()).unwrap();
        assert_eq!(form.pending.len(), 20_000);
        assert_eq!(form.scopes, ["a", "b"]);
    }

    #[test]
    fn what_no_form_of_ours_sends_is_refused() {
        for body in [
            "decision=deny&decision=allow".to_owned(),
            "username=a&username=b".to_owned(),
            "password=a&password=b".to_owned(),
            "user_code=a&user_code=b".to_owned(),
            "username=a%00".to_owned(),
            format!("pending={}", "x".repeat(MAX_BYTES)),
            "scope=a&".repeat(MAX_FIELDS + 1),
        ] {
            assert!(Form::read(body.as_bytes()).is_err());
        }
    }
}
