//! GET …/resources/{id}/snippets.
//!
//! Ready-made configuration for what MCP servers are usually made with. The texts are templates beside this file.
//!
//! How to add one more: its template, its line in [`all`], its test where it can be run (`tests/clients/test_snippets.py`).

mod template;

use std::borrow::Cow;

use protocol::resource::Resource;
use protocol::resource::metadata::{ProtectedResourceMetadata, published_url, well_known_url};
use protocol::{Issuer, ResourceId, SigningAlgorithm};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::request::Id;
use crate::resources;
use template::{Language, Value, Values, fill};

/// Stands for the address of a server whose identifier is none.
const NOWHERE: &str = "https://mcp.example.com/mcp";

/// A resource's snippets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Snippets)]
pub struct SnippetsOut {
    pub snippets: Vec<SnippetOut>,
}

/// One text, ready to be a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Snippet)]
pub struct SnippetOut {
    #[schema(example = "fastmcp")]
    pub name: &'static str,
    #[schema(example = "python")]
    pub language: &'static str,
    /// What the file may be called.
    #[schema(example = "server.py")]
    pub file: &'static str,
    #[schema(example = "from fastmcp import FastMCP\n")]
    pub text: String,
    /// What to know before it is used.
    #[schema(example = json!(["Every call needs the scope notes:read."]))]
    pub notes: Vec<String>,
}

/// Show snippets for a resource
///
/// Configuration for FastMCP, the TypeScript SDK, rmcp, agentgateway and nginx, with the issuer, keys, audience, scopes
/// and algorithms of this resource in it. No secret is in them: they verify by the issuer's keys.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/resources/{id}/snippets",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
    ),
    responses((status = 200, description = "The snippets.", body = SnippetsOut)),
)]
pub async fn find_resource_snippets(
    access: TenantRead<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
) -> Result<Found<SnippetsOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.find_resource(resource_id).await?;
    scope.end().await?;
    let record = found.ok_or_else(|| resources::unknown(access.tenant.slug()))?;
    let signing = api.authority().key_ring();
    let mut algorithms = vec![signing.find_signing_algorithm(&access.tenant).await?];
    // Of a tenant that is changing it: what signs now, and what will.
    let chosen = access.tenant.settings().signing_algorithm;
    if !algorithms.contains(&chosen) {
        algorithms.push(chosen);
    }
    let facts = Facts::new(access.tenant.issuer(), &record.resource, &algorithms);
    Ok(Found(SnippetsOut {
        snippets: all(&facts).map_err(Problem::internal)?,
    }))
}

/// They leave it to the server behind them, and say so.
const CHECKS_NO_SCOPE: [&str; 2] = ["agentgateway", "nginx"];

/// What snippets are made from.
struct Facts {
    values: Values,
    required_scopes: Vec<String>,
    is_web: bool,
    is_changing_algorithm: bool,
    is_local: bool,
}

fn all(facts: &Facts) -> Result<Vec<SnippetOut>, template::NoSuchPlace> {
    let make = |name, language: Language, file, template, note: &[&str]| {
        let scopes = (!CHECKS_NO_SCOPE.contains(&name)).then(|| facts.note_on_scopes());
        Ok(SnippetOut {
            name,
            language: language.name(),
            file,
            text: fill(template, language, &facts.values)?,
            notes: note
                .iter()
                .map(|note| (*note).to_owned())
                .chain(facts.note_on_address())
                .chain(scopes)
                .collect(),
        })
    };
    Ok(vec![
        make(
            "fastmcp",
            Language::Python,
            "server.py",
            include_str!("snippets/fastmcp.py.tmpl"),
            if facts.is_changing_algorithm {
                &["FastMCP takes one algorithm: take this snippet again when the new key signs."]
            } else {
                &[]
            },
        )?,
        make(
            "typescript-sdk",
            Language::JavaScript,
            "server.mjs",
            include_str!("snippets/typescript_sdk.mjs.tmpl"),
            &[
                "It runs as it is, and is TypeScript as well. It reads the issuer's metadata when it starts.",
            ],
        )?,
        make(
            "rmcp",
            Language::Rust,
            "protection.rs",
            include_str!("snippets/rmcp.rs.tmpl"),
            &["A module of your server: wrap its router in `protect`."],
        )?,
        make(
            "agentgateway",
            Language::Yaml,
            "config.yaml",
            include_str!("snippets/agentgateway.yaml.tmpl"),
            &[
                "Put your server in the place of the target. It checks no scope as it stands: the server must, or a rule of mcpAuthorization.",
            ],
        )?,
        make(
            "nginx",
            Language::Nginx,
            "mcp.conf",
            include_str!("snippets/nginx.conf.tmpl"),
            &[
                "nginx without its commercial modules verifies no token and checks no scope: the server behind it must.",
            ],
        )?,
    ])
}

impl Facts {
    fn new(issuer: &Issuer, resource: &Resource, algorithms: &[SigningAlgorithm]) -> Self {
        let well_known = well_known_url(resource.identifier());
        let is_web = well_known.is_some();
        let address = if is_web {
            resource.identifier()
        } else {
            NOWHERE
        };
        let metadata_url = well_known
            .or_else(|| well_known_url(NOWHERE))
            .unwrap_or_default();
        let (origin, path) = split(address);
        let (_, metadata_path) = split(&metadata_url);
        let port = origin.rsplit_once(':').map(|(_, port)| port);
        let port = port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
        let is_local = origin.starts_with("http://");
        let required_scopes: Vec<String> = resource
            .scopes
            .iter()
            .filter(|scope| scope.is_default)
            .map(|scope| scope.name.clone())
            .collect();
        let metadata = ProtectedResourceMetadata::new(issuer, resource);
        let metadata = serde_json::to_string(&metadata).unwrap_or_default();
        let names: Vec<&str> = algorithms.iter().map(|one| one.as_str()).collect();
        let in_rust: Vec<String> = names
            .iter()
            .map(|one| format!("Algorithm::{one}"))
            .collect();
        let jwks_uri = format!(".well-known/jwks/{}", resource.resource_id);
        let audience = &resource.audience;
        let text = |text: &str| Value::Text(text.to_owned());
        let values = Values::from([
            ("issuer", text(issuer.as_str())),
            (
                "issuer_metadata_url",
                text(&issuer.endpoint(".well-known/oauth-authorization-server")),
            ),
            ("jwks_uri", text(&issuer.endpoint(&jwks_uri))),
            ("audience", text(audience)),
            (
                "issuer_and_audience",
                text(&format!("{} {audience}", issuer.as_str())),
            ),
            (
                "algorithm",
                text(names.first().copied().unwrap_or_default()),
            ),
            (
                "algorithms",
                Value::List(names.iter().map(|&one| one.to_owned()).collect()),
            ),
            ("rust_algorithms", text(&in_rust.join(", "))),
            ("identifier", text(address)),
            ("name", text(&resource.name)),
            (
                "scopes",
                Value::List(
                    resource
                        .scopes
                        .iter()
                        .map(|scope| scope.name.clone())
                        .collect(),
                ),
            ),
            ("required_scopes", Value::List(required_scopes.clone())),
            ("origin", text(origin)),
            ("path", text(path)),
            ("express_path", text(&in_express(path))),
            ("location", text(&decoded(path))),
            // Behind a proxy that ends TLS, where the identifier has no port of its own.
            ("port", text(port.filter(|_| is_local).unwrap_or("8000"))),
            ("metadata", text(&metadata)),
            ("metadata_url", text(&metadata_url)),
            ("metadata_path", text(metadata_path)),
            ("metadata_location", text(&decoded(metadata_path))),
            (
                "published_url",
                text(&published_url(issuer, resource.resource_id)),
            ),
        ]);
        Self {
            values,
            required_scopes,
            is_web,
            is_changing_algorithm: algorithms.len() > 1,
            is_local,
        }
    }

    fn note_on_address(&self) -> Option<String> {
        if !self.is_web {
            return Some(format!(
                "The resource's identifier is no web address: put the server's own in the place of {NOWHERE}."
            ));
        }
        let behind_a_proxy = "It listens on this machine: a proxy that ends TLS stands before it.";
        (!self.is_local).then(|| behind_a_proxy.to_owned())
    }

    fn note_on_scopes(&self) -> String {
        match self.required_scopes.as_slice() {
            [] => {
                "No scope is required: the resource has no default scopes. A tool may ask for one."
                    .to_owned()
            }
            scopes => format!(
                "Every call needs the resource's default scopes ({}); what a tool needs besides is for the tool to check.",
                scopes.join(" ")
            ),
        }
    }
}

/// `https://host:1` and `/path`, without a query.
fn split(url: &str) -> (&str, &str) {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url.find('?').unwrap_or(url.len());
    let url = url.get(..end).unwrap_or(url);
    let slash = url.get(after_scheme..).and_then(|rest| rest.find('/'));
    match slash {
        Some(at) => url.split_at(after_scheme + at),
        None => (url, "/"),
    }
}

/// Express reads patterns; these are their signs.
fn in_express(path: &str) -> String {
    let mut written = String::with_capacity(path.len());
    for character in path.chars() {
        if "{}()[]+?!:*\\".contains(character) {
            written.push('\\');
        }
        written.push(character);
    }
    written
}

/// As nginx compares it: percent-encoding is undone, where that gives a text.
fn decoded(path: &str) -> Cow<'_, str> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |at: usize| char::from(*after.get(at)?).to_digit(16);
        if let (b'%', Some(high), Some(low)) = (first, hex(0), hex(1)) {
            bytes.extend(u8::try_from(high * 16 + low));
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => Cow::Owned(text),
        _ => Cow::Borrowed(path),
    }
}

#[cfg(test)]
mod tests;
