//! One call of the admin API: what is asked, in words as well, and as it is sent.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::SystemRandom;
use outbound::operator::OperatorCall;
use protocol::Random as _;
use serde_json::Value;

const JSON: &str = "application/json";

/// One call, in words as well.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) body: Option<(&'static str, &'a Value)>,
    pub(super) if_match: Option<&'a str>,
    pub(super) is_dry_run: bool,
    /// Whether it makes something: no answer but 201 says that it did.
    pub(super) makes: bool,
}

impl<'a> Asked<'a> {
    pub(super) fn reading(path: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            body: None,
            if_match: None,
            is_dry_run: false,
            makes: false,
        }
    }

    pub(super) fn words(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    pub(super) fn call(
        &self,
        body: Option<Vec<u8>>,
        idempotency_key: Option<String>,
    ) -> OperatorCall {
        let mut headers = vec![("accept", JSON.to_owned())];
        if let Some(etag) = self.if_match {
            headers.push(("if-match", etag.to_owned()));
        }
        if let Some(key) = idempotency_key {
            headers.push(("idempotency-key", key));
        }
        let path = match (self.is_dry_run, self.path.contains('?')) {
            (false, _) => self.path.to_owned(),
            (true, false) => format!("{}?dry_run=true", self.path),
            (true, true) => format!("{}&dry_run=true", self.path),
        };
        let media_type = self.body.map_or(JSON, |(media_type, _)| media_type);
        OperatorCall {
            method: self.method,
            path,
            headers,
            body: body.map(|body| (media_type, body)),
        }
    }
}

pub(super) fn new_idempotency_key() -> String {
    let mut bytes = [0_u8; 18];
    SystemRandom.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A part of a path, percent-encoded: a client's id may be a URL.
pub(in crate::cli) fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

pub(in crate::cli) fn tenant_path(slug: &str) -> String {
    format!("/admin/v1/tenants/{}", segment(slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_holds_whatever_an_id_is() {
        assert_eq!(segment("notes-web_1.~"), "notes-web_1.~");
        assert_eq!(segment("https://a/b?c d"), "https%3A%2F%2Fa%2Fb%3Fc%20d");
    }

    #[test]
    fn a_dry_run_says_so_in_the_query() {
        let mut asked = Asked::reading("/a?b=c");
        assert_eq!(asked.call(None, None).path, "/a?b=c");
        asked.is_dry_run = true;
        assert_eq!(asked.call(None, None).path, "/a?b=c&dry_run=true");
        asked.path = "/a";
        assert_eq!(asked.call(None, None).path, "/a?dry_run=true");
    }

    #[test]
    fn no_two_calls_have_one_idempotency_key() {
        assert_ne!(new_idempotency_key(), new_idempotency_key());
        assert_eq!(new_idempotency_key().len(), 24);
    }
}
