//! What the commands of the admin API share: where it is, the key, calls, and how answers are shown.
//!
//! `writ tenant …` and its like stand in [`nouns`], one file each; `writ apply` is in `declared`. They see what any
//! script sees: no settings, no database.
//!
//! To add one more noun: a file in `nouns` with its subcommands, its variant in [`nouns::Noun`], and its row in
//! `docs/cli.md`.

pub(in crate::cli) mod access;
pub(in crate::cli) mod api;
mod asked;
pub(in crate::cli) mod failure;
pub(in crate::cli) mod fields;
mod login;
pub(in crate::cli) mod nouns;
pub(in crate::cli) mod show;
mod sign_ins;
