//! Who has how much of a queue: no one more than a share, so that there is room for everybody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Clones share the count.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    most: usize,
    held: Arc<Mutex<HashMap<u128, usize>>>,
}

/// A place of somebody's share; it goes back when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    shares: Shares,
    whose: u128,
}

impl Shares {
    pub(super) fn of(most: usize) -> Self {
        Self {
            most,
            held: Arc::default(),
        }
    }

    /// None: they have their share already.
    pub(super) fn take(&self, whose: u128) -> Option<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(whose).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place {
            shares: self.clone(),
            whose,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let held = &self.shares.held;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_no_more_than_a_share_and_gives_it_back() {
        let shares = Shares::of(2);
        let first = shares.take(1);
        let second = shares.take(1);
        assert!(first.is_some() && second.is_some());
        assert!(shares.take(1).is_none() && shares.take(2).is_some());
        drop(first);
        assert!(shares.take(1).is_some());
        drop(second);
        assert!(shares.held.lock().unwrap().is_empty());
    }
}
