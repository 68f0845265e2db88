//! Keeps `docs/operations.md` complete: every setting, every metric, every event and every limit stands on it.
//!
//! What it is not: a check that what is said of them is true.

use std::fs;
use std::path::Path;

use crate::observability::{event_names, is_word, metric_names, names_in};

fn absent(names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let page = fs::read_to_string(path).unwrap();
    let names = names.into_iter().map(|name| name.as_ref().to_owned());
    names
        .filter(|name| !page.contains(&format!("`{name}`")))
        .collect()
}

#[test]
fn every_setting_is_on_the_page() {
    let names = server::config::SETTINGS.iter().map(|setting| setting.name);
    assert_eq!(absent(names), Vec::<String>::new());
}

#[test]
fn every_metric_is_on_the_page() {
    assert_eq!(absent(metric_names()), Vec::<String>::new());
}

#[test]
fn every_event_is_on_the_page() {
    assert_eq!(absent(event_names()), Vec::<String>::new());
}

#[test]
fn every_limit_is_on_the_page() {
    let is_limit = |text: &str| text.contains('_') && is_word(text);
    let names = names_in("authority/src/limits.rs", "pub enum Limit", is_limit);
    assert_eq!(absent(names), Vec::<String>::new());
}
