//! Which scope each tool gets, and what that adds to a resource.
//!
//! An import only adds: what the resource has stays as it is, words and all.

use std::collections::BTreeMap;

use protocol::mcp::{Effect, Tool};
use protocol::resource::{Resource, ResourceScope};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::{Faults, Problem};
use crate::resources::{ScopeBody, validation};

pub const USUAL_PREFIX: &str = "tools";
const LONGEST_DESCRIPTION: usize = 500;

/// Which tools share a scope.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// Those that do the same to the world: `tools:read`, `tools:write`, `tools:destroy`.
    #[default]
    Effect,
    /// None: `tools:search_notes`.
    Tool,
}

/// Gives each tool its scope. What the resource is with them, and the names of the scopes that are new.
pub fn apply(
    before: &Resource,
    tools: &mut [Tool],
    grouping: Grouping,
    prefix: &str,
) -> Result<(Resource, Vec<String>), Problem> {
    let mut wanted: BTreeMap<(Effect, String), String> = BTreeMap::new();
    for tool in tools {
        let (order, name, description) = match grouping {
            Grouping::Effect => {
                let (word, description) = of_effect(tool.effect());
                (
                    tool.effect(),
                    format!("{prefix}:{word}"),
                    description.to_owned(),
                )
            }
            // In the order of their names.
            Grouping::Tool => (
                Effect::Read,
                name_of_tool(prefix, &tool.name),
                words_of(tool),
            ),
        };
        tool.scope.clone_from(&name);
        wanted.entry((order, name)).or_insert(description);
    }
    let mut after = before.clone();
    let mut added = Vec::new();
    let has_default = before.scopes.iter().any(|scope| scope.is_default);
    for ((_, name), description) in wanted {
        if before.has_scope(&name) {
            continue;
        }
        // A request that names no scope should be good for something, and for no harm.
        let is_default =
            !has_default && grouping == Grouping::Effect && name == format!("{prefix}:read");
        added.push(name.clone());
        after.scopes.push(ResourceScope {
            name,
            description,
            is_default,
        });
    }
    let bodies: Vec<ScopeBody> = after.scopes.iter().map(body_of).collect();
    let mut faults = Faults::default();
    validation::scopes(&mut faults, &bodies);
    faults.finish()?;
    Ok((after, added))
}

const fn of_effect(effect: Effect) -> (&'static str, &'static str) {
    match effect {
        Effect::Read => ("read", "Use tools that only read"),
        Effect::Write => ("write", "Use tools that add things"),
        Effect::Destroy => ("destroy", "Use tools that may change or delete things"),
    }
}

/// What no scope may have becomes `_`: two tools may share one.
fn name_of_tool(prefix: &str, tool: &str) -> String {
    let kept = |it: char| {
        if it.is_ascii_graphic() && !matches!(it, '"' | '\\') {
            it
        } else {
            '_'
        }
    };
    let name: String = tool.chars().map(kept).collect();
    format!("{prefix}:{name}")
}

fn words_of(tool: &Tool) -> String {
    let words = tool.title.as_ref().or(tool.description.as_ref());
    let words = words.map_or_else(|| format!("Use the tool {}", tool.name), Clone::clone);
    words.chars().take(LONGEST_DESCRIPTION).collect()
}

fn body_of(scope: &ResourceScope) -> ScopeBody {
    ScopeBody {
        name: scope.name.clone(),
        description: scope.description.clone(),
        default: scope.is_default,
    }
}
