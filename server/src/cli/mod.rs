//! The commands of `writ`: one file each.
//!
//! This room reads the command line, prepares the process (settings, logs, signals) and tells people what
//! happened. What the server does is in [`crate::application`]. This is the one room that prints.
//!
//! To add a command: a variant of [`Command`], a file with its `run`, a line in [`dispatch`].

mod admin;
mod completion;
mod config_check;
mod declared;
mod dev;
mod healthcheck;
mod http_call;
mod keys;
mod migrate;
mod openapi;
mod say;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::config::Sources;
use say::{ReaderGone, complain, warn};

/// What a command came to, for people.
pub(crate) type CliError = Box<dyn std::error::Error + Send + Sync>;

/// Writ: OAuth 2.1 for MCP servers.
#[derive(Debug, Parser)]
#[command(name = "writ", version, about, propagate_version = true)]
struct CommandLine {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
struct Global {
    /// A TOML file with settings; the environment outweighs it.
    #[arg(long, global = true, env = "WRIT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve, with the settings of the environment.
    Serve,
    /// Bring the database to this version's schema; safe to run again.
    Migrate,
    /// Serve on this machine with a database, keys and a tenant of its own, for trying out and developing.
    Dev,
    /// Print an OpenAPI document.
    Openapi(openapi::Options),
    /// Ask a running server whether it is ready; exits with 0 or 1 (for containers).
    Healthcheck(healthcheck::Options),
    /// Look at signing keys and change them, in the database that the settings name; servers may run.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    #[command(flatten)]
    Noun(Box<admin::nouns::Noun>),
    /// Bring tenants to what files say, over the admin API.
    Apply(Box<declared::Apply>),
    /// Show what `apply` would do; exits with 2 where something would.
    Diff(Box<declared::Diff>),
    /// A tenant as a file for `apply`, without its secrets.
    Export(Box<declared::Export>),
    /// Print what lets a shell complete these commands: `writ completion bash > /etc/bash_completion.d/writ`.
    Completion(completion::Options),
    /// Look at the settings without starting.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check the settings, print them without secrets; exits with 0 or 1.
    #[command(after_help = config_check::names())]
    Check,
}

/// Runs the process.
pub fn main() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return tell_of_usage(&error),
    };
    match dispatch(command_line) {
        Ok(code) => code,
        Err(error) if error.is::<ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            admin::failure::exit_code(&error)
        }
    }
}

/// Not clap's own exit code, which is what `diff` answers with where something differs.
fn tell_of_usage(error: &clap::Error) -> ExitCode {
    // A reader that went away is no reason to fail.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => admin::failure::USAGE.into(),
    }
}

fn dispatch(command_line: CommandLine) -> Result<ExitCode, CliError> {
    let toml_file = command_line.global.config;
    let sources = || -> Result<Sources, CliError> {
        let sources = Sources::of_process(toml_file.as_deref())?;
        sources.warnings().iter().for_each(|warning| warn(warning));
        Ok(sources)
    };
    match command_line.command {
        Command::Serve => serve::run(&sources()?),
        Command::Migrate => migrate::run(&sources()?),
        Command::Dev => dev::run(sources()?),
        Command::Openapi(options) => openapi::run(&options),
        Command::Healthcheck(options) => healthcheck::run(&options, sources),
        Command::Keys(command) => keys::run(&command, &sources()?),
        Command::Noun(noun) => admin::nouns::run(&noun),
        Command::Apply(apply) => return apply.run(),
        Command::Diff(diff) => return diff.run(),
        Command::Export(export) => export.run(),
        Command::Completion(options) => completion::run(&options),
        Command::Config(ConfigCommand::Check) => config_check::run(&sources()?),
    }
    .map(|()| ExitCode::SUCCESS)
}

/// One runtime for all commands.
fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

#[cfg(test)]
mod tests;
