//! `writ serve`: the server with the settings of the environment, until it is asked to stop.

use std::net::SocketAddr;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use super::say::warn;
use super::{CliError, runtime};
use crate::application::{Application, ApplicationHandle, ApplicationSettings, SettingsError};
use crate::config::{Config, LogConfig, Sources};

pub(super) fn run(sources: &Sources) -> Result<(), CliError> {
    let config = Config::read(sources)?;
    start_logging(&config.log)?;
    warn_of_development_keys(&config);
    runtime()?.block_on(async {
        let mut stop = StopSignal::listen()?;
        start(settings(config)?).await?.until(&mut stop).await
    })
}

/// A server that answers.
pub(super) struct Running {
    serving: JoinHandle<Result<(), std::io::Error>>,
    handle: ApplicationHandle,
    admin_address: SocketAddr,
}

/// Opens the ports.
pub(super) fn settings(config: Config) -> Result<ApplicationSettings, CliError> {
    ApplicationSettings::from_config(config).map_err(|error| advise(&error))
}

/// Begins to serve.
pub(super) async fn start(settings: ApplicationSettings) -> Result<Running, CliError> {
    let application = Application::build(settings).await?;
    let handle = application.handle();
    let admin_address = application.admin_address();
    tracing::info!(public = %application.public_address(), admin = %admin_address, "serving");
    Ok(Running {
        serving: tokio::spawn(application.run()),
        handle,
        admin_address,
    })
}

impl Running {
    pub(super) fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Serves until a signal comes, then stops gracefully; or until the server ends by itself.
    pub(super) async fn until(mut self, stop: &mut StopSignal) -> Result<(), CliError> {
        tokio::select! {
            ended = &mut self.serving => Ok(ended??),
            () = stop.wait() => self.stop().await,
        }
    }

    /// Finishes what is under way, then ends.
    pub(super) async fn stop(self) -> Result<(), CliError> {
        tracing::info!("stopping");
        self.handle.stop().await;
        Ok(self.serving.await??)
    }
}

/// Ctrl-C or SIGTERM.
pub(super) struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Sends log lines to standard error; standard output is for answers.
pub(super) fn start_logging(log: &LogConfig) -> Result<(), CliError> {
    Ok(crate::telemetry::start(log)?)
}

/// A port that is taken is what people meet most: say which setting moves it.
fn advise(error: &SettingsError) -> CliError {
    match error {
        SettingsError::Listen { error: cause, .. } if cause.kind() == std::io::ErrorKind::AddrInUse => format!(
            "{error}: stop what listens there, or choose other ports with WRIT_LISTEN (then WRIT_PUBLIC_URL must name it too) \
             and WRIT_ADMIN_LISTEN"
        )
        .into(),
        _ => error.to_string().into(),
    }
}

fn warn_of_development_keys(config: &Config) {
    if config.has_development_keys() {
        warn(
            "WRIT_ENCRYPTION_KEYS or WRIT_SECRET_PEPPERS are not set: keys that everybody knows are in use, for localhost only",
        );
    }
}
