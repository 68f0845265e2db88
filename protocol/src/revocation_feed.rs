//! The revocation feed: what resource servers that verify tokens by themselves cannot see in a token.
//!
//! It names what could still be presented and is void: grants, single access tokens, clients. Users are not
//! in it: whatever ends a user revokes their grants, and nobody needs to read who that was.
//!
//! Not here: signing (`crypto`), where the entries come from (`store`). `docs/revocation.md` is for verifiers.
//! To add a kind of entry: a member of [`RevokedThings`], its line in [`RevokedThings::new`], its rule on that page.

use std::time::Duration;

use serde::Serialize;

use crate::clock::{MAX_CLOCK_SKEW, Timestamp};
use crate::ids::{ClientId, GrantId, TokenId};
use crate::issuer::Issuer;

/// The `typ` of its header: tells it from an access token.
pub const REVOCATION_FEED_TYP: &str = "revocations+jwt";
pub const REVOCATION_FEED_ENDPOINT: &str = "revocations";

/// For how long a verifier may go by a feed when it cannot get a newer one.
pub const LIFETIME: Duration = Duration::from_mins(15);
/// An unchanged feed is signed anew after this long, so that it never ends while it is polled.
pub const SIGNED_ANEW_AFTER: Duration = Duration::from_mins(5);
/// Of each kind, so that it stays within about 400 KB. What lives longest is named first.
pub const MOST_ENTRIES: usize = 5_000;

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
        // The second itself is void, and what a replica with a fast clock wrote into it.
        let after = |at: Timestamp| (at + MAX_CLOCK_SKEW).unix_seconds().saturating_add(1);
        Self {
            client_id: client_id.as_str().to_owned(),
            issued_before: ended_at.map(after),
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
    /// False: there is more than fits. A token that is not named may be void all the same: introspect it.
    pub complete: bool,
}

impl RevokedThings {
    /// Cuts what does not fit and puts the rest into an order of its own.
    pub fn new(
        mut grants: Vec<GrantId>,
        mut tokens: Vec<TokenId>,
        mut clients: Vec<EndedClient>,
    ) -> Self {
        let complete = [grants.len(), tokens.len(), clients.len()]
            .iter()
            .all(|count| *count <= MOST_ENTRIES);
        grants.truncate(MOST_ENTRIES);
        tokens.truncate(MOST_ENTRIES);
        clients.truncate(MOST_ENTRIES);
        grants.sort_unstable();
        tokens.sort_unstable();
        clients.sort_unstable();
        Self {
            grants,
            tokens,
            clients,
            complete,
        }
    }
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
        let one = RevokedThings::new(vec![grant_id(2), grant_id(1)], vec![token(9)], Vec::new());
        let other = RevokedThings::new(vec![grant_id(1), grant_id(2)], vec![token(9)], Vec::new());
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
        let things = RevokedThings::new(Vec::new(), tokens.collect(), Vec::new());
        assert_eq!(things.tokens.len(), MOST_ENTRIES);
        assert!(!things.complete);
    }

    #[test]
    fn a_deleted_clients_name_may_be_given_again() {
        let client_id = ClientId::parse("notes").unwrap();
        let disabled = serde_json::to_value(EndedClient::new(&client_id, None)).unwrap();
        assert_eq!(disabled, serde_json::json!({"client_id": "notes"}));
        let deleted = EndedClient::new(&client_id, Some(at(100)));
        assert_eq!(deleted.issued_before, Some(at(100).unix_seconds() + 3));
    }
}
