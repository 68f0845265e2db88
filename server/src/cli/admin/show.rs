//! How things are shown: tables and lines for people, JSON for scripts.
//!
//! What strangers chose (a client's name) is shown to a terminal: control characters are taken out of it.

use serde_json::{Map, Value};

use crate::cli::CliError;
use crate::cli::say::say;

/// A column: its head, and the member that it shows.
pub(in crate::cli) type Column = (&'static str, &'static str);

/// Without what would steer a terminal.
pub(in crate::cli) fn clean(text: &str) -> String {
    let harmless = |letter: char| {
        let steers = letter.is_control()
            // What turns the direction of text around makes it read as something else.
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers { '\u{fffd}' } else { letter }
    };
    text.chars().map(harmless).collect()
}

/// A value in one line.
pub(in crate::cli) fn line(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => clean(text),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(item).collect();
            items.join(", ")
        }
        Value::Object(members) if members.is_empty() => "-".to_owned(),
        Value::Object(members) => members_in_words(members),
    }
}

/// `name: value, name: value`; what nobody decided is left out.
pub(in crate::cli) fn members_in_words(members: &Map<String, Value>) -> String {
    let said = members.iter().filter(|(_, value)| !value.is_null());
    let words: Vec<String> = said
        .map(|(name, value)| {
            let name = clean(name);
            match value {
                Value::Object(inner) => format!("{name}: {{{}}}", members_in_words(inner)),
                value => format!("{name}: {}", line(value)),
            }
        })
        .collect();
    words.join(", ")
}

/// Things in a list are told by their names, where they have one.
fn item(value: &Value) -> String {
    match value.get("name").and_then(Value::as_str) {
        Some(name) => clean(name),
        None => line(value),
    }
}

pub(in crate::cli) fn table(columns: &[Column], rows: &[Value]) {
    for line in table_lines(columns, rows) {
        say(&line);
    }
}

pub(in crate::cli) fn table_lines(columns: &[Column], rows: &[Value]) -> Vec<String> {
    let cells = |row: &Value| -> Vec<String> {
        let cell = |(_, member): &Column| line(row.get(member).unwrap_or(&Value::Null));
        columns.iter().map(cell).collect()
    };
    let heads = columns.iter().map(|(head, _)| (*head).to_owned()).collect();
    let all: Vec<Vec<String>> = std::iter::once(heads)
        .chain(rows.iter().map(cells))
        .collect();
    let width = |column: usize| {
        let widths = all.iter().filter_map(|cells| cells.get(column));
        widths.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let row = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths);
        let padded: Vec<String> = padded
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    all.iter().map(row).collect()
}

/// One thing, a line a member.
pub(in crate::cli) fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => lines_of(members),
        Value::Null => Vec::new(),
        other => vec![line(other)],
    }
}

pub(in crate::cli) fn lines_of(members: &Map<String, Value>) -> Vec<String> {
    let width = members.keys().map(|name| name.chars().count()).max();
    let width = width.unwrap_or(0);
    let mut lines = Vec::new();
    for (name, value) in members {
        let is_long = matches!(value, Value::Array(items) if items.iter().any(Value::is_object));
        match value {
            Value::Array(items) if is_long => {
                lines.push(clean(name));
                lines.extend(items.iter().map(|item| format!("  {}", line(item))));
            }
            Value::String(text) if text.contains('\n') => {
                lines.push(clean(name));
                lines.extend(text.lines().map(|line| format!("  {}", clean(line))));
            }
            _ => lines.push(format!("{:<width$}  {}", clean(name), line(value))),
        }
    }
    lines
}

/// What stands between the lines that both texts begin and end with: `- old` and `+ new`.
pub(in crate::cli) fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let begin = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let (old, new) = (&old[begin..], &new[begin..]);
    let same = old.iter().rev().zip(new.iter().rev());
    let end = same.take_while(|(old, new)| old == new).count();
    let marked = |mark: char, lines: &[&str]| -> Vec<String> {
        let lines = &lines[..lines.len() - end];
        lines
            .iter()
            .map(|line| format!("{mark} {}", clean(line)))
            .collect()
    };
    [marked('-', old), marked('+', new)].concat()
}

pub(in crate::cli) fn json(value: &Value) -> Result<(), CliError> {
    say(&serde_json::to_string_pretty(value)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            json!({"slug": "a", "scopes": [{"name": "x"}, {"name": "y"}], "is_on": true}),
            json!({"slug": "long-one", "scopes": [], "is_on": false}),
        ];
        let columns = [("SLUG", "slug"), ("SCOPES", "scopes"), ("ON", "is_on")];
        assert_eq!(
            table_lines(&columns, &rows),
            [
                "SLUG      SCOPES  ON",
                "a         x, y    yes",
                "long-one  -       no"
            ]
        );
    }

    #[test]
    fn of_a_text_only_the_lines_between_are_told() {
        let lines = changed_lines("a\nb\nc\nd", "a\nx\nd");
        assert_eq!(lines, ["- b", "- c", "+ x"]);
        assert_eq!(changed_lines("a\na", "a"), ["- a"]);
        assert!(changed_lines("a\n", "a").is_empty());
    }

    #[test]
    fn what_a_stranger_chose_does_not_steer_the_terminal() {
        assert_eq!(
            line(&json!("\u{1b}[2Jgone\r\n")),
            "\u{fffd}[2Jgone\u{fffd}\u{fffd}"
        );
        assert_eq!(line(&json!({"a": "\u{202e}b"})), "a: \u{fffd}b");
        let nested = json!({"a": {"b": true, "c": null}, "d": [{"name": "e"}]});
        assert_eq!(line(&nested), "a: {b: yes}, d: e");
    }

    #[test]
    fn one_thing_is_a_line_a_member() {
        let value =
            json!({"id": "1", "long_name": null, "text": "a\nb", "scopes": [{"name": "x"}]});
        let lines = lines_of(value.as_object().unwrap());
        for line in [
            "id         1",
            "long_name  -",
            "text",
            "  a",
            "  b",
            "scopes",
            "  name: x",
        ] {
            assert!(lines.contains(&line.to_owned()), "{line}: {lines:?}");
        }
    }
}
