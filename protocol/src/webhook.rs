//! Webhooks by the rules of Standard Webhooks (<https://www.standardwebhooks.com>, its specification 1.0.0): which
//! events one wants, what is signed, and when it is tried again.
//!
//! Not here: the signature itself (`crypto::webhook_secret`), and which events there are (`authority::audit`).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::ids::EventId;

/// Failing for so long, it is paused: nobody is there any more.
pub const PAUSED_AFTER: Duration = Duration::from_hours(5 * 24);

/// A tenant may have so many.
pub const MOST_WEBHOOKS: u32 = 20;

/// The longest that an old secret signs beside the new one.
pub const LONGEST_OVERLAP: Duration = Duration::from_hours(7 * 24);

/// Which events: all, all of one thing, or one kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventPattern(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither *, nor thing.*, nor thing.happened")]
pub struct InvalidEventPattern;

impl EventPattern {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for events of this name.
    pub fn matches(&self, event_type: &str) -> bool {
        patterns_of(event_type).contains(&self.0)
    }
}

/// Every pattern that stands for an event of this name: what a row is looked for by.
pub fn patterns_of(event_type: &str) -> [String; 3] {
    let thing = event_type.split_once('.').map_or("", |(thing, _)| thing);
    [event_type.to_owned(), format!("{thing}.*"), "*".to_owned()]
}

impl FromStr for EventPattern {
    type Err = InvalidEventPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_lowercase())
        };
        let is_well_formed = text.len() <= 100
            && (text == "*"
                || text.split_once('.').is_some_and(|(thing, happened)| {
                    is_word(thing) && (happened == "*" || is_word(happened))
                }));
        is_well_formed
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidEventPattern)
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is signed: id, time and body, joined by dots. None of the first two has one.
pub fn signed_content(event_id: EventId, sent_at: Timestamp, body: &[u8]) -> Vec<u8> {
    let mut content = format!("{event_id}.{}.", sent_at.unix_seconds()).into_bytes();
    content.extend_from_slice(body);
    content
}

/// How long until a delivery is tried again, by how often it was; none: it has failed. The schedule that the
/// specification gives as its example, three days in all.
pub fn next_attempt_after(attempts: u32) -> Option<Duration> {
    const WAITS: [Duration; 9] = [
        Duration::from_secs(5),
        Duration::from_mins(5),
        Duration::from_mins(30),
        Duration::from_hours(2),
        Duration::from_hours(5),
        Duration::from_hours(10),
        Duration::from_hours(14),
        Duration::from_hours(20),
        Duration::from_hours(24),
    ];
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    WAITS.get(index).copied()
}

/// How long one that fails is left alone, whatever waits for it: the longer it has failed, the longer. Then one
/// delivery shows whether it is back.
pub fn rest_after_failure(failing_for: Duration) -> Duration {
    (failing_for / 10).clamp(Duration::from_secs(5), Duration::from_mins(30))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::uuid;

    #[test]
    fn a_pattern_is_everything_a_thing_or_one_event() {
        for good in ["*", "client.*", "client.created", "signing_key.removed"] {
            assert_eq!(good.parse::<EventPattern>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "*.*",
            "client",
            "client.",
            ".created",
            "Client.created",
            "client.c*",
            "a.b.c",
            "a b.c",
        ] {
            assert_eq!(
                bad.parse::<EventPattern>(),
                Err(InvalidEventPattern),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_pattern_stands_for_its_events_alone() {
        let matches = |pattern: &str| {
            pattern
                .parse::<EventPattern>()
                .unwrap()
                .matches("client.created")
        };
        assert!(matches("*") && matches("client.*") && matches("client.created"));
        assert!(!matches("client.deleted") && !matches("user.*"));
        // A thing whose name begins like another's.
        assert!(
            !"client.*"
                .parse::<EventPattern>()
                .unwrap()
                .matches("client_secret.created")
        );
    }

    #[test]
    fn the_signed_content_is_id_time_and_body() {
        let event_id = EventId::from_uuid(uuid(7));
        let content = signed_content(event_id, Timestamp::from_unix_seconds(1_700_000_000), b"{}");
        assert_eq!(content, format!("{event_id}.1700000000.{{}}").into_bytes());
    }

    #[test]
    fn attempts_come_slower_and_end_after_three_days() {
        let (mut total, mut last, mut attempts) = (Duration::ZERO, Duration::ZERO, 1);
        while let Some(wait) = next_attempt_after(attempts) {
            assert!(wait > last);
            (last, total, attempts) = (wait, total + wait, attempts + 1);
        }
        assert_eq!(attempts, 10);
        assert!(total > Duration::from_hours(72) && total < PAUSED_AFTER);
        assert_eq!(next_attempt_after(0), None);
    }

    #[test]
    fn one_that_fails_is_left_alone_for_longer_and_longer() {
        assert_eq!(rest_after_failure(Duration::ZERO), Duration::from_secs(5));
        assert_eq!(
            rest_after_failure(Duration::from_mins(10)),
            Duration::from_mins(1)
        );
        assert_eq!(rest_after_failure(PAUSED_AFTER), Duration::from_mins(30));
    }
}
