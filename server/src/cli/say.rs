//! Speaking to the person at the terminal. Logs go through `tracing`; these lines are the command's answer.

use std::io::Write as _;

use super::CliError;

/// Whoever read the answer wants no more of it (`| head`): the end, and no failure.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the answer any more")]
pub(super) struct ReaderGone;

impl ReaderGone {
    /// What it means that standard output could not be written.
    pub(super) fn or(error: std::io::Error) -> CliError {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self.into(),
            _ => error.into(),
        }
    }
}

/// A line of the command's answer. A reader that went away is no reason to fail.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The answer itself, byte for byte.
pub(super) fn say_exactly(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(ReaderGone::or)
}

/// Something to know that stops nothing.
pub(super) fn warn(what: &str) {
    let _ = writeln!(std::io::stderr(), "writ: warning: {what}");
}

/// Why the command failed, with everything that led to it.
pub(super) fn complain(error: &dyn std::error::Error) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    let _ = writeln!(std::io::stderr(), "writ: {text}");
}
