//! From when on audit events are kept: the one way to say so, which no caller's mistake makes too late.

use std::time::Duration;

use protocol::Timestamp;

/// The least that an operator can ask for, and what stays whatever anybody asks for.
pub const SHORTEST_AUDIT_RETENTION: Duration = Duration::from_hours(24);

/// What came before this may be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstKept(Timestamp);

impl FirstKept {
    /// What is younger than [`SHORTEST_AUDIT_RETENTION`] is kept also where `retention` is shorter.
    pub fn new(now: Timestamp, retention: Duration) -> Self {
        Self(now - retention.max(SHORTEST_AUDIT_RETENTION))
    }

    pub const fn at(self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_retention_reaches_the_last_day() {
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        for retention in [Duration::ZERO, Duration::from_secs(365)] {
            let first_kept = FirstKept::new(now, retention);
            assert_eq!(first_kept.at(), now - SHORTEST_AUDIT_RETENTION);
        }
        let year = Duration::from_hours(365 * 24);
        assert_eq!(FirstKept::new(now, year).at(), now - year);
    }
}
