//! `writ completion`: what lets a shell complete commands and options.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::CliError;
use super::say::say_exactly;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Which shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(options: &Options) -> Result<(), CliError> {
    let mut script = Vec::new();
    let mut command = super::CommandLine::command();
    clap_complete::generate(options.shell, &mut command, "writ", &mut script);
    say_exactly(&String::from_utf8(script)?)?;
    Ok(())
}
