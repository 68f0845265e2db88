//! Keeps `docs/operations.md` complete: every setting, every metric and every limit stands on it.
//!
//! What it is not: a check that what is said of them is true.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_default()
}

fn absent<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let page = read("docs/operations.md");
    names
        .filter(|name| !page.contains(&format!("`{name}`")))
        .collect()
}

#[test]
fn every_setting_is_on_the_page() {
    let names = server::config::SETTINGS.iter().map(|setting| setting.name);
    assert_eq!(absent(names), Vec::<&str>::new());
}

#[test]
fn every_metric_is_on_the_page() {
    let sources = read("authority/src/metrics.rs") + &read("server/src/metrics.rs");
    let names: Vec<&str> = sources
        .split('"')
        .filter(|text| text.starts_with("writ_") && !text.contains(' '))
        .collect();
    assert!(
        names.len() > 10,
        "the metrics are no longer found: {names:?}"
    );
    assert_eq!(absent(names.into_iter()), Vec::<&str>::new());
}

#[test]
fn every_limit_is_on_the_page() {
    let source = read("authority/src/limits.rs");
    let names: Vec<&str> = source
        .split('"')
        .filter(|text| {
            text.contains('_')
                && text
                    .bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_lowercase())
        })
        .collect();
    assert!(names.len() > 5, "the limits are no longer found: {names:?}");
    assert_eq!(absent(names.into_iter()), Vec::<&str>::new());
}
