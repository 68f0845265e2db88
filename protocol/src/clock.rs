//! Points in time, and the seam they come from. No rule reads a clock: `now` is always an argument.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Clocks of replicas may differ by this much: beyond it a replica is not ready and does no jobs.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(2);

/// The last second of the year 9999: a later time in somebody's JWT is a mistake or an attack (`1e300`).
const LAST_SECOND: i64 = 253_402_300_799;

/// Where `now` comes from: the system in production, a hand-moved clock in tests.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// A point in time in UTC, in whole microseconds as PostgreSQL keeps them, so that a value read back
/// equals the value written. Serialised as microseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    pub const UNIX_EPOCH: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// Out-of-range values saturate: a time beyond the year 9999 is as good as "never".
    pub fn from_unix_micros(micros: i64) -> Self {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).map_or_else(
            |_| {
                if micros < 0 {
                    Self::minimum()
                } else {
                    Self::maximum()
                }
            },
            Self,
        )
    }

    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self::from_unix_micros(seconds.saturating_mul(1_000_000))
    }

    /// A time in a JWT that somebody else made. RFC 7519 §2 allows fractions, and Python's `time.time()`
    /// makes them; a string, a negative or an absurd number is no time.
    pub fn from_numeric_date(value: &Value) -> Option<Self> {
        let whole = value.as_i64().or_else(|| {
            let seconds = value.as_f64().filter(|seconds| seconds.is_finite())?;
            // Checked below; what is out of range saturates.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the fraction is meant to go"
            )]
            let seconds = seconds.floor() as i64;
            Some(seconds)
        });
        whole
            .filter(|seconds| (0..=LAST_SECOND).contains(seconds))
            .map(Self::from_unix_seconds)
    }

    pub fn unix_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// The first `iat` that was surely written after this: a token tells no more than the second, and a replica's
    /// clock may be fast.
    pub fn first_second_surely_after(self) -> i64 {
        (self + MAX_CLOCK_SKEW).unix_seconds().saturating_add(1)
    }

    /// Whether a token with this `iat` was surely written before this, likewise. Between the two nobody knows.
    pub fn is_surely_after_second(self, iat: i64) -> bool {
        Self::from_unix_seconds(iat.saturating_add(1)) + MAX_CLOCK_SKEW <= self
    }

    pub fn unix_millis(self) -> i64 {
        self.unix_micros().div_euclid(1_000)
    }

    pub fn unix_micros(self) -> i64 {
        i64::try_from(self.0.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0 - earlier.0).unwrap_or(Duration::ZERO)
    }

    /// RFC 3339 in UTC, as the admin API shows times.
    pub fn to_rfc3339(self) -> String {
        self.0.format(&Rfc3339).unwrap_or_default()
    }

    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let read = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        // An hour before the end of the calendar, west of Greenwich, is beyond it in UTC.
        read.checked_to_offset(time::UtcOffset::UTC).map(Self::from)
    }

    fn minimum() -> Self {
        Self(time::PrimitiveDateTime::MIN.assume_utc())
    }

    fn maximum() -> Self {
        Self::from(time::PrimitiveDateTime::MAX.assume_utc())
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(value: OffsetDateTime) -> Self {
        let utc = value.to_offset(time::UtcOffset::UTC);
        let micros = utc.microsecond();
        Self(utc.replace_microsecond(micros).unwrap_or(utc))
    }
}

impl From<Timestamp> for OffsetDateTime {
    fn from(value: Timestamp) -> Self {
        value.0
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let duration = time::Duration::try_from(duration).unwrap_or(time::Duration::MAX);
        Self::from(self.0.saturating_add(duration))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let duration = time::Duration::try_from(duration).unwrap_or(time::Duration::MAX);
        Self::from(self.0.saturating_sub(duration))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.to_rfc3339())
    }
}

impl std::fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.unix_micros())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::from_unix_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_kept_in_whole_microseconds() {
        let fine = OffsetDateTime::from_unix_timestamp_nanos(1_234_567_890_123_456_789).unwrap();
        let kept = Timestamp::from(fine);
        assert_eq!(kept.unix_micros(), 1_234_567_890_123_456);
        assert_eq!(Timestamp::from_unix_micros(kept.unix_micros()), kept);
    }

    #[test]
    fn arithmetic_saturates() {
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        assert_eq!((now + Duration::from_mins(1)).unix_seconds(), 1_800_000_060);
        assert_eq!((now - Duration::from_mins(1)).unix_seconds(), 1_799_999_940);
        assert!(now + Duration::MAX > now);
        assert_eq!(
            now.saturating_since(now + Duration::from_secs(1)),
            Duration::ZERO
        );
        assert!(Timestamp::from_unix_seconds(i64::MAX) > now);
        assert!(Timestamp::from_unix_seconds(i64::MIN) < now);
    }

    /// Whatever the clock of the replica that wrote the token, within what clocks may differ by.
    #[test]
    fn what_a_second_leaves_open_is_neither_before_nor_after() {
        const MICROS: i64 = 1_800_000_000_000_000;
        let skew = i64::try_from(MAX_CLOCK_SKEW.as_micros()).unwrap();
        for moment in (MICROS..MICROS + 1_000_000).step_by(250_000) {
            let moment = Timestamp::from_unix_micros(moment);
            for distance in (-4_000_000..4_000_000).step_by(250_000) {
                for wrong_by in [-skew, 0, skew] {
                    let clock = moment.unix_micros() + distance + wrong_by;
                    let iat = clock.div_euclid(1_000_000);
                    let (void, before) = (
                        iat < moment.first_second_surely_after(),
                        moment.is_surely_after_second(iat),
                    );
                    assert!(void || distance > 0, "{distance} {wrong_by}");
                    assert!(!before || distance < 0, "{distance} {wrong_by}");
                    assert!(void || !before);
                }
            }
        }
    }

    #[test]
    fn a_numeric_date_is_a_number_of_this_calendar() {
        use serde_json::json;
        let read = |value: Value| Timestamp::from_numeric_date(&value).map(Timestamp::unix_seconds);
        assert_eq!(read(json!(1_800_000_000)), Some(1_800_000_000));
        assert_eq!(read(json!(1_800_000_000.9)), Some(1_800_000_000));
        assert_eq!(read(json!(LAST_SECOND)), Some(LAST_SECOND));
        for no_time in [
            json!("1800000000"),
            json!(null),
            json!(-1),
            json!(-0.5),
            json!(1e300),
            json!(LAST_SECOND + 1),
            json!(u64::MAX),
        ] {
            assert_eq!(read(no_time.clone()), None, "{no_time}");
        }
    }

    #[test]
    fn a_time_survives_json_and_rfc3339() {
        let now = Timestamp::from_unix_micros(1_800_000_000_123_456);
        let text = serde_json::to_string(&now).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), now);
        assert_eq!(Timestamp::parse_rfc3339(&now.to_rfc3339()), Some(now));
    }
}
