//! The clock and the random number generator: the one place where Writ reads them. Everywhere else
//! they are arguments, so that a test can set the time and repeat the dice.

use protocol::clock::{Clock, Timestamp};
use protocol::random::Random;

/// The system clock. Its distance from the database's clock is watched by the readiness check.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from(time::OffsetDateTime::now_utc())
    }
}

/// The operating system's generator, through aws-lc.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one source of random bytes")]
    fn fill(&self, bytes: &mut [u8]) {
        // A process that cannot get random numbers must not go on to make secrets of zeroes.
        assert!(
            aws_lc_rs::rand::fill(bytes).is_ok(),
            "the random number generator failed"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_fills_the_whole_slice_differently_each_time() {
        let (mut first, mut second) = ([0_u8; 64], [0_u8; 64]);
        SystemRandom.fill(&mut first);
        SystemRandom.fill(&mut second);
        assert_ne!(first, second);
        assert!(first[56..].iter().any(|byte| *byte != 0));
    }

    #[test]
    fn the_clock_does_not_go_backwards_here() {
        let before = SystemClock.now();
        assert!(SystemClock.now() >= before);
    }
}
