//! Reads a history when all is over and says what must not have happened.
//!
//! It knows no server, only what was sent and what came back, and that whatever was done was done between
//! the two moments of its line. So it accuses only where no order of events could excuse the answers: a
//! linearizable register per token, and revocation that only goes one way (row Z16).
//!
//! What it is not: a source of figures about speed.
//!
//! To add a rule: a variant of [`Rule`], a check in `judge`, a made-up history in `tests` that breaks it.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use super::history::{Asked, Event, Line, Moment, Operation, Outcome, TokenId, span};

/// What one replica ends, the others know within this time (row H5).
const FAR_BOUND: Moment = span(Duration::from_secs(1));

/// What must not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// One token was answered with two successors: two leaves live.
    Fork,
    /// A token bought something after its successor had been used.
    Revived,
    /// An honest client was refused although nobody had ended its session.
    LostSession,
    /// Something was alive after its end had been acknowledged.
    Undone,
    /// One code, two sets of tokens.
    RedeemedTwice,
    /// An access token that was handed out is not known, and nobody had ended its session.
    DeadAccessToken,
    /// An answer that nobody may see: neither success, nor refusal, nor "try later".
    Fault,
    /// The database holds more or fewer live families than the clients' histories leave room for.
    WrongLeaves,
}

/// A broken rule, and the line that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub rule: Rule,
    pub line: String,
}

/// What stands in the database when all clients have stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Autopsy {
    /// Refresh families that nobody has revoked.
    pub live_families: u64,
    /// The sum of their generations: how often they were rotated.
    pub rotations: u64,
    /// Grants with more than one family.
    pub forked_grants: u64,
}

#[derive(Debug, Default)]
pub struct Report {
    pub operations: u64,
    pub by_operation: BTreeMap<&'static str, u64>,
    pub kills: u64,
    pub by_victim: BTreeMap<String, u64>,
    pub sessions: u64,
    /// Answers that never came or said nothing.
    pub unknown_outcomes: u64,
    /// Asked too often: nothing was done, and nothing proved.
    pub limited: u64,
    /// Sessions that somebody ended, and was told so.
    pub ended_sessions: u64,
    /// How often something that had ended was asked for again.
    pub probes_of_the_dead: u64,
    pub violations: Vec<Violation>,
}

pub fn check(history: &[Line], autopsy: Option<&Autopsy>) -> Report {
    let mut report = Report::default();
    let mut sessions: BTreeMap<u64, Vec<Event>> = BTreeMap::new();
    for line in history {
        match line {
            Line::Kill { victim, .. } => {
                report.kills += 1;
                let victim = victim.split(' ').next().unwrap_or_default();
                *report.by_victim.entry(victim.to_owned()).or_default() += 1;
            }
            Line::Event(event) => sessions.entry(event.session).or_default().push(*event),
        }
    }
    let mut leaves = Leaves::default();
    report.sessions = u64::try_from(sessions.len()).unwrap();
    for events in sessions.values() {
        let session = Session::of(events);
        for event in events {
            report.count(event, &session);
            if let Some(rule) = session.judge(event) {
                report.violations.push(Violation {
                    rule,
                    line: Line::Event(*event).to_string(),
                });
            }
        }
        report.ended_sessions += u64::from(session.end.is_some());
        leaves.add(&session, events);
    }
    if let Some(autopsy) = autopsy
        && !leaves.fit(autopsy)
    {
        report.violations.push(Violation {
            rule: Rule::WrongLeaves,
            line: format!("{autopsy:?}, but the clients know of {leaves:?}"),
        });
    }
    report
}

/// An end of a session that was acknowledged.
#[derive(Debug, Clone, Copy)]
struct End {
    at: Moment,
    asked: Asked,
}

/// One session as its events tell it.
#[derive(Debug)]
struct Session {
    /// The first successor that each token was answered with.
    successors: HashMap<TokenId, TokenId>,
    /// When each token was first answered with a successor, at the latest.
    used_at: HashMap<TokenId, Moment>,
    /// The first answer with tokens, for each code.
    redeemed: HashMap<TokenId, Moment>,
    redemptions: usize,
    /// From here on somebody may have ended it.
    may_end_from: Option<Moment>,
    end: Option<End>,
}

impl Session {
    fn of(events: &[Event]) -> Self {
        let mut session = Self {
            successors: HashMap::new(),
            used_at: HashMap::new(),
            redeemed: HashMap::new(),
            redemptions: events
                .iter()
                .filter(|event| event.operation == Operation::Redeem)
                .count(),
            may_end_from: None,
            end: None,
        };
        session.find_end(events);
        for event in events {
            let Outcome::Granted(successor) = event.outcome else {
                continue;
            };
            if event.operation == Operation::Redeem {
                let first = session.redeemed.entry(event.presented).or_insert(event.end);
                *first = event.end.min(*first);
                continue;
            }
            session
                .successors
                .entry(event.presented)
                .or_insert(successor);
            let used = session.used_at.entry(event.presented).or_insert(event.end);
            *used = event.end.min(*used);
        }
        session
    }

    /// Who sends a spent token or a code again, or revokes, ends the session: at some moment after it was
    /// sent, and by the time that the answer says so.
    fn find_end(&mut self, events: &[Event]) {
        let mut redemptions: Vec<Moment> = Vec::new();
        for event in events {
            let (may_end, has_ended) = match event.operation {
                Operation::Revoke => (true, event.outcome == Outcome::Done),
                Operation::Replay => (true, event.outcome == Outcome::Refused),
                Operation::Redeem => {
                    redemptions.push(event.start);
                    (
                        false,
                        self.redemptions > 1 && event.outcome == Outcome::Refused,
                    )
                }
                Operation::Refresh | Operation::Introspect => (false, false),
            };
            if may_end {
                self.may_end_from = Some(earlier(self.may_end_from, event.start));
            }
            if has_ended && self.end.is_none_or(|end| event.end < end.at) {
                self.end = Some(End {
                    at: event.end,
                    asked: event.asked,
                });
            }
        }
        redemptions.sort_unstable();
        if let Some(second) = redemptions.get(1) {
            self.may_end_from = Some(earlier(self.may_end_from, *second));
        }
    }

    /// The rule that this event breaks, whatever the order in which things were done.
    fn judge(&self, event: &Event) -> Option<Rule> {
        let nobody_ended_it = self.may_end_from.is_none_or(|from| event.end < from);
        match (event.operation, event.outcome) {
            (_, Outcome::Fault(_)) => Some(Rule::Fault),
            (Operation::Redeem, Outcome::Granted(_)) => self.judge_redemption(event),
            (Operation::Redeem, Outcome::Refused) if self.redemptions == 1 => {
                Some(Rule::LostSession)
            }
            (Operation::Refresh | Operation::Replay, Outcome::Granted(successor)) => {
                self.judge_grant(event, successor)
            }
            (Operation::Refresh, Outcome::Refused) if nobody_ended_it => Some(Rule::LostSession),
            (Operation::Introspect, Outcome::Inactive) if nobody_ended_it => {
                Some(Rule::DeadAccessToken)
            }
            (Operation::Introspect, Outcome::Active) if self.must_be_known(event) => {
                Some(Rule::Undone)
            }
            _ => None,
        }
    }

    fn judge_redemption(&self, event: &Event) -> Option<Rule> {
        let is_first = self.redeemed.get(&event.presented) == Some(&event.end);
        if !is_first {
            return Some(Rule::RedeemedTwice);
        }
        self.is_over_before(event).then_some(Rule::Undone)
    }

    fn judge_grant(&self, event: &Event, successor: TokenId) -> Option<Rule> {
        if self.successors.get(&event.presented) != Some(&successor) {
            return Some(Rule::Fork);
        }
        if self.is_over_before(event) {
            return Some(Rule::Undone);
        }
        let is_spent = self
            .used_at
            .get(&successor)
            .is_some_and(|used| *used < event.start);
        is_spent.then_some(Rule::Revived)
    }

    fn is_over_before(&self, event: &Event) -> bool {
        self.end.is_some_and(|end| end.at < event.start)
    }

    /// At once by the process that ended it, within the bound by all others.
    fn must_be_known(&self, event: &Event) -> bool {
        self.end.is_some_and(|end| {
            let bound = if end.asked == event.asked {
                0
            } else {
                FAR_BOUND
            };
            end.at + bound < event.start
        })
    }
}

fn earlier(known: Option<Moment>, moment: Moment) -> Moment {
    known.map_or(moment, |known| known.min(moment))
}

/// How many live families, and how often rotated, the histories leave room for.
#[derive(Debug, Default)]
struct Leaves {
    surely_live: u64,
    perhaps_live: u64,
    surely_rotated: u64,
    perhaps_rotated: u64,
}

impl Leaves {
    fn add(&mut self, session: &Session, events: &[Event]) {
        if session.end.is_some() {
            return;
        }
        let rotations = u64::try_from(session.successors.len()).unwrap();
        // A token with an unknown outcome and no answer later may have been rotated.
        let unsettled: Vec<TokenId> = events
            .iter()
            .filter(|event| event.operation == Operation::Refresh && is_unknown(event.outcome))
            .map(|event| event.presented)
            .filter(|presented| !session.successors.contains_key(presented))
            .collect();
        let in_doubt = u64::from(!unsettled.is_empty());
        let is_known_to_live = session.may_end_from.is_none() && !session.redeemed.is_empty();
        if is_known_to_live {
            self.surely_live += 1;
            self.surely_rotated += rotations;
            self.perhaps_rotated += in_doubt;
        } else {
            self.perhaps_live += 1;
            self.perhaps_rotated += rotations + in_doubt;
        }
    }

    fn fit(&self, autopsy: &Autopsy) -> bool {
        let live = self.surely_live..=self.surely_live + self.perhaps_live;
        let rotated = self.surely_rotated..=self.surely_rotated + self.perhaps_rotated;
        live.contains(&autopsy.live_families)
            && rotated.contains(&autopsy.rotations)
            && autopsy.forked_grants == 0
    }
}

const fn is_unknown(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Lost | Outcome::Unavailable)
}

impl Report {
    fn count(&mut self, event: &Event, session: &Session) {
        self.operations += 1;
        let name = match event.operation {
            Operation::Redeem => "redeem",
            Operation::Refresh => "refresh",
            Operation::Replay => "replay",
            Operation::Revoke => "revoke",
            Operation::Introspect => "introspect",
        };
        *self.by_operation.entry(name).or_default() += 1;
        self.unknown_outcomes += u64::from(is_unknown(event.outcome));
        self.limited += u64::from(event.outcome == Outcome::Limited);
        let says_something = !is_unknown(event.outcome) && event.outcome != Outcome::Limited;
        self.probes_of_the_dead += u64::from(session.is_over_before(event) && says_something);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} operations {:?} in {} sessions; {} kills {:?}",
            self.operations, self.by_operation, self.sessions, self.kills, self.by_victim
        )?;
        writeln!(
            out,
            "{} unknown outcomes, {} limited; {} sessions ended, asked for again {} times; {} violations",
            self.unknown_outcomes,
            self.limited,
            self.ended_sessions,
            self.probes_of_the_dead,
            self.violations.len()
        )?;
        let mut by_rule: BTreeMap<Rule, Vec<&str>> = BTreeMap::new();
        for violation in &self.violations {
            let lines = by_rule.entry(violation.rule).or_default();
            lines.push(&violation.line);
        }
        for (rule, lines) in by_rule {
            writeln!(out, "{rule:?}, {} times:", lines.len())?;
            for line in lines.iter().take(5) {
                writeln!(out, "  {line}")?;
            }
        }
        Ok(())
    }
}
