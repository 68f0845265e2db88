//! `writ openapi`: prints the documents that are checked in under `openapi/`.

use clap::{Args, ValueEnum};

use super::CliError;
use super::say::say_exactly;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Which document.
    #[arg(value_enum, default_value = "admin")]
    document: Document,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Document {
    /// The admin API.
    Admin,
    /// What clients and resource servers call.
    Public,
}

pub(super) fn run(options: &Options) -> Result<(), CliError> {
    let text = match options.document {
        Document::Admin => admin_api::openapi_json(),
        Document::Public => crate::openapi::public_document_json(),
    };
    say_exactly(&text)?;
    Ok(())
}
