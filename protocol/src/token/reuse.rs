//! What a spent refresh token that comes again most probably is, for whoever looks into it.
//!
//! A class is a reading of facts, not a decision: what happens to the family is decided beside it
//! (`refresh_token::decide`), and the facts are recorded with the class, so that a reader can disagree.
//!
//! To add a class: a variant with its name, an arm in [`classify`], its row in `docs/incidents.md`.

use std::time::Duration;

use super::refresh_token::{RefreshDecision, RefreshError};

/// Nobody misses an answer sooner: requests that lie this close together were under way at once.
pub const TOGETHER: Duration = Duration::from_millis(250);

/// What is known about a spent token when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReuseFacts {
    /// Since the live leaf replaced the one before it; none of a family that never rotated.
    pub since_rotation: Option<Duration>,
    /// Whether it comes from where the last rotation was asked for; none where that is not known.
    pub is_same_address: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReuseClass {
    /// The successor is unused and the window open: the application asks again, from the same place.
    LostAnswer,
    /// The successor is unused and the window open, but it comes from another place, or came at the same
    /// moment: several processes of one application share a token.
    TwoProcesses,
    /// The successor is unused and the window over: a process that slept, or an old copy of a token store.
    StaleCopy,
    /// The successor was used: two parties hold tokens of one family.
    TheftSuspected,
}

impl ReuseClass {
    pub const ALL: [Self; 4] = [
        Self::LostAnswer,
        Self::TwoProcesses,
        Self::StaleCopy,
        Self::TheftSuspected,
    ];

    /// Stable: alerts match on it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LostAnswer => "lost_answer",
            Self::TwoProcesses => "two_processes",
            Self::StaleCopy => "stale_copy",
            Self::TheftSuspected => "theft_suspected",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

/// None where no spent token of a living family was shown.
pub fn classify(decision: RefreshDecision, facts: ReuseFacts) -> Option<ReuseClass> {
    match decision {
        RefreshDecision::SameSuccessor => Some(class_of_repetition(facts)),
        RefreshDecision::Dead(RefreshError::SpentOutsideWindow) => Some(ReuseClass::StaleCopy),
        RefreshDecision::Reuse(_) => Some(ReuseClass::TheftSuspected),
        RefreshDecision::Rotate | RefreshDecision::Keep | RefreshDecision::Dead(_) => None,
    }
}

fn class_of_repetition(facts: ReuseFacts) -> ReuseClass {
    let came_together = facts.since_rotation.is_some_and(|since| since < TOGETHER);
    if came_together || facts.is_same_address == Some(false) {
        ReuseClass::TwoProcesses
    } else {
        ReuseClass::LostAnswer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::grant_id;

    fn after(milliseconds: u64, is_same_address: Option<bool>) -> ReuseFacts {
        ReuseFacts {
            since_rotation: Some(Duration::from_millis(milliseconds)),
            is_same_address,
        }
    }

    /// Row F12: the table of the classes.
    #[test]
    fn the_class_table_holds() {
        use RefreshDecision::{Dead, Keep, Reuse, Rotate, SameSuccessor};
        use ReuseClass::{LostAnswer, StaleCopy, TheftSuspected, TwoProcesses};
        let here = Some(true);
        let elsewhere = Some(false);
        for (decision, facts, class) in [
            (SameSuccessor, after(5_000, here), Some(LostAnswer)),
            (SameSuccessor, after(5_000, None), Some(LostAnswer)),
            (SameSuccessor, after(5_000, elsewhere), Some(TwoProcesses)),
            (SameSuccessor, after(249, here), Some(TwoProcesses)),
            (SameSuccessor, after(250, here), Some(LostAnswer)),
            (
                Dead(RefreshError::SpentOutsideWindow),
                after(61_000, here),
                Some(StaleCopy),
            ),
            (
                Dead(RefreshError::SpentOutsideWindow),
                after(61_000, elsewhere),
                Some(StaleCopy),
            ),
            (Reuse(grant_id(1)), after(1, here), Some(TheftSuspected)),
            (Dead(RefreshError::Revoked), after(1, here), None),
            (Dead(RefreshError::Unknown), after(1, here), None),
            (Rotate, after(1, here), None),
            (Keep, after(1, here), None),
        ] {
            assert_eq!(classify(decision, facts), class, "{decision:?} {facts:?}");
        }
    }

    #[test]
    fn every_class_is_read_by_its_name() {
        for class in ReuseClass::ALL {
            assert_eq!(ReuseClass::parse(class.as_str()), Some(class));
        }
        assert_eq!(ReuseClass::parse("theft"), None);
    }
}
