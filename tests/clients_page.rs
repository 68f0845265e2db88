//! Keeps `docs/clients.md` complete: every client of the catalogue has its section, and what the catalogue
//! says of it stands there.
//!
//! What it is not: a check that what is said is true; `known_clients.rs` drives each of them.

use std::fs;
use std::path::Path;

use protocol::client::catalogue::{KnownClient, known_clients};

/// The sections of the page, by their headings.
fn sections() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/clients.md");
    let page = fs::read_to_string(path).unwrap_or_default();
    let sections = page.split("\n## ").skip(1);
    sections
        .map(|section| {
            let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
            (heading.to_owned(), text.to_owned())
        })
        .collect()
}

/// What a section must say of its client.
fn sayings(known: &KnownClient) -> impl Iterator<Item = String> {
    let quoted = known
        .documents
        .iter()
        .chain(&known.redirect_uris)
        .chain(&known.said_names)
        .map(|text| format!("`{text}`"));
    let tolerances = known
        .tolerances
        .iter()
        .map(|tolerance| format!("`{tolerance}`"));
    let parts = [
        "**Configure.**",
        "**Sends.**",
        "**Recognised by.**",
        "**Tested with.**",
    ];
    let words = parts.map(str::to_owned).into_iter();
    quoted
        .chain(tolerances)
        .chain(words)
        .chain([known.vendor.clone(), known.tested_with.clone()])
}

#[test]
fn every_known_client_has_its_section() {
    let sections = sections();
    let mut absent = Vec::new();
    for known in known_clients() {
        let section = sections.iter().find(|(heading, _)| *heading == known.name);
        let Some((_, text)) = section else {
            absent.push(format!("a section called {}", known.name));
            continue;
        };
        // A line may break anywhere.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        absent.extend(
            sayings(known)
                .filter(|saying| !text.contains(saying))
                .map(|saying| format!("{}: {saying}", known.name)),
        );
    }
    assert_eq!(absent, Vec::<String>::new());
}
