//! The name of one request: in every log line of it, in `X-Request-Id`, and as `error_id` in an
//! error. It is made here and never taken from outside, so it can be trusted in a log.
//!
//! Not a secret, and no state beyond a counter.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::Random;

/// Twelve hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

const MASK: u64 = (1 << 48) - 1;

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

/// Makes the names of this process.
pub struct RequestIds {
    start: u64,
    count: AtomicU64,
}

impl RequestIds {
    /// A random start keeps replicas and restarts apart.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        Self {
            start: u64::from_le_bytes(bytes),
            count: AtomicU64::new(0),
        }
    }

    /// Multiplying by an odd number permutes 48 bits: no name comes twice, and none tells how many
    /// requests there were.
    pub fn next(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        RequestId(
            self.start
                .wrapping_add(count)
                .wrapping_mul(0x9e37_79b9_7f4b)
                & MASK,
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    struct Fixed;

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn no_two_requests_have_one_name() {
        let ids = RequestIds::new(&Fixed);
        let names: HashSet<String> = (0..10_000).map(|_| ids.next().to_string()).collect();
        assert_eq!(names.len(), 10_000);
        assert!(names.iter().all(|name| name.len() == 12));
    }
}
