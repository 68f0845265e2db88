//! docs/policies.md says what the schema and the texts here say.

use super::super::{
    DEFAULT_POLICIES, MAX_OPERATORS, MAX_POLICIES, MAX_TEXT_BYTES, Obligation, PolicyAction,
    SCHEMA_TEXT,
};
use super::beside_the_default;

const PAGE: &str = include_str!("../../../../docs/policies.md");

#[test]
fn the_page_names_everything_that_the_schema_has() {
    let mut members = 0;
    for line in SCHEMA_TEXT.lines().map(str::trim) {
        if let Some(entity) = line.strip_prefix("entity ") {
            let name = entity.split([' ', ';']).next().unwrap();
            assert!(PAGE.contains(&format!("| `Writ::{name}` |")), "{name}");
        } else if let Some((name, _)) = line.split_once(": ")
            && !line.starts_with("//")
            && !matches!(name, "principal" | "resource" | "context")
        {
            members += 1;
            let name = name.trim_end_matches('?');
            assert!(PAGE.contains(&format!("`{name}`")), "{name}");
        }
    }
    assert!(members > 15, "the schema was not read");
    for action in PolicyAction::ALL {
        assert!(PAGE.contains(&format!("| `{}` |", action.as_str())));
    }
    for obligation in Obligation::ALL {
        assert!(PAGE.contains(&format!("@obligation(\"{}\")", obligation.as_str())));
    }
}

#[test]
fn the_page_shows_the_default_and_the_limits() {
    let (_, policies) = DEFAULT_POLICIES.split_once("\n\n").unwrap();
    assert!(PAGE.contains(policies.trim()));
    let text = MAX_TEXT_BYTES / 1024;
    assert!(PAGE.contains(&format!("| a text | {text} KB, {MAX_POLICIES} policies |")));
    assert!(PAGE.contains(&format!("| one policy | {MAX_OPERATORS} brackets")));
}

/// Each example is a text that is taken.
#[test]
fn every_example_of_the_page_compiles() {
    let examples: Vec<&str> = PAGE
        .split("```cedar\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() >= 2);
    for example in examples {
        if !DEFAULT_POLICIES.contains(example.trim()) {
            beside_the_default(example);
        }
    }
}
