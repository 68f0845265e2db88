//! Keeps `docs/clients.md` complete: every client of the catalogue has its section and its line in the table,
//! and what the catalogue says of it stands there.
//!
//! What it is not: a check that what is said is true; `known_clients.rs` drives each of them.

use std::fs;
use std::path::Path;

use protocol::client::catalogue::{CatalogueEntry, Observation, ObservedIdentity, known_clients};
use serde_json::Value;
use url::{Host, Url};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/clients.md");
    fs::read_to_string(path).unwrap_or_default()
}

/// The sections of the page, by their headings.
fn sections() -> Vec<(String, String)> {
    let page = page();
    let sections = page.split("\n## ").skip(1);
    sections
        .map(|section| {
            let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
            (heading.to_owned(), text.to_owned())
        })
        .collect()
}

/// What a section must say of its client.
fn sayings(known: &CatalogueEntry) -> impl Iterator<Item = String> {
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

/// Where an answer goes, in the words of the table: the device, an app, or an origin.
fn place_of(redirect_uri: &str) -> String {
    let Ok(url) = Url::parse(redirect_uri) else {
        return redirect_uri.to_owned();
    };
    let is_device = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if is_device {
        "the device".to_owned()
    } else if url.scheme() == "https" {
        format!("`{}`", url.origin().ascii_serialization())
    } else {
        "an app scheme".to_owned()
    }
}

fn observed_redirect_uris(observation: &Observation) -> Vec<String> {
    let (ObservedIdentity::Document(said) | ObservedIdentity::Registration(said)) =
        &observation.identity;
    let uris = said["redirect_uris"].as_array();
    let texts = uris.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// What the table says of a client: by document, by registration, where answers go.
#[test]
fn every_known_client_has_its_line_in_the_table() {
    let page = page();
    let lines: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut wrong = Vec::new();
    for known in known_clients() {
        let line = lines
            .iter()
            .find(|cells| cells.first() == Some(&known.name.as_str()));
        let Some([_, document, registration, places]) = line.map(Vec::as_slice) else {
            wrong.push(format!("a line of {}", known.name));
            continue;
        };
        let registers =
            |one: &Observation| matches!(one.identity, ObservedIdentity::Registration(_));
        let by_registration = known.observations.iter().any(registers);
        for (cell, is_so) in [
            (document, !known.documents.is_empty()),
            (registration, by_registration),
        ] {
            if cell.starts_with("yes") != is_so {
                wrong.push(format!("{}: {cell}", known.name));
            }
        }
        let observed = known.observations.iter().flat_map(observed_redirect_uris);
        wrong.extend(
            observed
                .chain(known.redirect_uris.iter().cloned())
                .map(|uri| place_of(&uri))
                .filter(|place| !places.contains(place.as_str()))
                .map(|place| format!("{}: returns to {place}", known.name)),
        );
    }
    assert_eq!(wrong, Vec::<String>::new());
}
