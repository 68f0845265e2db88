//! What a device that asks for its tokens is told (RFC 8628 §3.5).

use std::time::Duration;

use crate::clock::Timestamp;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::{ClientKey, GrantId};
use crate::token::Standing;

use super::INTERVAL;

/// A device's timer may be that much fast, and a person's wait is not.
const TIMER_TOLERANCE: Duration = Duration::from_millis(500);

/// How far a person has come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    Pending,
    Approved(GrantId),
    Denied,
    Redeemed(GrantId),
}

impl DeviceState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved(_) => "approved",
            Self::Denied => "denied",
            Self::Redeemed(_) => "redeemed",
        }
    }

    /// Once a person has allowed it.
    pub const fn grant_id(self) -> Option<GrantId> {
        match self {
            Self::Approved(grant_id) | Self::Redeemed(grant_id) => Some(grant_id),
            Self::Pending | Self::Denied => None,
        }
    }

    /// As a row keeps it.
    pub fn from_stored(text: &str, grant_id: Option<GrantId>) -> Option<Self> {
        match (text, grant_id) {
            ("pending", None) => Some(Self::Pending),
            ("approved", Some(grant_id)) => Some(Self::Approved(grant_id)),
            ("denied", None) => Some(Self::Denied),
            ("redeemed", Some(grant_id)) => Some(Self::Redeemed(grant_id)),
            _ => None,
        }
    }
}

/// A device's request, as the store read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAuthorization {
    pub client_key: ClientKey,
    pub state: DeviceState,
    /// How long the device has to wait between two questions.
    pub interval: Duration,
    pub last_polled_at: Option<Timestamp>,
    pub expires_at: Timestamp,
}

/// What a question leads to where it leads to no refusal for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// The grant to redeem; the store does so only if nobody else has.
    Approved(GrantId),
    /// Nobody has decided; the row keeps when it was asked, and how long to wait from now on.
    Wait {
        is_too_soon: bool,
        interval: Duration,
    },
}

/// Logs keep the variant; a client sees its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceCodeError {
    Unknown,
    WrongClient,
    Pending,
    SlowDown,
    Denied,
    Expired,
    /// The rightful client shows it again: the grant must be revoked, and that committed, before the
    /// answer goes out.
    AlreadyRedeemed(GrantId),
    ClientDisabled,
    UserDisabled,
    GrantRevoked,
}

impl DeviceCodeError {
    /// The grant that a replay costs; every other refusal changes nothing.
    pub fn grant_to_revoke(self) -> Option<GrantId> {
        match self {
            Self::AlreadyRedeemed(grant_id) => Some(grant_id),
            _ => None,
        }
    }
}

impl std::fmt::Display for DeviceCodeError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Unknown | Self::WrongClient | Self::AlreadyRedeemed(_) => {
                "the device_code is unknown or used, or not this client's; ask for a new one"
            }
            Self::Pending => "nobody has decided yet; ask again after the interval",
            Self::SlowDown => {
                "asked again too soon; wait five seconds longer between two requests from now on"
            }
            Self::Denied => "the person refused",
            Self::Expired => "nobody decided in time; ask for a new device_code",
            Self::ClientDisabled | Self::UserDisabled | Self::GrantRevoked => {
                "the authorization is no longer valid; start a new one"
            }
        })
    }
}

impl std::error::Error for DeviceCodeError {}

impl ProtocolError for DeviceCodeError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Pending => ErrorCode::AuthorizationPending,
            Self::SlowDown => ErrorCode::SlowDown,
            Self::Denied => ErrorCode::AccessDenied,
            Self::Expired => ErrorCode::ExpiredToken,
            Self::Unknown
            | Self::WrongClient
            | Self::AlreadyRedeemed(_)
            | Self::ClientDisabled
            | Self::UserDisabled
            | Self::GrantRevoked => ErrorCode::InvalidGrant,
        }
    }
}

impl DeviceAuthorization {
    /// Decides a question of `client_key`. `standing` speaks of the client alone while there is no grant.
    pub fn poll(
        &self,
        client_key: ClientKey,
        standing: Standing,
        now: Timestamp,
    ) -> Result<Polled, DeviceCodeError> {
        if self.client_key != client_key {
            return Err(DeviceCodeError::WrongClient);
        }
        if !standing.is_client_enabled {
            return Err(DeviceCodeError::ClientDisabled);
        }
        match self.state {
            // Only the rightful client gets here, so a second use means that its code leaked.
            DeviceState::Redeemed(grant_id) => Err(DeviceCodeError::AlreadyRedeemed(grant_id)),
            DeviceState::Denied => Err(DeviceCodeError::Denied),
            DeviceState::Pending | DeviceState::Approved(_) if now >= self.expires_at => {
                Err(DeviceCodeError::Expired)
            }
            DeviceState::Approved(_) if !standing.is_user_enabled => {
                Err(DeviceCodeError::UserDisabled)
            }
            DeviceState::Approved(_) if !standing.is_grant_live => {
                Err(DeviceCodeError::GrantRevoked)
            }
            DeviceState::Approved(grant_id) => Ok(Polled::Approved(grant_id)),
            DeviceState::Pending => Ok(self.wait(now)),
        }
    }

    fn wait(&self, now: Timestamp) -> Polled {
        let is_too_soon = self
            .last_polled_at
            .is_some_and(|last| now + TIMER_TOLERANCE < last + self.interval);
        let added = if is_too_soon {
            INTERVAL
        } else {
            Duration::ZERO
        };
        Polled::Wait {
            is_too_soon,
            interval: self.interval + added,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{at, client_key, grant_id};

    fn asked(state: DeviceState) -> DeviceAuthorization {
        DeviceAuthorization {
            client_key: client_key(1),
            state,
            interval: INTERVAL,
            last_polled_at: None,
            expires_at: at(600),
        }
    }

    fn wait(is_too_soon: bool, seconds: u64) -> Polled {
        Polled::Wait {
            is_too_soon,
            interval: Duration::from_secs(seconds),
        }
    }

    fn poll(
        device: &DeviceAuthorization,
        now: Timestamp,
        change: impl FnOnce(&mut Standing),
    ) -> Result<Polled, DeviceCodeError> {
        let mut standing = Standing::GOOD;
        change(&mut standing);
        device.poll(client_key(1), standing, now)
    }

    /// Row U5.
    #[test]
    fn a_device_that_asks_too_soon_waits_five_seconds_longer() {
        let mut device = asked(DeviceState::Pending);
        assert_eq!(poll(&device, at(0), |_| {}), Ok(wait(false, 5)));
        device.last_polled_at = Some(at(0));
        assert_eq!(poll(&device, at(4), |_| {}), Ok(wait(true, 10)));
        assert_eq!(poll(&device, at(5), |_| {}), Ok(wait(false, 5)));
        device.interval = Duration::from_secs(10);
        assert_eq!(poll(&device, at(9), |_| {}), Ok(wait(true, 15)));
        assert_eq!(poll(&device, at(10), |_| {}), Ok(wait(false, 10)));
    }

    /// Row U6: what a person decided counts at once, until the end.
    #[test]
    fn every_state_has_its_answer() {
        use DeviceCodeError as E;
        let grant = grant_id(1);
        for (state, before, after) in [
            (
                DeviceState::Approved(grant),
                Ok(Polled::Approved(grant)),
                Err(E::Expired),
            ),
            (DeviceState::Denied, Err(E::Denied), Err(E::Denied)),
            (DeviceState::Pending, Ok(wait(false, 5)), Err(E::Expired)),
            (
                DeviceState::Redeemed(grant),
                Err(E::AlreadyRedeemed(grant)),
                Err(E::AlreadyRedeemed(grant)),
            ),
        ] {
            let device = asked(state);
            assert_eq!(poll(&device, at(599), |_| {}), before, "{state:?}");
            assert_eq!(poll(&device, at(600), |_| {}), after, "{state:?}");
            let stranger = device.poll(client_key(2), Standing::GOOD, at(0));
            assert_eq!(stranger, Err(E::WrongClient), "{state:?}");
            let stored = DeviceState::from_stored(
                state.as_str(),
                matches!(state, DeviceState::Approved(_) | DeviceState::Redeemed(_))
                    .then_some(grant),
            );
            assert_eq!(stored, Some(state));
        }
        assert_eq!(DeviceState::from_stored("approved", None), None);
    }

    #[test]
    fn what_was_disabled_or_revoked_meanwhile_gets_nothing() {
        use DeviceCodeError as E;
        let device = asked(DeviceState::Approved(grant_id(1)));
        let refused = |change: fn(&mut Standing)| poll(&device, at(1), change);
        assert_eq!(
            refused(|it| it.is_client_enabled = false),
            Err(E::ClientDisabled)
        );
        assert_eq!(
            refused(|it| it.is_user_enabled = false),
            Err(E::UserDisabled)
        );
        assert_eq!(refused(|it| it.is_grant_live = false), Err(E::GrantRevoked));
    }

    /// RFC 8628 §3.5: the names that devices wait for.
    #[test]
    fn a_device_hears_the_registered_codes() {
        use DeviceCodeError as E;
        for (error, code) in [
            (E::Pending, "authorization_pending"),
            (E::SlowDown, "slow_down"),
            (E::Denied, "access_denied"),
            (E::Expired, "expired_token"),
            (E::AlreadyRedeemed(grant_id(1)), "invalid_grant"),
            (E::UserDisabled, "invalid_grant"),
        ] {
            assert_eq!(error.code().as_str(), code);
        }
    }
}
