//! The revocation feed: what resource servers that verify tokens by themselves cannot see in a token.
//!
//! It names what could still be presented and is void: grants, single access tokens, clients, audiences. Users are not
//! in it: whatever ends a user revokes their grants, and nobody needs to read who that was.
//!
//! Not here: signing (`crypto`), where the entries come from (`store`). `docs/revocation.md` is for verifiers.
//! To add a kind of entry: a member of [`RevokedThings`], its line in [`RevokedThings::new`], its rule on that page.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::ids::{ClientId, GrantId, TokenId};
use crate::issuer::Issuer;

/// The `typ` of its header: tells it from an access token.
pub const REVOCATION_FEED_TYP: &str = "revocations+jwt";

/// For how long a verifier may go by a feed when it cannot get a newer one.
pub const LIFETIME: Duration = Duration::from_mins(15);
/// An unchanged feed is signed anew after this long, so that it never ends while it is polled.
pub const SIGNED_ANEW_AFTER: Duration = Duration::from_mins(5);
/// Of each kind. What lives longest is named first.
pub const MOST_ENTRIES: usize = 5_000;
/// Of the names of each kind, so that a feed stays below two megabytes: names of clients and audiences may be long.
const MOST_BYTES: usize = 256 * 1_024;

/// A client whose tokens are void.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EndedClient {
    pub client_id: String,
    /// Only tokens whose `iat` is below this: the client was deleted then, and somebody else may be called so
    /// now. Absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_before: Option<i64>,
}

impl EndedClient {
    pub fn new(client_id: &ClientId, ended_at: Option<Timestamp>) -> Self {
        Self {
            client_id: client_id.as_str().to_owned(),
            issued_before: ended_at.map(Timestamp::first_second_surely_after),
        }
    }
}

/// An audience whose tokens of before are void: its resource was deleted, or got another one. A resource may have
/// it again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EndedAudience {
    pub audience: String,
    /// Only tokens whose `iat` is below this.
    pub issued_before: i64,
}

impl EndedAudience {
    pub fn new(audience: String, ended_at: Timestamp) -> Self {
        Self {
            audience,
            issued_before: ended_at.first_second_surely_after(),
        }
    }
}

/// What the feed is about; the same things are the same value, whoever read them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RevokedThings {
    /// Tokens with this `grant_id` are void.
    pub grants: Vec<GrantId>,
    /// Tokens with this `jti` are void.
    pub tokens: Vec<TokenId>,
    pub clients: Vec<EndedClient>,
    /// Tokens with this `aud` from before the moment are void; a resource may have it again.
    pub audiences: Vec<EndedAudience>,
    /// False: there is more than fits. A token that is not named may be void all the same: introspect it.
    pub complete: bool,
}

impl RevokedThings {
    /// Cuts what does not fit and puts the rest into an order of its own.
    pub fn new(
        mut grants: Vec<GrantId>,
        mut tokens: Vec<TokenId>,
        mut clients: Vec<EndedClient>,
        mut audiences: Vec<EndedAudience>,
    ) -> Self {
        let cuts = [
            cut(&mut grants, |_| ID_BYTES),
            cut(&mut tokens, |_| ID_BYTES),
            cut(&mut clients, |client| client.client_id.len()),
            cut(&mut audiences, |ended| ended.audience.len()),
        ];
        grants.sort_unstable();
        tokens.sort_unstable();
        clients.sort_unstable();
        audiences.sort_unstable();
        Self {
            grants,
            tokens,
            clients,
            audiences,
            complete: cuts == [false; 4],
        }
    }
}

/// A UUID.
const ID_BYTES: usize = 36;

/// Leaves what fits; whether something had to go.
fn cut<T>(things: &mut Vec<T>, bytes_of: impl Fn(&T) -> usize) -> bool {
    let mut bytes = 0_usize;
    let fitting = things.iter().take(MOST_ENTRIES).take_while(|thing| {
        bytes = bytes.saturating_add(bytes_of(thing));
        bytes <= MOST_BYTES
    });
    let fitting = fitting.count();
    let is_cut = fitting < things.len();
    things.truncate(fitting);
    is_cut
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevocationFeedClaims<'a> {
    pub iss: &'a str,
    pub iat: i64,
    pub exp: i64,
    #[serde(flatten)]
    pub things: &'a RevokedThings,
}

impl<'a> RevocationFeedClaims<'a> {
    pub fn new(issuer: &'a Issuer, things: &'a RevokedThings, now: Timestamp) -> Self {
        Self {
            iss: issuer.as_str(),
            iat: now.unix_seconds(),
            exp: (now + LIFETIME).unix_seconds(),
            things,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{at, grant_id, uuid};

    #[test]
    fn what_is_revoked_is_named_in_one_order() {
        let token = |number| TokenId::from_uuid(uuid(number));
        let things = |grants, audiences: [&str; 2]| {
            let audiences = audiences.map(|it| EndedAudience::new(it.to_owned(), at(3)));
            RevokedThings::new(grants, vec![token(9)], Vec::new(), audiences.to_vec())
        };
        let one = things(vec![grant_id(2), grant_id(1)], ["https://b", "https://a"]);
        let other = things(vec![grant_id(1), grant_id(2)], ["https://a", "https://b"]);
        assert_eq!(one, other);
        assert!(one.complete);
        let issuer = Issuer::parse("https://as.example/t/acme").unwrap();
        let claims = serde_json::to_value(RevocationFeedClaims::new(&issuer, &one, at(5))).unwrap();
        let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(lifetime, 900);
        assert_eq!(claims["grants"].as_array().map(Vec::len), Some(2));
        assert_eq!(claims["complete"], true);
    }

    #[test]
    fn a_feed_that_cannot_hold_all_says_so() {
        let most = u128::try_from(MOST_ENTRIES).unwrap();
        let tokens = (0..=most).map(|number| TokenId::from_uuid(uuid(number)));
        let things = RevokedThings::new(Vec::new(), tokens.collect(), Vec::new(), Vec::new());
        assert_eq!(things.tokens.len(), MOST_ENTRIES);
        assert!(!things.complete);
        // A thousand of the longest names that an audience may have are two megabytes.
        let long = |number| EndedAudience::new(format!("{number:02000}"), at(3));
        let audiences: Vec<_> = (0..1_000).map(long).collect();
        let things = RevokedThings::new(Vec::new(), Vec::new(), Vec::new(), audiences);
        assert_eq!(things.audiences.len(), MOST_BYTES / 2_000);
        assert!(!things.complete);
    }

    #[test]
    fn a_deleted_clients_name_may_be_given_again() {
        let client_id = ClientId::parse("notes").unwrap();
        let disabled = serde_json::to_value(EndedClient::new(&client_id, None)).unwrap();
        assert_eq!(disabled, serde_json::json!({"client_id": "notes"}));
        let deleted = EndedClient::new(&client_id, Some(at(100)));
        assert_eq!(deleted.issued_before, Some(at(100).unix_seconds() + 3));
        let audience = EndedAudience::new("https://a".to_owned(), at(100));
        assert_eq!(audience.issued_before, at(100).unix_seconds() + 3);
    }
}
