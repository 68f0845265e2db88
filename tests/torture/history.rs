//! What was done and what came back, line by line: the only thing that the checker believes.
//!
//! A line is written when the answer, or its absence, is known; its times are those of the client, so the
//! server did what it did somewhere between them. Secrets are not written, but digests that tell them apart.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

/// Microseconds since the rig started.
pub type Moment = u64;

/// Tells tokens, codes and access tokens apart without being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(pub u64);

impl TokenId {
    pub fn of(secret: &str) -> Self {
        let digest = Sha256::digest(secret);
        Self(
            digest
                .iter()
                .take(8)
                .fold(0, |id, byte| (id << 8) | u64::from(*byte)),
        )
    }
}

/// What a client did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A code for tokens; a code that is sent twice dooms what it bought.
    Redeem,
    /// By the client that owns the token, with the newest it knows.
    Refresh,
    /// A token whose successor has been used: by whoever stole it.
    Replay,
    /// RFC 7009, with a refresh token.
    Revoke,
    /// By a resource server, of an access token.
    Introspect,
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 200 with this refresh token.
    Granted(TokenId),
    /// 400 `invalid_grant`.
    Refused,
    /// 200 of a revocation.
    Done,
    Active,
    Inactive,
    /// 503: nothing is known to have happened.
    Unavailable,
    /// 429: nothing has happened.
    Limited,
    /// No answer: it may have happened or not.
    Lost,
    /// Whatever else: nobody may ever see it.
    Fault(u16),
}

/// Which process was asked: its place, and how often it had been started by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub replica: u32,
    pub incarnation: u32,
}

/// One operation on one session: a code and everything that came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    pub start: Moment,
    pub end: Moment,
    pub session: u64,
    pub asked: Asked,
    pub operation: Operation,
    pub presented: TokenId,
    pub outcome: Outcome,
}

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Event(Event),
    Kill { at: Moment, victim: String },
}

/// Writes lines as they happen, and counts what decides when a run is over.
#[derive(Debug)]
pub struct Recorder {
    origin: Instant,
    file: Mutex<BufWriter<File>>,
    operations: AtomicU64,
    sessions: AtomicU64,
}

impl Recorder {
    pub fn create(path: &Path) -> Self {
        Self {
            origin: Instant::now(),
            file: Mutex::new(BufWriter::new(File::create(path).unwrap())),
            operations: AtomicU64::new(0),
            sessions: AtomicU64::new(0),
        }
    }

    pub fn now(&self) -> Moment {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap()
    }

    pub fn write(&self, line: &Line) {
        if matches!(line, Line::Event(_)) {
            self.operations.fetch_add(1, Ordering::Relaxed);
        }
        writeln!(self.file.lock().unwrap(), "{line}").unwrap();
    }

    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    /// The number of a session that begins.
    pub fn next_session(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }

    pub fn flush(&self) {
        self.file.lock().unwrap().flush().unwrap();
    }
}

/// The whole history of a file.
pub fn read(path: &Path) -> Vec<Line> {
    let file = BufReader::new(File::open(path).unwrap());
    file.lines()
        .map(|line| line.unwrap().parse().unwrap())
        .collect()
}

/// How long, as a moment counts.
pub const fn span(duration: Duration) -> Moment {
    duration.as_secs() * 1_000_000 + duration.subsec_micros() as u64
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill { at, victim } => write!(out, "kill\t{at}\t{victim}"),
            Self::Event(event) => {
                let name = match event.operation {
                    Operation::Redeem => "redeem",
                    Operation::Refresh => "refresh",
                    Operation::Replay => "replay",
                    Operation::Revoke => "revoke",
                    Operation::Introspect => "introspect",
                };
                let Event {
                    start,
                    end,
                    session,
                    asked,
                    presented,
                    outcome,
                    ..
                } = event;
                write!(
                    out,
                    "{name}\t{start}\t{end}\t{session}\t{}\t{}\t{:016x}\t{outcome}",
                    asked.replica, asked.incarnation, presented.0
                )
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted(token) => write!(out, "granted {:016x}", token.0),
            Self::Refused => out.write_str("refused"),
            Self::Done => out.write_str("done"),
            Self::Active => out.write_str("active"),
            Self::Inactive => out.write_str("inactive"),
            Self::Unavailable => out.write_str("unavailable"),
            Self::Limited => out.write_str("limited"),
            Self::Lost => out.write_str("lost"),
            Self::Fault(status) => write!(out, "fault {status}"),
        }
    }
}

impl FromStr for Line {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = || format!("not a line of a history: {line}");
        let fields: Vec<&str> = line.split('\t').collect();
        let number = |text: &str| text.parse().map_err(|_| wrong());
        let small = |text: &str| text.parse().map_err(|_| wrong());
        let token = |text: &str| {
            u64::from_str_radix(text, 16)
                .map(TokenId)
                .map_err(|_| wrong())
        };
        match fields.as_slice() {
            ["kill", at, victim] => Ok(Self::Kill {
                at: number(at)?,
                victim: (*victim).to_owned(),
            }),
            [
                name,
                start,
                end,
                session,
                replica,
                incarnation,
                presented,
                outcome,
            ] => Ok(Self::Event(Event {
                start: number(start)?,
                end: number(end)?,
                session: number(session)?,
                asked: Asked {
                    replica: small(replica)?,
                    incarnation: small(incarnation)?,
                },
                operation: operation_named(name).ok_or_else(wrong)?,
                presented: token(presented)?,
                outcome: match outcome.split_once(' ') {
                    Some(("granted", text)) => Outcome::Granted(token(text)?),
                    Some(("fault", status)) => Outcome::Fault(status.parse().map_err(|_| wrong())?),
                    _ => outcome_named(outcome).ok_or_else(wrong)?,
                },
            })),
            _ => Err(wrong()),
        }
    }
}

fn operation_named(name: &str) -> Option<Operation> {
    Some(match name {
        "redeem" => Operation::Redeem,
        "refresh" => Operation::Refresh,
        "replay" => Operation::Replay,
        "revoke" => Operation::Revoke,
        "introspect" => Operation::Introspect,
        _ => return None,
    })
}

fn outcome_named(name: &str) -> Option<Outcome> {
    Some(match name {
        "refused" => Outcome::Refused,
        "done" => Outcome::Done,
        "active" => Outcome::Active,
        "inactive" => Outcome::Inactive,
        "unavailable" => Outcome::Unavailable,
        "limited" => Outcome::Limited,
        "lost" => Outcome::Lost,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let event = |operation, outcome| {
            Line::Event(Event {
                start: 17,
                end: 4_711,
                session: 3,
                asked: Asked {
                    replica: 1,
                    incarnation: 9,
                },
                operation,
                presented: TokenId(u64::MAX - 1),
                outcome,
            })
        };
        let lines = [
            event(Operation::Redeem, Outcome::Granted(TokenId(5))),
            event(Operation::Refresh, Outcome::Lost),
            event(Operation::Replay, Outcome::Refused),
            event(Operation::Revoke, Outcome::Done),
            event(Operation::Introspect, Outcome::Active),
            event(Operation::Introspect, Outcome::Inactive),
            event(Operation::Refresh, Outcome::Unavailable),
            event(Operation::Introspect, Outcome::Limited),
            event(Operation::Refresh, Outcome::Fault(500)),
            Line::Kill {
                at: 99,
                victim: "replica 2".to_owned(),
            },
        ];
        for line in lines {
            assert_eq!(line.to_string().parse(), Ok(line));
        }
        assert!("refresh\t1\t2".parse::<Line>().is_err());
    }
}
