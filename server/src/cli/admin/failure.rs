//! Why a call came to nothing, in words for people, and as the exit code that a pipeline goes by.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::Value;

use super::show::clean;
use crate::cli::CliError;

/// `diff` found differences.
pub(in crate::cli) const DIFFERENT: u8 = 2;
/// The server refused: doing the same again will not help.
const REFUSED: u8 = 3;
/// No server, or none that could: the same may succeed later.
const UNAVAILABLE: u8 = 4;
/// The command line does not hold (`EX_USAGE`).
pub(in crate::cli) const USAGE: u8 = 64;

/// A call that came to nothing.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Failure {
    /// What was typed, or stands in a file, cannot be meant.
    #[error("{0}")]
    Usage(String),
    #[error("{text}")]
    Refused { status: u16, text: String },
    #[error("{0}")]
    Unavailable(String),
}

impl Failure {
    /// What a refusal says (RFC 9457): its words, each value that is meant, and what to quote.
    pub(super) fn of_answer(status: u16, body: &Value, what: &str) -> Self {
        let said = |name: &str| body.get(name).and_then(Value::as_str).map(clean);
        let mut text = format!("{what} was refused with {status}");
        match said("detail").or_else(|| said("title")) {
            Some(detail) => {
                let _ = write!(text, ": {detail}");
            }
            None => text.push_str(" by something that is not Writ's admin API: see --url"),
        }
        let errors = body.get("errors").and_then(Value::as_array);
        for error in errors.into_iter().flatten() {
            let of = |name: &str| error.get(name).and_then(Value::as_str).map(clean);
            let (field, detail) = (
                of("field").unwrap_or_default(),
                of("detail").unwrap_or_default(),
            );
            // A single one is told in the detail already.
            if !text.contains(&detail) {
                let _ = write!(text, "\n  {field}: {detail}");
            }
        }
        if let Some(error_id) = said("error_id") {
            let _ = write!(
                text,
                "\n  error_id {error_id}, which the server's log has too"
            );
        }
        if status >= 500 || status == 429 {
            Self::Unavailable(text)
        } else {
            Self::Refused { status, text }
        }
    }

    /// With one more thing to know.
    pub(super) fn noting(self, note: &str) -> Self {
        let with = |text: String| format!("{text}\n  {note}");
        match self {
            Self::Usage(text) => Self::Usage(with(text)),
            Self::Refused { status, text } => Self::Refused {
                status,
                text: with(text),
            },
            Self::Unavailable(text) => Self::Unavailable(with(text)),
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Refused { .. } => REFUSED,
            Self::Unavailable(_) => UNAVAILABLE,
        }
    }
}

/// What the process ends with.
pub(in crate::cli) fn exit_code(error: &CliError) -> ExitCode {
    error
        .downcast_ref::<Failure>()
        .map_or(ExitCode::FAILURE, |failure| failure.exit_code().into())
}

/// An error with one more thing to know; what it exits with stays.
pub(in crate::cli) fn noting(error: CliError, note: &str) -> CliError {
    match error.downcast::<Failure>() {
        Ok(failure) => failure.noting(note).into(),
        Err(other) => format!("{other}\n  {note}").into(),
    }
}

/// The status of a refusal: the same again will be refused again.
pub(in crate::cli) fn refusal(error: &CliError) -> Option<u16> {
    match error.downcast_ref::<Failure>() {
        Some(Failure::Refused { status, .. }) => Some(*status),
        _ => None,
    }
}

pub(in crate::cli) fn usage(what: impl Into<String>) -> CliError {
    Failure::Usage(what.into()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_tells_its_words_its_fields_and_its_error_id() {
        let body = json!({
            "type": "urn:writ:problem:invalid-value", "title": "A value is not acceptable", "status": 400,
            "detail": "2 values are not acceptable; see errors.", "error_id": "0f8b2c6d1a7e",
            "errors": [{"field": "a", "detail": "Too long."}, {"field": "b", "detail": "Too \u{1b}[31mred."}],
        });
        let told = Failure::of_answer(400, &body, "creating the client");
        assert_eq!(
            told.to_string(),
            "creating the client was refused with 400: 2 values are not acceptable; see errors.\n  a: Too long.\n  \
             b: Too \u{fffd}[31mred.\n  error_id 0f8b2c6d1a7e, which the server's log has too"
        );
        assert_eq!(told.exit_code(), 3);
        assert_eq!(Failure::of_answer(503, &body, "it").exit_code(), 4);
        let other = Failure::of_answer(404, &Value::Null, "it").to_string();
        assert!(other.contains("not Writ's admin API"), "{other}");
    }
}
