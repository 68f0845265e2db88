//! Tools as a server lists them: what is kept of each, what it says that it does, and how two lists differ.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Of one server.
pub const MOST_TOOLS: usize = 500;
const LONGEST_NAME: usize = 128;
/// Characters of a title or a description that are kept.
const LONGEST_WORDS: usize = 300;

/// A tool, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    pub name: String,
    pub title: Option<String>,
    /// Its beginning.
    pub description: Option<String>,
    /// As the server says; a hint, and no promise.
    pub read_only: Option<bool>,
    pub destructive: Option<bool>,
    /// Of title and description, whole.
    pub words_digest: String,
    /// Of what goes in and comes out.
    pub schema_digest: String,
    /// Which scope it was given when it was imported; empty until then.
    #[serde(default)]
    pub scope: String,
}

/// What a tool does to the world, as its server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    Read,
    /// It adds, and takes nothing away.
    Write,
    /// It may change or delete what there is. Also where the server says nothing: MCP's own defaults.
    Destroy,
}

/// Why a list of tools is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolsFault {
    #[error("there is no list of tools in it")]
    NoList,
    #[error(
        "a tool has no name, one that is longer than 128 characters, or words that are not readable"
    )]
    Name,
    #[error("a tool is listed twice")]
    Twice,
    #[error("there are more than 500 tools")]
    TooMany,
}

impl Tool {
    /// MCP, tool annotations: `readOnlyHint` is false and `destructiveHint` true where nothing is said.
    pub fn effect(&self) -> Effect {
        match (self.read_only, self.destructive) {
            (Some(true), _) => Effect::Read,
            (_, Some(false)) => Effect::Write,
            _ => Effect::Destroy,
        }
    }

    fn read(tool: &Value) -> Option<Self> {
        let text = |name: &str| tool.get(name).and_then(Value::as_str);
        let hint = |name: &str| tool.get("annotations")?.get(name)?.as_bool();
        let name = text("name")?;
        let is_name = (1..=LONGEST_NAME).contains(&name.chars().count())
            && !name.chars().any(|it| it.is_control() || it.is_whitespace());
        let title = text("title").or_else(|| tool.get("annotations")?.get("title")?.as_str());
        let words = [title, text("description")];
        // PostgreSQL keeps no text that has one, and no person writes one.
        let has_zero = words.iter().flatten().any(|it| it.contains('\0'));
        let mut in_order = String::new();
        for schema in ["inputSchema", "outputSchema"] {
            write_in_order(tool.get(schema).unwrap_or(&Value::Null), &mut in_order);
        }
        (is_name && !has_zero).then(|| Self {
            name: name.to_owned(),
            title: title.and_then(shortened),
            description: text("description").and_then(shortened),
            read_only: hint("readOnlyHint"),
            destructive: hint("destructiveHint"),
            words_digest: digest(&serde_json::to_vec(&words).unwrap_or_default()),
            schema_digest: digest(in_order.as_bytes()),
            scope: String::new(),
        })
    }
}

/// One line that a person can read; none, where nothing is left.
fn shortened(text: &str) -> Option<String> {
    let is_hidden = |it: char| {
        it.is_control()
            || matches!(it, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let shown = |it: char| if is_hidden(it) { ' ' } else { it };
    let line: String = text.chars().take(4 * LONGEST_WORDS).map(shown).collect();
    let line = line.split_whitespace().collect::<Vec<&str>>().join(" ");
    let kept: String = line.chars().take(LONGEST_WORDS).collect();
    (!kept.is_empty()).then_some(kept)
}

/// The same for objects whose members come in another order.
fn write_in_order(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, &Value> = members.iter().collect();
            out.push('{');
            for (name, member) in members {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_in_order(member, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_in_order(item, out);
                out.push(',');
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn digest(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

/// The tools of one answer to `tools/list` added to those before, and where it goes on.
pub fn read_tools(result: &Value, tools: &mut Vec<Tool>) -> Result<Option<String>, ToolsFault> {
    let listed = result.get("tools").and_then(Value::as_array);
    for tool in listed.ok_or(ToolsFault::NoList)? {
        if tools.len() >= MOST_TOOLS {
            return Err(ToolsFault::TooMany);
        }
        let tool = Tool::read(tool).ok_or(ToolsFault::Name)?;
        if tools.iter().any(|other| other.name == tool.name) {
            return Err(ToolsFault::Twice);
        }
        tools.push(tool);
    }
    let next = result.get("nextCursor").and_then(Value::as_str);
    Ok(next.filter(|next| !next.is_empty()).map(str::to_owned))
}

/// How what was found differs from what was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    pub added: Vec<Tool>,
    /// Names.
    pub removed: Vec<String>,
    pub changed: Vec<ToolChange>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolChange {
    pub name: String,
    /// `words`, `schema`, `hints`.
    pub what: Vec<&'static str>,
}

impl Drift {
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

pub fn drift(imported: &[Tool], found: &[Tool]) -> Drift {
    let before: BTreeMap<&str, &Tool> = imported.iter().map(|it| (it.name.as_str(), it)).collect();
    let names: BTreeSet<&str> = found.iter().map(|it| it.name.as_str()).collect();
    let mut drift = Drift::default();
    for tool in found {
        let Some(old) = before.get(tool.name.as_str()) else {
            drift.added.push(tool.clone());
            continue;
        };
        let hints = |it: &Tool| (it.read_only, it.destructive);
        let differs = [
            ("words", old.words_digest != tool.words_digest),
            ("schema", old.schema_digest != tool.schema_digest),
            ("hints", hints(old) != hints(tool)),
        ];
        let what: Vec<&str> = differs.iter().filter(|it| it.1).map(|it| it.0).collect();
        if !what.is_empty() {
            let name = tool.name.clone();
            drift.changed.push(ToolChange { name, what });
        }
    }
    let removed = imported
        .iter()
        .filter(|it| !names.contains(it.name.as_str()));
    drift.removed = removed.map(|it| it.name.clone()).collect();
    drift
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(tools: &Value) -> Result<Vec<Tool>, ToolsFault> {
        let mut read = Vec::new();
        read_tools(&json!({ "tools": tools }), &mut read).map(|_| read)
    }

    #[test]
    fn a_tool_is_taken_for_the_worst_that_its_server_does_not_deny() {
        let effect = |annotations: Value| {
            let tools = read(&json!([{ "name": "a", "annotations": annotations }]));
            tools.unwrap()[0].effect()
        };
        assert_eq!(effect(json!({ "readOnlyHint": true })), Effect::Read);
        assert_eq!(effect(json!({ "destructiveHint": false })), Effect::Write);
        for other in [
            json!({}),
            json!(null),
            json!({ "readOnlyHint": false }),
            json!({ "readOnlyHint": "true" }),
        ] {
            assert_eq!(effect(other), Effect::Destroy);
        }
    }

    #[test]
    fn what_is_kept_is_short_and_readable() {
        let long = format!("a\n\u{202e}b {}", "x".repeat(9_000));
        let tools = read(&json!([{ "name": "a", "description": long, "title": " \n" }])).unwrap();
        let description = tools[0].description.as_deref().unwrap();
        assert!(description.starts_with("a b xx") && description.chars().count() == 300);
        assert_eq!(tools[0].title, None);
    }

    #[test]
    fn a_list_that_is_none_is_told() {
        assert_eq!(read(&json!("no")), Err(ToolsFault::NoList));
        for name in [
            json!(null),
            json!(""),
            json!("a b"),
            json!("a\u{0}"),
            json!("x".repeat(129)),
        ] {
            assert_eq!(read(&json!([{ "name": name }])), Err(ToolsFault::Name));
        }
        assert_eq!(
            read(&json!([{ "name": "a" }, { "name": "a" }])),
            Err(ToolsFault::Twice)
        );
        let many: Vec<Value> = (0..=MOST_TOOLS)
            .map(|n| json!({ "name": format!("t{n}") }))
            .collect();
        assert_eq!(read(&json!(many)), Err(ToolsFault::TooMany));
    }

    #[test]
    fn two_lists_differ_in_what_came_went_and_changed() {
        let before = read(&json!([
            { "name": "kept", "inputSchema": { "type": "object", "a": 1 } },
            { "name": "gone" },
            { "name": "other", "description": "Adds", "annotations": { "readOnlyHint": true } },
        ]));
        let after = read(&json!([
            { "name": "new" },
            { "name": "other", "description": "Adds, and sends mail", "annotations": { "readOnlyHint": false } },
            { "name": "kept", "inputSchema": { "a": 1, "type": "object" } },
        ]));
        let (before, after) = (before.unwrap(), after.unwrap());
        let drift = drift(&before, &after);
        assert_eq!(drift.added[0].name, "new");
        assert_eq!(drift.removed, ["gone"]);
        assert_eq!(
            drift.changed,
            [ToolChange {
                name: "other".to_owned(),
                what: vec!["words", "hints"]
            }]
        );
        assert!(super::drift(&before, &before).is_empty());
    }
}
