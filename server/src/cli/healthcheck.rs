//! `writ healthcheck`: asks the admin port of a running server; what a container's health check calls.

use std::net::SocketAddr;

use clap::Args;

use super::http_call::{self, Call};
use super::say::say;
use super::{CliError, runtime};
use crate::config::Sources;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Ask only whether the process answers, not whether it is ready to serve.
    #[arg(long)]
    live: bool,
    /// The admin address to ask; default WRIT_ADMIN_LISTEN.
    #[arg(long, value_name = "ADDRESS:PORT")]
    address: Option<SocketAddr>,
}

pub(super) fn run(
    options: &Options,
    sources: impl FnOnce() -> Result<Sources, CliError>,
) -> Result<(), CliError> {
    let listen = match options.address {
        Some(address) => address,
        None => crate::config::read_admin_listen(&sources()?)?,
    };
    let path = if options.live { "/livez" } else { "/readyz" };
    let address = http_call::reachable(listen);
    let answer = runtime()?
        .block_on(http_call::call(address, &Call::get(path)))
        .map_err(|error| format!("no server answers at {address} ({error})"))?;
    if answer.status == 200 {
        say("ok");
        Ok(())
    } else {
        Err(format!(
            "http://{address}{path} answered {}: {}",
            answer.status,
            answer.body.trim()
        )
        .into())
    }
}
