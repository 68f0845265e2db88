//! Pushed authorization requests (RFC 9126): what a client posts first, and then names by a `request_uri`.
//!
//! The request is not kept: it is sealed (by `crypto`) into the `request_uri` itself, which comes back through
//! the browser and is checked again then, as if it had been sent there. Single use counts when a code is issued:
//! every sign-in that begins with one `request_uri` has the same `pending_id`.

use std::time::Duration;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::ids::PendingId;
use crate::parameters::Parameters;

use super::checks;

/// RFC 9126 §2.2: the form that it suggests. What does not begin so is somebody's address, and never fetched.
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// From the client's server to the person's browser.
pub const LIFETIME: Duration = Duration::from_mins(5);

/// A `state` of 4 KB beside everything else, sealed and base64url-coded. A `client_id` of 2 KB stands beside
/// it in the URL; both must pass through proxies that take 16 KB.
pub const MAX_REQUEST_URI_BYTES: usize = 12 * 1024;

/// A request as it was pushed.
#[derive(Clone, Debug)]
pub struct PushedRequest {
    pub pending_id: PendingId,
    pub expires_at: Timestamp,
    /// Of the authorization endpoint alone: no credential gets into a URL, sealed or not.
    pub parameters: Parameters,
}

const HEAD_BYTES: usize = 16 + 8;

impl PushedRequest {
    pub fn new(pending_id: PendingId, sent: &Parameters, now: Timestamp) -> Self {
        let kept = sent.iter().filter(|(name, _)| checks::is_ours(name));
        Self {
            pending_id,
            expires_at: now + LIFETIME,
            parameters: Parameters::from_pairs(kept),
        }
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Small: JSON would double a `state` of quotes. No parameter contains a NUL.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.pending_id.as_uuid().into_bytes().to_vec();
        bytes.extend_from_slice(&self.expires_at.unix_micros().to_be_bytes());
        for (name, value) in self.parameters.iter() {
            for text in [name, value] {
                bytes.extend_from_slice(text.as_bytes());
                bytes.push(0);
            }
        }
        bytes
    }

    /// None where it is not what `to_bytes` made.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, tail) = bytes.split_at_checked(HEAD_BYTES)?;
        let (id, expires_at) = head.split_at(16);
        let texts = std::str::from_utf8(tail).ok()?;
        let texts: Vec<&str> = texts.split_terminator('\0').collect();
        let (pairs, rest) = texts.as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        let pairs = pairs.iter().map(|[name, value]| (*name, *value));
        Some(Self {
            pending_id: PendingId::from_uuid(Uuid::from_slice(id).ok()?),
            expires_at: Timestamp::from_unix_micros(i64::from_be_bytes(
                expires_at.try_into().ok()?,
            )),
            parameters: Parameters::from_pairs(pairs),
        })
    }
}

/// The URI that stands for what was sealed.
pub fn to_request_uri(sealed: &str) -> String {
    format!("{PREFIX}{sealed}")
}

/// What is sealed in a `request_uri` of this form; none where it is something else.
pub fn sealed_of(request_uri: &str) -> Option<&str> {
    request_uri.strip_prefix(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{at, uuid};

    fn pushed(pairs: &[(&str, &str)]) -> PushedRequest {
        let sent = Parameters::from_pairs(pairs.iter().copied());
        PushedRequest::new(PendingId::from_uuid(uuid(7)), &sent, at(0))
    }

    fn pairs_of(request: &PushedRequest) -> Vec<(String, String)> {
        let pairs = request.parameters.iter();
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Row U1: what authenticated the client stays behind.
    #[test]
    fn only_what_the_authorization_endpoint_reads_is_kept() {
        let request = pushed(&[
            ("client_id", "c"),
            ("client_secret", "s"),
            ("client_assertion", "a"),
            ("client_assertion_type", "t"),
            ("unheard_of", "x"),
            ("state", ""),
            ("state", "two"),
            ("resource", "https://a.example"),
            ("resource", "https://b.example"),
            ("redirect_uri", "https://client.example/cb"),
        ]);
        let names: Vec<&str> = request.parameters.iter().map(|(name, _)| name).collect();
        let kept = ["state", "state", "resource", "resource", "redirect_uri"];
        assert_eq!(names, kept);
    }

    #[test]
    fn a_request_survives_its_journey_and_stays_small() {
        let long = "\"\u{fc}".repeat(1365);
        let request = pushed(&[("state", &long), ("scope", "a b"), ("nonce", "\r\n&=%")]);
        let bytes = request.to_bytes();
        assert!(bytes.len() < long.len() + 100);
        let read = PushedRequest::from_bytes(&bytes).unwrap();
        assert_eq!(pairs_of(&read), pairs_of(&request));
        assert_eq!(
            (read.pending_id, read.expires_at),
            (request.pending_id, request.expires_at)
        );
        let empty = pushed(&[]).to_bytes();
        assert_eq!(pairs_of(&PushedRequest::from_bytes(&empty).unwrap()), []);
        for end in [0, 23, 30] {
            assert!(PushedRequest::from_bytes(&bytes[..end]).is_none(), "{end}");
        }
    }

    #[test]
    fn it_expires_and_has_its_own_form() {
        let request = pushed(&[]);
        assert!(!request.is_expired(at(299)));
        assert!(request.is_expired(at(300)));
        assert_eq!(sealed_of(&to_request_uri("abc")), Some("abc"));
        for foreign in ["https://client.example/request.jwt", "urn:x", "abc", ""] {
            assert_eq!(sealed_of(foreign), None);
        }
    }
}
