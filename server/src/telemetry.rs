//! Log lines: JSON or text, to standard error. Panics are told by place only.
//!
//! Not here: what is logged. Rooms log with `tracing`; secrets have no text form, values that callers
//! sent are written as fields, which the formatter escapes (rows S1, S2).

use std::io;
use std::sync::Once;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::TryInitError;
use tracing_subscriber::{filter::ParseError, prelude::*};

use crate::config::{LogConfig, LogFormat};

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("WRIT_LOG is no log filter: {0}")]
    Filter(#[from] ParseError),
    #[error("logging was started already: {0}")]
    Started(#[from] TryInitError),
}

/// Once per process; tests that start many applications share it.
pub fn start(log: &LogConfig) -> Result<(), TelemetryError> {
    start_writing_to(log, io::stderr)?;
    quiet_panics();
    Ok(())
}

/// To somewhere else than standard error, for whoever reads the lines again. Panics stay as they are.
pub fn start_writing_to<W>(log: &LogConfig, writer: W) -> Result<(), TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.filter)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    match log.format {
        LogFormat::Json => {
            let lines = lines
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false);
            tracing_subscriber::registry()
                .with(lines.with_filter(filter))
                .try_init()?;
        }
        LogFormat::Text => {
            tracing_subscriber::registry()
                .with(lines.with_target(false).with_filter(filter))
                .try_init()?;
        }
    }
    Ok(())
}

/// A panic's payload can hold whatever was at hand, a secret too (S1): only its place is logged.
pub fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic
                .location()
                .map(ToString::to_string)
                .unwrap_or_default();
            tracing::error!(place, "a panic");
        }));
    });
}
