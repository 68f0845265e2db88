//! What a resource may be called and say. Every fault of a body is named in one answer.

use std::collections::HashSet;

use protocol::resource::{self, ResourceScope};
use protocol::scope::is_scope_token;

use crate::problem::Faults;
use crate::resources::ScopeBody;
use crate::wire;

const ALIAS_LIMIT: usize = 20;
const SCOPE_LIMIT: usize = 200;
const SCOPE_NAME_LIMIT: usize = 200;
const AUDIENCE_LIMIT: usize = 2_000;

/// The identifier and its aliases, as they were written; each once after normalisation.
pub fn identifiers(faults: &mut Faults, identifier: &str, aliases: &[String]) -> Vec<String> {
    if aliases.len() > ALIAS_LIMIT {
        faults.add("aliases", format!("At most {ALIAS_LIMIT}."));
    }
    let mut seen = HashSet::new();
    let mut all = Vec::with_capacity(1 + aliases.len());
    let named = aliases
        .iter()
        .enumerate()
        .map(|(at, alias)| (format!("aliases[{at}]"), alias.as_str()));
    for (field, text) in std::iter::once(("identifier".to_owned(), identifier)).chain(named) {
        match resource::normalise(text) {
            Err(error) => faults.add(field, error.to_string()),
            Ok(normalised) if !seen.insert(normalised.clone()) => {
                faults.add(
                    field,
                    format!("{normalised} is listed already; name it once."),
                );
            }
            Ok(_) => all.push(text.to_owned()),
        }
    }
    all
}

/// Any text that tokens can carry: `mcp_proxy` is as good as a URL.
pub fn audience(faults: &mut Faults, text: &str) -> String {
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > AUDIENCE_LIMIT || !is_visible {
        faults.add(
            "audience",
            format!("1 to {AUDIENCE_LIMIT} visible ASCII characters, without spaces."),
        );
    } else if text == "*" {
        faults.add("audience", "A token is for one resource; name it.");
    }
    text.to_owned()
}

pub fn scopes(faults: &mut Faults, bodies: &[ScopeBody]) -> Vec<ResourceScope> {
    if bodies.len() > SCOPE_LIMIT {
        faults.add("scopes", format!("At most {SCOPE_LIMIT}."));
    }
    let mut seen = HashSet::new();
    let mut scopes = Vec::with_capacity(bodies.len());
    for (at, body) in bodies.iter().enumerate() {
        if !is_scope_token(&body.name) || body.name.len() > SCOPE_NAME_LIMIT {
            let detail =
                "Visible ASCII without spaces, quotes or backslashes, at most 200 characters.";
            faults.add(format!("scopes[{at}].name"), detail);
        } else if is_tenant_scope(&body.name) {
            faults.add(
                format!("scopes[{at}].name"),
                "This scope belongs to the tenant, not to a resource.",
            );
        } else if !seen.insert(body.name.as_str()) {
            faults.add(
                format!("scopes[{at}].name"),
                "This scope is listed already; name it once.",
            );
        }
        let field = format!("scopes[{at}].description");
        let description = wire::words(faults, &field, &body.description, wire::DESCRIPTION_LIMIT);
        scopes.push(ResourceScope {
            name: body.name.clone(),
            description,
            is_default: body.default,
        });
    }
    scopes
}

/// Never filtered by a resource, so never one's own.
fn is_tenant_scope(name: &str) -> bool {
    matches!(name, "openid" | "profile" | "email" | "offline_access")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(check: impl FnOnce(&mut Faults)) -> Vec<String> {
        let mut faults = Faults::default();
        check(&mut faults);
        faults
            .finish()
            .err()
            .map(|problem| {
                problem
                    .errors()
                    .iter()
                    .map(|error| error.field.clone())
                    .collect()
            })
            .unwrap_or_default()
    }

    #[test]
    fn an_alias_that_means_the_identifier_is_named() {
        let aliases = [
            "https://EXAMPLE.com:443/mcp".to_owned(),
            "no uri".to_owned(),
        ];
        let fields = faults_of(|faults| {
            identifiers(faults, "https://example.com/mcp", &aliases);
        });
        assert_eq!(fields, ["aliases[0]", "aliases[1]"]);
    }

    #[test]
    fn a_scope_is_a_token_with_words_and_named_once() {
        let scope = |name: &str, description: &str| ScopeBody {
            name: name.to_owned(),
            description: description.to_owned(),
            default: false,
        };
        let bodies = [
            scope("a:b", "fine"),
            scope("a b", "x"),
            scope("a:b", "again"),
            scope("c", " "),
            scope("openid", "x"),
        ];
        let fields = faults_of(|faults| {
            scopes(faults, &bodies);
        });
        assert_eq!(
            fields,
            [
                "scopes[1].name",
                "scopes[2].name",
                "scopes[3].description",
                "scopes[4].name"
            ]
        );
    }

    /// Row G2: never `*`.
    #[test]
    fn an_audience_is_one_thing() {
        for text in ["", "*", "a b", "ü"] {
            assert_eq!(
                faults_of(|faults| drop(audience(faults, text))),
                ["audience"],
                "{text:?}"
            );
        }
        assert!(faults_of(|faults| drop(audience(faults, "mcp_proxy"))).is_empty());
    }
}
