//! A resource's tools, as its MCP server lists them: which scopes they were given, and what has changed since.
//!
//! What it is not: a rule of who may call a tool. The server checks the scopes of a token; Writ only issues them.

pub mod check;
pub mod find;
pub mod import;
mod proposal;
mod source;

use std::collections::HashMap;

use protocol::mcp::{self, Tool};
use protocol::resource::Resource;
use serde::Serialize;
use store::ResourceTools;
use utoipa::ToSchema;

use crate::wire;

/// What is kept of a resource's tools.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ResourceTools)]
pub struct ToolsOut {
    /// Where they were fetched; null: they were handed in, or never imported.
    #[schema(example = "https://notes.example.com/mcp")]
    pub url: Option<String>,
    /// As they were then.
    pub tools: Vec<ToolOut>,
    /// Null: never.
    #[schema(format = DateTime)]
    pub imported_at: Option<String>,
    /// When the server was asked again; null: not since the import.
    #[schema(format = DateTime)]
    pub checked_at: Option<String>,
    /// What was different then; null: nobody looked.
    pub drift: Option<DriftOut>,
}

/// A tool.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tool)]
pub struct ToolOut {
    #[schema(example = "search_notes")]
    pub name: String,
    pub title: Option<String>,
    /// Its beginning: at most 300 characters.
    pub description: Option<String>,
    /// `readOnlyHint`, as the server says; null: it says nothing.
    pub read_only: Option<bool>,
    /// `destructiveHint`, likewise.
    pub destructive: Option<bool>,
    /// The scope that it was given; null: none, or one that the resource has no more.
    #[schema(example = "tools:read")]
    pub scope: Option<String>,
}

/// How what was found differs from what was imported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ToolsDrift)]
pub struct DriftOut {
    pub added: Vec<ToolOut>,
    /// Names.
    pub removed: Vec<String>,
    pub changed: Vec<ToolChangeOut>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ToolChange)]
pub struct ToolChangeOut {
    pub name: String,
    /// `words` (title, description), `schema` (what goes in and comes out), `hints`.
    #[schema(example = json!(["words"]))]
    pub what: Vec<&'static str>,
}

impl ToolOut {
    fn of(tool: &Tool, resource: &Resource) -> Self {
        Self {
            name: tool.name.clone(),
            title: tool.title.clone(),
            description: tool.description.clone(),
            read_only: tool.read_only,
            destructive: tool.destructive,
            scope: Some(tool.scope.clone()).filter(|scope| resource.has_scope(scope)),
        }
    }
}

impl ToolsOut {
    fn of(kept: &ResourceTools, resource: &Resource) -> Self {
        let drift = kept.found.as_ref().map(|found| {
            let drift = mcp::drift(&kept.imported, &found.tools);
            let changed = drift.changed.into_iter().map(|change| ToolChangeOut {
                name: change.name,
                what: change.what,
            });
            DriftOut {
                added: drift
                    .added
                    .iter()
                    .map(|tool| ToolOut::of(tool, resource))
                    .collect(),
                removed: drift.removed,
                changed: changed.collect(),
            }
        });
        Self {
            url: kept.url.clone(),
            tools: kept
                .imported
                .iter()
                .map(|tool| ToolOut::of(tool, resource))
                .collect(),
            imported_at: Some(wire::time(kept.imported_at)),
            checked_at: kept
                .found
                .as_ref()
                .map(|found| wire::time(found.checked_at)),
            drift,
        }
    }

    fn of_any(kept: Option<&ResourceTools>, resource: &Resource) -> Self {
        kept.map_or_else(Self::default, |kept| Self::of(kept, resource))
    }
}

/// What was found, with the scopes of those that are known.
fn with_known_scopes(mut found: Vec<Tool>, imported: &[Tool]) -> Vec<Tool> {
    let known: HashMap<&str, &str> = imported
        .iter()
        .map(|tool| (tool.name.as_str(), tool.scope.as_str()))
        .collect();
    for tool in &mut found {
        let scope = known.get(tool.name.as_str());
        tool.scope = scope.copied().unwrap_or_default().to_owned();
    }
    found
}
