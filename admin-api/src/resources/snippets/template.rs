//! Filling a template: `{{form:name}}` becomes the value of that name, written so that it means itself in the language of
//! the template and nothing else.
//!
//! What it is not: a template language. In one pass from the start to the end, so that nothing in a value is read as a
//! place; without conditions or loops.
//!
//! How to add a language: a variant of [`Language`], and how it writes a text.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// What a snippet is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Python,
    JavaScript,
    Rust,
    Yaml,
    Nginx,
}

/// What goes into a template.
#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    List(Vec<String>),
}

pub type Values = BTreeMap<&'static str, Value>;

/// A mistake in a template of ours: where it has a place that nothing fits.
#[derive(Debug, PartialEq, Eq)]
pub struct NoSuchPlace(String);

impl fmt::Display for NoSuchPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "nothing fits the place in a template at {:?}",
            self.0
        )
    }
}

/// The template with its places filled.
pub fn fill(template: &str, language: Language, values: &Values) -> Result<String, NoSuchPlace> {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let fault = || NoSuchPlace(after.chars().take(40).collect());
        let (place, after) = after.split_once("}}").ok_or_else(fault)?;
        filled.push_str(before);
        let (form, name) = place.split_once(':').ok_or_else(fault)?;
        let written = match (form, values.get(name)) {
            ("string", Some(Value::Text(text))) => language.string(text),
            ("inside", Some(Value::Text(text))) => language.inside(text),
            ("comment", Some(Value::Text(text))) => comment(text),
            // Made by us from numbers and fixed words.
            ("plain", Some(Value::Text(text))) => text.clone(),
            ("list", Some(Value::List(all))) => language.list(all),
            _ => return Err(fault()),
        };
        filled.push_str(&written);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

impl Language {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Rust => "rust",
            Self::Yaml => "yaml",
            Self::Nginx => "nginx",
        }
    }

    fn string(self, text: &str) -> String {
        format!("\"{}\"", self.inside(text))
    }

    fn list(self, all: &[String]) -> String {
        let all: Vec<String> = all.iter().map(|text| self.string(text)).collect();
        format!("[{}]", all.join(", "))
    }

    /// What stands between two quotation marks.
    fn inside(self, text: &str) -> String {
        let mut written = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '"' => written.push_str("\\\""),
                '\\' => written.push_str("\\\\"),
                // nginx would read a variable, and has no way to write the sign itself: in URLs, which is all that is
                // written here, `%24` is the same.
                '$' if self == Self::Nginx => written.push_str("%24"),
                // It has no escapes for these either; no URL has them.
                hidden if is_hidden(hidden) && self == Self::Nginx => written.push('?'),
                hidden if is_hidden(hidden) => self.push_escaped(&mut written, hidden),
                shown => written.push(shown),
            }
        }
        written
    }

    fn push_escaped(self, written: &mut String, hidden: char) {
        let code = u32::from(hidden);
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Rust | Self::JavaScript => write!(written, "\\u{{{code:x}}}"),
            Self::Python | Self::Yaml | Self::Nginx => write!(written, "\\U{code:08x}"),
        };
    }
}

/// One line, whatever it was.
fn comment(text: &str) -> String {
    let shown = |character| if is_hidden(character) { ' ' } else { character };
    text.chars().map(shown).collect()
}

/// Ends a line, turns the direction of what follows, or is not seen: what a reader sees must be what a program reads.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Language; 5] = [
        Language::Python,
        Language::JavaScript,
        Language::Rust,
        Language::Yaml,
        Language::Nginx,
    ];

    fn filled(template: &str, language: Language, text: &str) -> String {
        let values = Values::from([
            ("x", Value::Text(text.to_owned())),
            ("xs", Value::List(vec![text.to_owned(), "b".to_owned()])),
        ]);
        fill(template, language, &values).unwrap()
    }

    #[test]
    fn a_value_stays_between_its_quotation_marks() {
        for language in ALL {
            let text = filled("a = {{string:x}};", language, "a\"; evil(); \\");
            assert_eq!(text, r#"a = "a\"; evil(); \\";"#, "{language:?}");
            let list = filled("{{list:xs}}", language, "a\", \"c");
            assert_eq!(list, r#"["a\", \"c", "b"]"#);
        }
    }

    #[test]
    fn what_is_not_seen_is_written_out() {
        let text = "a\nb\u{202e}c\u{e0041}é";
        let expected = [
            (Language::Python, r#""a\U0000000ab\U0000202ec\U000e0041é""#),
            (Language::Yaml, r#""a\U0000000ab\U0000202ec\U000e0041é""#),
            (Language::JavaScript, r#""a\u{a}b\u{202e}c\u{e0041}é""#),
            (Language::Rust, r#""a\u{a}b\u{202e}c\u{e0041}é""#),
            (Language::Nginx, r#""a?b?c?é""#),
        ];
        for (language, expected) in expected {
            assert_eq!(filled("{{string:x}}", language, text), expected);
            let line = filled("# {{comment:x}}", language, "a\r\nevil()\u{2028}x");
            assert_eq!(line, "# a  evil() x");
        }
    }

    #[test]
    fn nginx_reads_no_variable() {
        let text = filled("{{string:x}}", Language::Nginx, "https://a.test/$host");
        assert_eq!(text, "\"https://a.test/%24host\"");
    }

    #[test]
    fn a_value_is_never_a_place() {
        let text = filled(
            "{{comment:x}} {{comment:x}}",
            Language::Python,
            "{{string:x}}",
        );
        assert_eq!(text, "{{string:x}} {{string:x}}");
    }

    #[test]
    fn a_place_that_nothing_fits_is_told() {
        let values = Values::new();
        for template in ["{{string:y}}", "{{x}}", "{{", "a {{string:x"] {
            assert!(
                fill(template, Language::Yaml, &values).is_err(),
                "{template}"
            );
        }
    }
}
