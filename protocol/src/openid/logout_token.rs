//! Logout tokens (Back-Channel Logout §2.4): that a session has ended, said to one client.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{ClientId, SessionId, TokenId, UserId};
use crate::issuer::Issuer;

/// The `typ` of its header (§2.4): tells it from an ID token and from everything else (row G5).
pub const LOGOUT_TOKEN_TYP: &str = "logout+jwt";

/// §2.4 recommends two minutes at most. Each attempt sends a new one.
pub const LIFETIME: Duration = Duration::from_mins(2);

/// What one says: the person and the session, both, and never a nonce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutTokenClaims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub iat: i64,
    pub exp: i64,
    pub jti: String,
    pub sid: String,
    pub events: LogoutEvents,
}

/// The one member that makes it a logout token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutEvents {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    pub backchannel_logout: NoFacts,
}

/// The event has nothing to add.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoFacts {}

#[derive(Clone, Copy, Debug)]
pub struct NewLogoutToken<'a> {
    pub issuer: &'a Issuer,
    pub client_id: &'a ClientId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub token_id: TokenId,
}

impl LogoutTokenClaims {
    pub fn mint(new: NewLogoutToken<'_>, now: Timestamp) -> Self {
        Self {
            iss: new.issuer.as_str().to_owned(),
            sub: new.user_id.to_string(),
            aud: new.client_id.as_str().to_owned(),
            iat: now.unix_seconds(),
            exp: (now + LIFETIME).unix_seconds(),
            jti: new.token_id.to_string(),
            sid: new.session_id.to_string(),
            events: LogoutEvents {
                backchannel_logout: NoFacts {},
            },
        }
    }
}

/// How long until the next attempt, by how many there were; none: nobody is told any more. Six hours in
/// all, after which the client's own session is likely over too.
pub fn next_attempt_after(attempts: u32) -> Option<Duration> {
    const WAITS: [Duration; 7] = [
        Duration::from_secs(10),
        Duration::from_mins(1),
        Duration::from_mins(5),
        Duration::from_mins(15),
        Duration::from_mins(40),
        Duration::from_hours(2),
        Duration::from_hours(3),
    ];
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    WAITS.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{at, uuid};

    #[test]
    fn a_logout_token_names_person_session_and_event_and_no_nonce() {
        let new = NewLogoutToken {
            issuer: &Issuer::parse("https://as.example/t/acme").unwrap(),
            client_id: &ClientId::parse("c").unwrap(),
            user_id: UserId::from_uuid(uuid(5)),
            session_id: SessionId::from_uuid(uuid(7)),
            token_id: TokenId::from_uuid(uuid(9)),
        };
        let json = serde_json::to_value(LogoutTokenClaims::mint(new, at(0))).unwrap();
        let event = "http://schemas.openid.net/event/backchannel-logout";
        assert_eq!(json["events"], serde_json::json!({ event: {} }));
        assert_eq!(json["sub"], uuid(5).to_string());
        assert_eq!(json["sid"], uuid(7).to_string());
        assert!(json.get("nonce").is_none());
        let lifetime = json["exp"].as_i64().unwrap() - json["iat"].as_i64().unwrap();
        assert_eq!(lifetime, 120);
    }

    #[test]
    fn attempts_come_slower_and_end() {
        let mut total = Duration::ZERO;
        let mut last = Duration::ZERO;
        let mut attempts = 1;
        while let Some(wait) = next_attempt_after(attempts) {
            assert!(wait > last);
            last = wait;
            total += wait;
            attempts += 1;
        }
        assert_eq!(attempts, 8);
        assert!(total > Duration::from_hours(6) && total < Duration::from_hours(7));
        assert_eq!(next_attempt_after(0), None);
    }
}
