//! What the bodies have in common: lifetimes, names, times, and their bounds in one place.

use std::ops::RangeInclusive;
use std::time::Duration;

use protocol::Timestamp;

use crate::change::Change;
use crate::problem::Faults;

/// Row G4: at most a day.
pub const ACCESS_TOKEN_LIFETIME: RangeInclusive<u64> = 60..=86_400;
pub const REFRESH_IDLE_LIFETIME: RangeInclusive<u64> = 300..=31_536_000;
pub const REFRESH_ABSOLUTE_LIFETIME: RangeInclusive<u64> = 300..=63_072_000;
pub const BROWSER_SESSION_LIFETIME: RangeInclusive<u64> = 300..=2_592_000;
/// Zero: an old refresh token never works twice.
pub const REFRESH_GRACE_WINDOW: RangeInclusive<u64> = 0..=600;
/// A day to two years.
pub const SIGNING_KEY_ROTATION_INTERVAL: RangeInclusive<u64> = 86_400..=63_072_000;
/// An hour to a week: verifiers must have had the time to fetch the key.
pub const SIGNING_KEY_LEAD: RangeInclusive<u64> = 3_600..=604_800;
pub const SIGNING_KEY_WAIT: RangeInclusive<u64> = 0..=604_800;
/// An hour to a year.
pub const UNUSED_CLIENT_LIFETIME: RangeInclusive<u64> = 3_600..=31_536_000;
/// A minute to ten years.
pub const INITIAL_ACCESS_TOKEN_LIFETIME: RangeInclusive<u64> = 60..=315_360_000;
/// Zero: at once. As long as an overlap can be of use.
pub const SECRET_OVERLAP: RangeInclusive<u64> = 0..=31_536_000;
/// A minute to ten years.
pub const ADMIN_KEY_LIFETIME: RangeInclusive<u64> = 60..=315_360_000;

const FURTHEST_END: Duration = Duration::from_hours(87_600);

pub const NAME_LIMIT: usize = 128;
pub const DESCRIPTION_LIMIT: usize = 500;

/// RFC 3339, UTC.
pub fn time(at: Timestamp) -> String {
    at.to_rfc3339()
}

/// A time to come, within ten years.
pub fn end(faults: &mut Faults, field: &str, text: &str, now: Timestamp) -> Option<Timestamp> {
    let end = Timestamp::parse_rfc3339(text)
        .filter(|end| *end > now && end.saturating_since(now) <= FURTHEST_END);
    if end.is_none() {
        let detail = "A time to come, at most ten years ahead, such as 2030-01-31T12:00:00Z.";
        faults.add(field, detail);
    }
    end
}

pub fn seconds(lifetime: Duration) -> u64 {
    lifetime.as_secs()
}

/// Seconds within bounds.
pub fn lifetime(
    faults: &mut Faults,
    field: &str,
    seconds: u64,
    bounds: &RangeInclusive<u64>,
) -> Duration {
    if !bounds.contains(&seconds) {
        faults.add(
            field,
            format!("Seconds, from {} to {}.", bounds.start(), bounds.end()),
        );
    }
    Duration::from_secs(seconds)
}

pub fn lifetime_change(
    faults: &mut Faults,
    field: &str,
    change: Change<u64>,
    bounds: &RangeInclusive<u64>,
) -> Change<Duration> {
    change.map(|seconds| lifetime(faults, field, seconds, bounds))
}

/// Words that people will read: trimmed, not empty, nothing in them that hides or reorders text.
pub fn words(faults: &mut Faults, field: &str, text: &str, limit: usize) -> String {
    let sent = text;
    let text = text.trim();
    if text.is_empty() {
        faults.add(field, "Say something: this is shown to people.");
    } else if sent.chars().count() > limit {
        faults.add(field, format!("At most {limit} characters."));
    } else if sent.chars().any(is_deceptive) {
        faults.add(
            field,
            "Remove control, direction and zero-width characters.",
        );
    }
    text.to_owned()
}

/// Characters that a reader cannot see, or that make the others read differently (row J7).
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_hidden_characters_are_refused() {
        for text in [
            "",
            "  ",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\nb",
            &"x".repeat(129),
        ] {
            let mut faults = Faults::default();
            words(&mut faults, "name", text, NAME_LIMIT);
            assert!(faults.finish().is_err(), "{text:?}");
        }
        let mut faults = Faults::default();
        assert_eq!(words(&mut faults, "name", " Größe ", NAME_LIMIT), "Größe");
        assert!(faults.finish().is_ok());
    }

    #[test]
    fn an_end_is_a_time_to_come() {
        let now = Timestamp::from_unix_seconds(1_900_000_000);
        let is_end = |text: &str| end(&mut Faults::default(), "expires_at", text, now).is_some();
        assert!(is_end("2030-03-18T00:00:00Z") && is_end("2030-03-18T00:00:00+02:00"));
        for text in [
            "2030-03-17T17:46:40Z",
            "2020-01-01T00:00:00Z",
            "2041-01-01T00:00:00Z",
            "tomorrow",
            "",
        ] {
            assert!(!is_end(text), "{text}");
        }
    }

    #[test]
    fn a_lifetime_out_of_bounds_is_refused() {
        let mut faults = Faults::default();
        lifetime(
            &mut faults,
            "access_token_lifetime",
            86_401,
            &ACCESS_TOKEN_LIFETIME,
        );
        assert!(faults.finish().is_err());
    }
}
