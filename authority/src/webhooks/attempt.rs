//! One attempt to tell a webhook of one event: what came of it, for the delivery and for the webhook.

use std::time::Duration;

use outbound::FetchError;
use protocol::Timestamp;
use protocol::webhook::{PAUSED_AFTER, next_attempt_after};
use store::{DeliveryOutcome, DeliveryState};

/// The guard had no room, or the secret no key: nothing was tried.
const BUSY_WAIT: Duration = Duration::from_secs(5);
const UNSEALED_WAIT: Duration = Duration::from_hours(1);

pub(super) enum Attempt {
    Taken(u16),
    Failed(FetchError),
    /// Older than the audit keeps it.
    EventGone,
    /// The key that its secret is sealed under is gone, or the webhook is no longer active.
    Unsealed,
}

impl From<Result<u16, FetchError>> for Attempt {
    fn from(posted: Result<u16, FetchError>) -> Self {
        posted.map_or_else(Self::Failed, Self::Taken)
    }
}

impl Attempt {
    /// What the delivery's row says from now on. `attempts` before this one.
    pub fn outcome(&self, attempts: u32, now: Timestamp) -> DeliveryOutcome {
        let settled = |state, is_attempt| DeliveryOutcome {
            state,
            is_attempt,
            due_at: now,
            status: None,
            error: None,
        };
        let waits = |wait: Duration| DeliveryOutcome {
            due_at: now + wait,
            ..settled(DeliveryState::Pending, false)
        };
        match self {
            Self::Taken(status) => DeliveryOutcome {
                status: Some(*status),
                ..settled(DeliveryState::Delivered, true)
            },
            Self::Failed(FetchError::Busy) => waits(BUSY_WAIT),
            Self::Unsealed => waits(UNSEALED_WAIT),
            Self::EventGone => DeliveryOutcome {
                error: Some("event_gone".to_owned()),
                ..settled(DeliveryState::Failed, false)
            },
            Self::Failed(error) => {
                let next = next_attempt_after(attempts + 1);
                let state = next.map_or(DeliveryState::Failed, |_| DeliveryState::Pending);
                DeliveryOutcome {
                    due_at: now + next.unwrap_or_default(),
                    status: status_of(*error),
                    error: Some(told_as(*error).to_owned()),
                    ..settled(state, true)
                }
            }
        }
    }

    pub fn counted_as(&self, outcome: &DeliveryOutcome) -> &'static str {
        match self {
            Self::Taken(_) => "delivered",
            Self::Failed(FetchError::Busy) => "busy",
            Self::Failed(_) if outcome.state == DeliveryState::Failed => "given_up",
            Self::Failed(_) => "failed",
            Self::EventGone => "event_gone",
            Self::Unsealed => "unsealed",
        }
    }

    pub fn fetched_as(&self) -> Option<&'static str> {
        match self {
            Self::Taken(_) => Some("fetched"),
            Self::Failed(error) => Some(error.reason()),
            Self::EventGone | Self::Unsealed => None,
        }
    }
}

/// What the tenant's administrator sees. Not which names there are in the network that Writ stands in (row K11): what is
/// special use, cannot be resolved and does not answer is one thing.
fn told_as(error: FetchError) -> &'static str {
    match error {
        FetchError::SpecialUse | FetchError::Resolve | FetchError::Connect => "unreachable",
        other => other.reason(),
    }
}

const fn status_of(error: FetchError) -> Option<u16> {
    match error {
        FetchError::Status(status) | FetchError::Redirect(status) => Some(status),
        _ => None,
    }
}

/// What the attempts of one round say of a webhook.
#[derive(Default)]
pub(super) struct Tally {
    pub is_taken: bool,
    pub is_failed: bool,
    is_gone: bool,
}

impl Tally {
    pub fn note(&mut self, attempt: &Attempt) {
        match attempt {
            Attempt::Taken(_) => self.is_taken = true,
            Attempt::Failed(FetchError::Busy) | Attempt::EventGone | Attempt::Unsealed => {}
            Attempt::Failed(error) => {
                self.is_failed = true;
                self.is_gone |= *error == FetchError::Status(410);
            }
        }
    }

    /// Standard Webhooks: 410 asks for no more, and whoever fails for days is gone as well.
    pub fn reason_to_pause(
        &self,
        failing_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<&'static str> {
        if self.is_taken || !self.is_failed {
            return None;
        }
        if self.is_gone {
            return Some("gone");
        }
        failing_since
            .is_some_and(|since| now.saturating_since(since) >= PAUSED_AFTER)
            .then_some("failing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000)
    }

    #[test]
    fn an_attempt_that_was_none_does_not_count() {
        for nothing in [Attempt::Failed(FetchError::Busy), Attempt::Unsealed] {
            let outcome = nothing.outcome(9, now());
            assert_eq!(outcome.state, DeliveryState::Pending);
            assert!(!outcome.is_attempt && outcome.due_at > now());
        }
    }

    #[test]
    fn the_tenth_failure_is_the_last() {
        let failed = Attempt::Failed(FetchError::Status(500));
        assert_eq!(failed.outcome(8, now()).state, DeliveryState::Pending);
        let last = failed.outcome(9, now());
        assert_eq!(
            (last.state, last.status),
            (DeliveryState::Failed, Some(500))
        );
        assert_eq!(failed.counted_as(&last), "given_up");
    }

    #[test]
    fn one_that_is_gone_or_fails_for_days_is_paused() {
        let tally_of = |attempts: &[Attempt]| {
            let mut tally = Tally::default();
            for attempt in attempts {
                tally.note(attempt);
            }
            tally
        };
        let failed = || Attempt::Failed(FetchError::Timeout);
        let long_ago = Some(now() - PAUSED_AFTER);
        let failing = tally_of(&[failed()]);
        assert_eq!(failing.reason_to_pause(long_ago, now()), Some("failing"));
        assert_eq!(failing.reason_to_pause(Some(now()), now()), None);
        assert_eq!(failing.reason_to_pause(None, now()), None);
        let gone = tally_of(&[Attempt::Failed(FetchError::Status(410))]);
        assert_eq!(gone.reason_to_pause(None, now()), Some("gone"));
        let alive = tally_of(&[failed(), Attempt::Taken(200)]);
        assert_eq!(alive.reason_to_pause(long_ago, now()), None);
        let idle = tally_of(&[Attempt::Failed(FetchError::Busy), Attempt::EventGone]);
        assert_eq!(idle.reason_to_pause(long_ago, now()), None);
    }
}
