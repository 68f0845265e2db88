//! `--set name=value`: any member of what is made or changed, under its name in the API.

use std::io::Read as _;
use std::path::Path;

use clap::Args;
use serde_json::{Map, Value};

use super::failure::usage;
use crate::cli::CliError;

/// Members as they were typed.
#[derive(Debug, Args)]
pub(in crate::cli) struct Fields {
    /// A member under its name in the API; the value as JSON, or as plain text. `a.b=…` is within `a`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// A member that goes back to its default.
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
}

impl Fields {
    /// Adds them to `body`, whose own members are what other options said.
    pub(in crate::cli) fn onto(&self, mut body: Map<String, Value>) -> Result<Value, CliError> {
        for assignment in &self.set {
            let (name, text) = assignment
                .split_once('=')
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| usage(format!("--set {assignment:?} has no NAME=VALUE")))?;
            // What is no JSON is text: nobody wants to quote a name twice.
            let value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
            put(&mut body, name, value)?;
        }
        for name in &self.unset {
            put(&mut body, name, Value::Null)?;
        }
        Ok(Value::Object(body))
    }
}

fn put(body: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), CliError> {
    let Some((outer, inner)) = name.split_once('.') else {
        return match body.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(usage(format!("{name} is said twice"))),
        };
    };
    let within = body
        .entry(outer)
        .or_insert_with(|| Value::Object(Map::new()));
    match within.as_object_mut() {
        Some(within) => put(within, inner, value),
        None => Err(usage(format!("{outer} is said twice"))),
    }
}

/// What is in a file, or with `-` on standard input. `what` it is, for whoever named one that cannot be read.
pub(in crate::cli) fn text_of(file: &Path, what: &str) -> Result<String, CliError> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| {
        usage(format!(
            "cannot read the {what} in {}: {error}",
            file.display()
        ))
    })
}

/// A body's member that may have been left out.
pub(in crate::cli) fn member(
    body: &mut Map<String, Value>,
    name: &str,
    value: Option<impl Into<Value>>,
) {
    if let Some(value) = value {
        body.insert(name.to_owned(), value.into());
    }
}

/// A list that may have been left out.
pub(in crate::cli) fn list_member(body: &mut Map<String, Value>, name: &str, values: &[String]) {
    if !values.is_empty() {
        body.insert(name.to_owned(), values.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(set: &[&str], unset: &[&str]) -> Result<Value, CliError> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let fields = Fields {
            set: owned(set),
            unset: owned(unset),
        };
        fields.onto(Map::new())
    }

    #[test]
    fn a_value_is_json_or_else_text_and_dots_lead_inwards() {
        let set = ["a=1", "b=on", "c.d=true", "c.e=[\"x\"]", "f=a=b", "g=\"2\""];
        assert_eq!(
            body(&set, &["h"]).unwrap(),
            json!({"a": 1, "b": "on", "c": {"d": true, "e": ["x"]}, "f": "a=b", "g": "2", "h": null})
        );
    }

    #[test]
    fn nothing_is_said_twice() {
        for set in [&["a=1", "a=2"][..], &["a=1", "a.b=2"], &["a"], &["=1"]] {
            assert!(body(set, &[]).is_err(), "{set:?}");
        }
        assert!(body(&["a=1"], &["a"]).is_err());
    }
}
