//! `writ resource metadata|snippets|tools|import-tools`: what a resource's server needs to know, and what it can do.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use super::user::first_line;
use super::verbs::Verbs;
use crate::cli::CliError;
use crate::cli::admin::failure::usage;
use crate::cli::admin::fields::{member, text_of};
use crate::cli::admin::show::{self, Column};
use crate::cli::say::{say, say_exactly, warn};

const SNIPPETS: [Column; 3] = [("NAME", "name"), ("LANGUAGE", "language"), ("FILE", "file")];
const TOOLS: [Column; 5] = [
    ("TOOL", "name"),
    ("SCOPE", "scope"),
    ("READ ONLY", "read_only"),
    ("DESTRUCTIVE", "destructive"),
    ("TITLE", "title"),
];

/// Where the tools are listed.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// Where the MCP server answers, if it is not the resource's identifier.
    #[arg(long = "from-url", value_name = "URL")]
    from: Option<String>,
    /// A file with a bearer token that the server takes; `-` reads standard input. It is kept nowhere.
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
    /// A file with what `tools/list` answers, for a server that Writ does not reach; `-` reads standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "credential_file"])]
    tools_file: Option<PathBuf>,
}

/// Which tools share a scope.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Grouping {
    /// Those that do the same: read, write, destroy.
    Effect,
    /// None.
    Tool,
}

impl Source {
    pub(super) fn body(&self) -> Result<Map<String, Value>, CliError> {
        let mut body = Map::new();
        member(&mut body, "url", self.from.as_deref());
        if let Some(file) = &self.credential_file {
            let credential = first_line(file, "credential")?;
            member(&mut body, "credential", Some(credential.trim()));
        }
        if let Some(file) = &self.tools_file {
            body.insert("tools".to_owned(), tools_in(file)?);
        }
        Ok(body)
    }
}

impl Grouping {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Effect => "effect",
            Self::Tool => "tool",
        }
    }
}

/// The list, or the answer that has it: `{"tools": […]}`, or the whole JSON-RPC message.
fn tools_in(file: &Path) -> Result<Value, CliError> {
    let fault = |error: &dyn std::fmt::Display| {
        usage(format!("cannot read tools in {}: {error}", file.display()))
    };
    let text = text_of(file, "tools")?;
    let said: Value = serde_json::from_str(&text).map_err(|error| fault(&error))?;
    let listed = [&said["result"]["tools"], &said["tools"], &said];
    let found = listed.into_iter().find(|value| value.is_array());
    found
        .cloned()
        .ok_or_else(|| fault(&"there is no list of them"))
}

/// The document alone on standard output, so that it can be a file; beside it, where it belongs.
pub(super) async fn metadata(verbs: &Verbs, resource: &str) -> Result<(), CliError> {
    let path = format!("{resource}/protected-resource-metadata");
    let answer = verbs.api.get(&path).await?;
    show::json(&answer.body)?;
    if let Some(place) = answer.content_location {
        warn(&format!("it belongs at {}", show::clean(&place)));
    }
    Ok(())
}

/// Those that there are, or the text of one, byte for byte.
pub(super) async fn snippets(
    verbs: &Verbs,
    resource: &str,
    name: Option<&str>,
) -> Result<(), CliError> {
    let answer = verbs.api.get(&format!("{resource}/snippets")).await?;
    let all = answer.body["snippets"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let Some(name) = name else {
        if verbs.is_json {
            return show::json(&answer.body["snippets"]);
        }
        show::table(&SNIPPETS, all);
        return Ok(());
    };
    let found = all.iter().find(|snippet| snippet["name"] == name);
    let snippet = found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().filter_map(|one| one["name"].as_str()).collect();
        usage(format!(
            "there is no snippet {name:?}; there are {}",
            names.join(", ")
        ))
    })?;
    if verbs.is_json {
        return show::json(snippet);
    }
    say_exactly(snippet["text"].as_str().unwrap_or_default())?;
    for note in snippet["notes"].as_array().into_iter().flatten() {
        warn(&show::clean(note.as_str().unwrap_or_default()));
    }
    Ok(())
}

/// As they are kept.
pub(super) async fn tools(verbs: &Verbs, resource: &str) -> Result<(), CliError> {
    let answer = verbs.api.get(&format!("{resource}/tools")).await?;
    tell_of_tools(verbs, &answer.body, &answer.body)
}

/// Asked for again.
pub(super) async fn check(verbs: &Verbs, resource: &str, source: &Source) -> Result<(), CliError> {
    let body = Value::Object(source.body()?);
    let answer = verbs
        .api
        .post(&format!("{resource}/tools/check"), &body)
        .await?;
    tell_of_tools(verbs, &answer.body, &answer.body)?;
    verbs.tell_of_dry_run();
    Ok(())
}

pub(super) async fn import(verbs: &Verbs, resource: &str, body: &Value) -> Result<(), CliError> {
    let answer = verbs
        .api
        .post(&format!("{resource}/tools/import"), body)
        .await?;
    tell_of_tools(verbs, &answer.body, &answer.body["tools"])?;
    if !verbs.is_json {
        let added = answer.body["added_scopes"].as_array().into_iter().flatten();
        let added: Vec<&str> = added.filter_map(Value::as_str).collect();
        say(&match added.as_slice() {
            [] => "No scope is new.".to_owned(),
            added => format!("New scopes: {}", show::clean(&added.join(" "))),
        });
    }
    verbs.tell_of_dry_run();
    Ok(())
}

fn tell_of_tools(verbs: &Verbs, whole: &Value, tools: &Value) -> Result<(), CliError> {
    if verbs.is_json {
        return show::json(whole);
    }
    show::table(
        &TOOLS,
        tools["tools"].as_array().map_or(&[][..], Vec::as_slice),
    );
    let drift = &tools["drift"];
    let named = |value: &Value| {
        show::clean(
            value
                .as_str()
                .or_else(|| value["name"].as_str())
                .unwrap_or_default(),
        )
    };
    for (sign, kind) in [("+", "added"), ("-", "removed"), ("~", "changed")] {
        for one in drift[kind].as_array().into_iter().flatten() {
            let what = one["what"].as_array().into_iter().flatten();
            let what: Vec<&str> = what.filter_map(Value::as_str).collect();
            say(format!("{sign} {} {}", named(one), what.join(", ")).trim_end());
        }
    }
    Ok(())
}
