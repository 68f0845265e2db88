//! What holds for the whole command line.

use std::collections::BTreeSet;

use clap::{Arg, Command, CommandFactory as _};

use super::CommandLine;

#[test]
fn the_command_line_holds_together() {
    CommandLine::command().debug_assert();
}

/// What an argument is known by: its id, which clap keeps one value for from the program down to the verb, and the
/// ways in which it is typed.
fn names(argument: &Arg) -> BTreeSet<String> {
    let longs = argument
        .get_long_and_visible_aliases()
        .into_iter()
        .flatten();
    let shorts = argument
        .get_short_and_visible_aliases()
        .into_iter()
        .flatten();
    longs
        .map(|long| format!("--{long}"))
        .chain(shorts.map(|short| format!("-{short}")))
        .chain([argument.get_id().to_string()])
        .collect()
}

fn look(command: &Command, path: &str, above: &BTreeSet<String>, shadows: &mut Vec<String>) {
    let mut globals = above.clone();
    for argument in command.get_arguments() {
        let names = names(argument);
        let taken = names.intersection(above);
        shadows.extend(taken.map(|name| format!("{path}: {name}")));
        if argument.is_global_set() {
            globals.extend(names);
        }
    }
    for command in command.get_subcommands() {
        let path = format!("{path} {}", command.get_name());
        look(command, &path, &globals, shadows);
    }
}

/// A verb's argument that has the id or the name of one of every command takes its place: an `--url` of a verb led the
/// admin key to where that URL points.
#[test]
fn no_argument_of_a_verb_takes_the_place_of_one_of_every_command() {
    let reserved = ["help", "--help", "-h", "version", "--version", "-V"];
    let reserved = reserved.map(str::to_owned).into();
    let mut shadows = Vec::new();
    look(&CommandLine::command(), "writ", &reserved, &mut shadows);
    assert!(shadows.is_empty(), "{shadows:#?}");
}

#[test]
fn such_an_argument_is_found() {
    let all = || Arg::new("url").long("url").short('u').global(true);
    for taken in [
        Arg::new("url"),
        Arg::new("other").long("url"),
        Arg::new("other").short('u'),
    ] {
        let verb = Command::new("verb").arg(taken);
        let program = Command::new("writ")
            .arg(all())
            .subcommand(Command::new("noun").subcommand(verb));
        let mut shadows = Vec::new();
        look(&program, "writ", &BTreeSet::new(), &mut shadows);
        assert_eq!(shadows.len(), 1, "{shadows:?}");
    }
}
