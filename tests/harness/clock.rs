//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use protocol::clock::{Clock, Timestamp};

/// Shared by every replica of a test.
#[derive(Debug)]
pub struct TestClock {
    unix_seconds: AtomicI64,
}

impl TestClock {
    /// Begins at the real time, since readiness compares it with PostgreSQL's.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one real moment of a test: where its clock begins"
    )]
    pub fn starting_now() -> Self {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Self {
            unix_seconds: AtomicI64::new(i64::try_from(since_epoch.as_secs()).unwrap()),
        }
    }

    pub fn advance(&self, by: Duration) {
        self.unix_seconds
            .fetch_add(i64::try_from(by.as_secs()).unwrap(), Ordering::SeqCst);
    }

    /// As when somebody sets a wall clock wrongly.
    pub fn set_back(&self, by: Duration) {
        self.unix_seconds
            .fetch_sub(i64::try_from(by.as_secs()).unwrap(), Ordering::SeqCst);
    }

    /// Catches up with the real time, which goes on while this clock stands still.
    pub fn set_to_now(&self) {
        self.unix_seconds
            .store(Self::starting_now().unix_seconds(), Ordering::SeqCst);
    }

    /// What `iat` and `exp` are compared with.
    pub fn unix_seconds(&self) -> i64 {
        self.unix_seconds.load(Ordering::SeqCst)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.unix_seconds())
    }
}
