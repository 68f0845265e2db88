//! Names of things: one type per kind, so that a grant's id cannot be passed for a user's.
//!
//! Ids are UUIDv7, built from an injected time and injected random bytes. `ClientId` is the OAuth
//! `client_id` (text, up to 2 KB: metadata documents have URLs there); `ClientKey` is our row's id.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::random::Random;

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }

            /// A fresh UUIDv7: ordered by time, 74 random bits.
            pub fn generate(random: &dyn Random, now: Timestamp) -> Self {
                Self(uuid_v7(random, now))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

uuid_ids! {
    /// A tenant: an issuer with its own keys, users, clients, policies.
    TenantId;
    /// A person of one tenant; the `sub` of their tokens.
    UserId;
    /// The row of a client, whatever its `client_id` looks like.
    ClientKey;
    /// A registered resource (a protected MCP server).
    ResourceId;
    /// The record that tokens descend from.
    GrantId;
    /// The one row that holds a grant's live refresh token.
    FamilyId;
    /// One pending authorization; makes the code that comes of it single.
    PendingId;
    /// A key of the admin API.
    AdminKeyId;
    /// What makes a person an administrator or an auditor.
    MembershipId;
    /// What a resource server introspects with.
    CredentialId;
    /// An audit event.
    EventId;
    /// A browser session.
    SessionId;
    /// The `jti` of an access token.
    TokenId;
    /// A refused value of `resource` that was kept.
    RefusedIndicatorId;
    /// Where a tenant wants to be told of its events.
    WebhookId;
    /// One decision of the policies that was kept.
    DecisionId;
    /// A claim to be the one whose issuer is at a host.
    IssuerHostId;
}

impl ResourceId {
    /// The admin API, among the resources of the system tenant. Of no time and no chance, so that it is found
    /// whatever it is called; an id is good in one tenant only.
    pub const ADMIN_API: Self = Self(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));
}

fn uuid_v7(random: &dyn Random, now: Timestamp) -> Uuid {
    let mut bytes = [0_u8; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.unix_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// The OAuth `client_id`: opaque text of visible ASCII and spaces, at most 2 KB (RFC 6749 appendix A.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client_id has 1 to 2048 printable ASCII characters")]
pub struct InvalidClientId;

impl ClientId {
    pub const MAX_BYTES: usize = 2048;

    pub fn parse(text: &str) -> Result<Self, InvalidClientId> {
        let is_valid = !text.is_empty()
            && text.len() <= Self::MAX_BYTES
            && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        is_valid
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidClientId)
    }

    /// A `client_id` of our own making. It never starts with `https://`, so it is never mistaken for
    /// a metadata document, and its characters survive both readings of HTTP Basic.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0_u8; 16];
        random.fill(&mut bytes);
        Self(format!("c_{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What an operator may choose: the characters that Basic's raw and decoded readings agree on.
    pub fn parse_chosen(text: &str) -> Result<Self, InvalidChosenText> {
        check_chosen_text(text, 255)?;
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An operator chose a `client_id` or secret that clients would send in different encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "use 1 to 255 characters of A-Z a-z 0-9 . _ ~ - (clients disagree on how to encode others)"
)]
pub struct InvalidChosenText;

/// Ids and secrets that operators choose stay within RFC 3986 unreserved characters.
pub fn check_chosen_text(text: &str, max_bytes: usize) -> Result<(), InvalidChosenText> {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    let is_valid = !text.is_empty() && text.len() <= max_bytes && text.bytes().all(is_unreserved);
    is_valid.then_some(()).ok_or(InvalidChosenText)
}

impl fmt::Display for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for ClientId {
    type Err = InvalidClientId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ClientId {
    type Error = InvalidClientId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

/// A tenant's short name: in the default issuer, in cookie names, in the admin API's paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a slug has 1 to 63 characters of a-z 0-9 and inner hyphens")]
pub struct InvalidSlug;

impl Slug {
    /// The system tenant's, whose users administer the installation; nobody else is called so.
    pub const SYSTEM: &str = "system";

    pub fn is_reserved(&self) -> bool {
        self.0 == Self::SYSTEM
    }

    pub fn parse(text: &str) -> Result<Self, InvalidSlug> {
        let is_inner =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_valid = (1..=63).contains(&text.len())
            && text.bytes().all(is_inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        is_valid.then(|| Self(text.to_owned())).ok_or(InvalidSlug)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Slug {
    type Error = InvalidSlug;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

/// Whom a token speaks for. RFC 9068 §5: a client acting for itself must never look like a user, so
/// its subject carries a prefix that no user id (a bare UUID) can have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    User(UserId),
    Client(ClientId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a user's nor a client's subject")]
pub struct InvalidSubject;

const CLIENT_SUBJECT_PREFIX: &str = "client:";

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user_id) => fmt::Display::fmt(user_id, formatter),
            Self::Client(client_id) => write!(formatter, "{CLIENT_SUBJECT_PREFIX}{client_id}"),
        }
    }
}

impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(client_id) = text.strip_prefix(CLIENT_SUBJECT_PREFIX) {
            return ClientId::parse(client_id)
                .map(Self::Client)
                .map_err(|_| InvalidSubject);
        }
        text.parse().map(Self::User).map_err(|_| InvalidSubject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_generated_id_is_a_version_7_uuid_ordered_by_time() {
        let early = UserId::generate(&Fixed(0xff), Timestamp::from_unix_seconds(1_000));
        let late = UserId::generate(&Fixed(0x00), Timestamp::from_unix_seconds(1_001));
        assert_eq!(early.as_uuid().get_version_num(), 7);
        assert!(early < late);
        assert_eq!(early.to_string().parse::<UserId>().unwrap(), early);
    }

    #[test]
    fn slugs_follow_the_rule() {
        for good in ["a", "7", "acme", "acme-corp", "a--b", &"x".repeat(63)] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "Acme",
            "a_b",
            "a.b",
            "ä",
            "a/b",
            &"x".repeat(64),
        ] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }

    /// RFC 9068 §5 (row G3): a client that calls itself like a user's id is still no user.
    #[test]
    fn a_clients_subject_never_equals_a_users() {
        let user = UserId::generate(&Fixed(1), Timestamp::from_unix_seconds(1));
        let client = Subject::Client(ClientId::parse(&user.to_string()).unwrap());
        assert_ne!(client.to_string(), Subject::User(user).to_string());
        assert_eq!(client.to_string().parse::<Subject>().unwrap(), client);
        assert_eq!(
            user.to_string().parse::<Subject>().unwrap(),
            Subject::User(user)
        );
        assert!("alice".parse::<Subject>().is_err());
    }

    #[test]
    fn client_ids_are_bounded_and_printable() {
        assert!(ClientId::parse(&"x".repeat(2048)).is_ok());
        assert!(ClientId::parse(&"x".repeat(2049)).is_err());
        assert!(ClientId::parse("").is_err());
        assert!(ClientId::parse("a\nb").is_err());
        assert!(ClientId::parse("https://client.example/doc.json").is_ok());
        assert!(ClientId::parse_chosen("nat_client.1~2-3").is_ok());
        assert!(ClientId::parse_chosen("a:b").is_err());
        assert!(ClientId::parse_chosen("a+b").is_err());
        assert!(check_chosen_text(ClientId::generate(&Fixed(0xfb)).as_str(), 255).is_ok());
    }
}
