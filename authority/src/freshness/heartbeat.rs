//! Whether changes made elsewhere reach this replica in time.
//!
//! A heartbeat is a notification this replica sends to itself through PostgreSQL. Notifications
//! arrive in commit order, so a heartbeat that came back proves that everything committed before
//! it was *sent* has been heard. What counts is therefore the sending time of the last one heard.
//!
//! The time here is the machine's monotonic clock, not `Clock`: staleness is real elapsed time,
//! and stepping the wall clock must neither feign nor spoil it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(250);
/// Without a heartbeat for this long, answers are read from PostgreSQL.
const FRESH_FOR_MILLISECONDS: u64 = 750;
/// Heartbeats whose way back is still awaited; older ones would not make us fresh anyway.
const AWAITED: usize = 8;

pub struct Heartbeat {
    origin: Instant,
    awaited: Mutex<Awaited>,
    /// Milliseconds from `origin` to the sending of the last heartbeat heard, plus one; 0: none.
    heard: AtomicU64,
}

#[derive(Default)]
struct Awaited {
    next_number: u64,
    sent: VecDeque<(u64, u64)>,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            awaited: Mutex::new(Awaited::default()),
            heard: AtomicU64::new(0),
        }
    }
}

impl Heartbeat {
    /// Numbers the heartbeat that is about to be sent.
    pub fn send(&self) -> u64 {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        let number = awaited.next_number;
        awaited.next_number += 1;
        if awaited.sent.len() == AWAITED {
            awaited.sent.pop_front();
        }
        awaited.sent.push_back((number, self.elapsed()));
        number
    }

    pub fn hear(&self, number: u64) {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((sent, sent_at)) = awaited.sent.front().copied() {
            if sent > number {
                break;
            }
            awaited.sent.pop_front();
            if sent == number {
                self.heard.store(sent_at + 1, Ordering::Release);
            }
        }
    }

    /// The connection was lost: what was heard proves nothing about what comes next.
    pub fn forget(&self) {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.sent.clear();
        self.heard.store(0, Ordering::Release);
    }

    /// One atomic load: every request asks.
    pub fn is_live(&self) -> bool {
        let heard = self.heard.load(Ordering::Acquire);
        heard > 0 && self.elapsed().saturating_sub(heard - 1) < FRESH_FOR_MILLISECONDS
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_sending_time_counts_not_the_arrival() {
        let heartbeat = Heartbeat::default();
        assert!(!heartbeat.is_live());
        let number = heartbeat.send();
        tokio::time::advance(Duration::from_millis(700)).await;
        heartbeat.hear(number);
        assert!(heartbeat.is_live());
        tokio::time::advance(Duration::from_millis(60)).await;
        assert!(!heartbeat.is_live());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_connection_is_not_fresh_until_a_heartbeat_sent_after_it() {
        let heartbeat = Heartbeat::default();
        let before = heartbeat.send();
        heartbeat.hear(before);
        let in_flight = heartbeat.send();
        heartbeat.forget();
        assert!(!heartbeat.is_live());
        heartbeat.hear(in_flight);
        assert!(!heartbeat.is_live());
        let after = heartbeat.send();
        heartbeat.hear(after);
        assert!(heartbeat.is_live());
    }
}
