//! Made-up histories: each bad one is found, and what only looks bad is not.

use super::super::history::{Asked, Event, Line, Operation, Outcome, TokenId};
use super::{Autopsy, Report, Rule, check};
use Operation::{Introspect, Redeem, Refresh, Replay, Revoke};
use Outcome::{Active, Done, Fault, Granted, Inactive, Lost, Refused, Unavailable};

const CODE: u64 = 1;
const ACCESS: u64 = 2;
const SECOND: u64 = 1_000_000;

/// A session as a story: each deed after the one before, ten milliseconds apart.
struct Story {
    lines: Vec<Line>,
    now: u64,
    replica: u32,
}

impl Story {
    /// A code was redeemed for the refresh token 10.
    fn begun() -> Self {
        Self::new().then(Redeem, CODE, Granted(TokenId(10)))
    }

    fn new() -> Self {
        Self {
            lines: Vec::new(),
            now: 1_000,
            replica: 1,
        }
    }

    fn then(mut self, operation: Operation, presented: u64, outcome: Outcome) -> Self {
        self.now += 10_000;
        let (start, end) = (self.now, self.now + 5_000);
        self.during(start, end, operation, presented, outcome)
    }

    /// At these very moments, perhaps beside others.
    fn during(
        mut self,
        start: u64,
        end: u64,
        operation: Operation,
        presented: u64,
        outcome: Outcome,
    ) -> Self {
        self.lines.push(Line::Event(Event {
            start,
            end,
            session: 7,
            asked: Asked {
                replica: self.replica,
                incarnation: 1,
            },
            operation,
            presented: TokenId(presented),
            outcome,
        }));
        self.now = self.now.max(end);
        self
    }

    /// Refreshed once: 10 became 11, and 11 became 12.
    fn refreshed_twice() -> Self {
        Self::begun().then(Refresh, 10, Granted(TokenId(11))).then(
            Refresh,
            11,
            Granted(TokenId(12)),
        )
    }

    fn at_replica(mut self, replica: u32) -> Self {
        self.replica = replica;
        self
    }

    fn later_by(mut self, microseconds: u64) -> Self {
        self.now += microseconds;
        self
    }

    fn report(&self) -> Report {
        check(&self.lines, None)
    }

    #[track_caller]
    fn is_clean(&self) {
        let report = self.report();
        assert!(report.violations.is_empty(), "{report}");
    }

    #[track_caller]
    fn breaks(&self, rule: Rule) {
        let report = self.report();
        let broken: Vec<Rule> = report.violations.iter().map(|one| one.rule).collect();
        assert_eq!(broken, [rule], "{report}");
    }
}

#[test]
fn an_honest_life_with_lost_answers_is_clean() {
    Story::begun()
        .then(Introspect, ACCESS, Active)
        .then(Refresh, 10, Lost)
        .then(Refresh, 10, Unavailable)
        .then(Refresh, 10, Granted(TokenId(11)))
        .then(Refresh, 10, Granted(TokenId(11)))
        .then(Refresh, 11, Granted(TokenId(12)))
        .then(Revoke, 12, Lost)
        .then(Revoke, 12, Done)
        .then(Refresh, 12, Refused)
        .then(Introspect, ACCESS, Inactive)
        .is_clean();
}

#[test]
fn two_successors_of_one_token_are_a_fork() {
    Story::begun()
        .then(Refresh, 10, Granted(TokenId(11)))
        .then(Refresh, 10, Granted(TokenId(99)))
        .breaks(Rule::Fork);
}

#[test]
fn a_token_that_buys_after_its_successor_was_used_is_revived() {
    Story::refreshed_twice()
        .then(Refresh, 10, Granted(TokenId(11)))
        .breaks(Rule::Revived);
    Story::refreshed_twice()
        .then(Replay, 10, Granted(TokenId(11)))
        .breaks(Rule::Revived);
}

/// The retry was sent before the successor was used: it may have been answered first.
#[test]
fn a_retry_that_overlaps_the_use_of_its_successor_is_no_revival() {
    Story::begun()
        .then(Refresh, 10, Granted(TokenId(11)))
        .during(100_000, 300_000, Refresh, 10, Granted(TokenId(11)))
        .during(200_000, 400_000, Refresh, 11, Granted(TokenId(12)))
        .is_clean();
}

#[test]
fn a_refusal_that_nobody_caused_is_a_lost_session() {
    Story::begun()
        .then(Refresh, 10, Lost)
        .then(Refresh, 10, Refused)
        .breaks(Rule::LostSession);
    Story::new()
        .then(Redeem, CODE, Refused)
        .breaks(Rule::LostSession);
}

#[test]
fn a_refusal_beside_a_revocation_is_none() {
    Story::begun()
        .during(100_000, 300_000, Refresh, 10, Refused)
        .during(200_000, 400_000, Revoke, 10, Lost)
        .is_clean();
}

#[test]
fn what_lives_after_an_acknowledged_revocation_is_undone() {
    Story::begun()
        .then(Revoke, 10, Done)
        .then(Refresh, 10, Granted(TokenId(11)))
        .breaks(Rule::Undone);
    // Only asked for, and never acknowledged.
    Story::begun()
        .then(Revoke, 10, Lost)
        .then(Refresh, 10, Granted(TokenId(11)))
        .is_clean();
    // A theft that was noticed, forgotten after a crash.
    Story::refreshed_twice()
        .then(Replay, 10, Refused)
        .then(Refresh, 12, Granted(TokenId(13)))
        .breaks(Rule::Undone);
}

#[test]
fn another_replica_has_a_second_and_the_same_one_has_none() {
    let revoked = || Story::begun().then(Revoke, 10, Done);
    revoked()
        .then(Introspect, ACCESS, Active)
        .breaks(Rule::Undone);
    revoked()
        .at_replica(2)
        .then(Introspect, ACCESS, Active)
        .is_clean();
    revoked()
        .at_replica(2)
        .later_by(SECOND)
        .then(Introspect, ACCESS, Active)
        .breaks(Rule::Undone);
}

#[test]
fn one_code_buys_once() {
    Story::begun()
        .then(Redeem, CODE, Granted(TokenId(20)))
        .breaks(Rule::RedeemedTwice);
    // The second one was refused, so what the first bought is over.
    Story::begun()
        .then(Redeem, CODE, Refused)
        .then(Refresh, 10, Refused)
        .is_clean();
    Story::begun()
        .then(Redeem, CODE, Refused)
        .then(Refresh, 10, Granted(TokenId(11)))
        .breaks(Rule::Undone);
}

#[test]
fn an_access_token_that_was_handed_out_is_known() {
    Story::begun()
        .then(Introspect, ACCESS, Inactive)
        .breaks(Rule::DeadAccessToken);
}

#[test]
fn a_fault_is_never_right() {
    Story::begun()
        .then(Refresh, 10, Fault(500))
        .breaks(Rule::Fault);
}

#[test]
fn the_database_holds_the_leaves_that_the_clients_know() {
    let lives = Story::refreshed_twice();
    let doubtful = Story::refreshed_twice().then(Refresh, 12, Lost);
    let ended = Story::refreshed_twice().then(Revoke, 12, Done);
    let autopsy = |live_families, rotations| Autopsy {
        live_families,
        rotations,
        forked_grants: 0,
    };
    let is_right =
        |story: &Story, autopsy: Autopsy| check(&story.lines, Some(&autopsy)).violations.is_empty();
    assert!(is_right(&lives, autopsy(1, 2)));
    // Somebody else rotated; or the family is gone; or there is a second one.
    assert!(!is_right(&lives, autopsy(1, 3)));
    assert!(!is_right(&lives, autopsy(0, 0)));
    assert!(!is_right(&lives, autopsy(2, 2)));
    assert!(is_right(&doubtful, autopsy(1, 2)));
    assert!(is_right(&doubtful, autopsy(1, 3)));
    assert!(!is_right(&doubtful, autopsy(1, 4)));
    assert!(is_right(&ended, autopsy(0, 0)));
    assert!(!is_right(&ended, autopsy(1, 2)));
    let forked = Autopsy {
        forked_grants: 1,
        ..autopsy(1, 2)
    };
    assert!(!is_right(&lives, forked));
}
