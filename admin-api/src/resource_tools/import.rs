//! POST …/resources/{id}/tools/import.

use authority::audit::EventType;
use protocol::ResourceId;
use protocol::scope::is_scope_token;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::ResourceTools;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Resources;
use crate::problem::{Faults, Problem};
use crate::request::{Id, LargeBody};
use crate::resource_tools::ToolsOut;
use crate::resource_tools::proposal::{self, Grouping, USUAL_PREFIX};
use crate::resource_tools::source::Source;
use crate::resources::{self, ResourceOut};
use crate::text;

const LONGEST_PREFIX: usize = 60;

/// Where the tools are listed, and how scopes are made of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ToolsImport, example = json!({"tools": [
    {"name": "search_notes", "description": "Searches your notes", "annotations": {"readOnlyHint": true}},
    {"name": "delete_note", "annotations": {"destructiveHint": true}},
]}))]
pub struct ImportBody {
    /// Where the MCP server answers; absent: the resource's identifier.
    #[schema(value_type = Option<text::ResourceUri>)]
    url: Option<String>,
    /// A bearer token that the server takes, for this call alone: it is kept nowhere.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    credential: Option<SecretString>,
    /// The tools themselves, as `tools/list` has them: for a server that Writ does not reach.
    #[schema(value_type = Option<Vec<Object>>, max_items = 500)]
    tools: Option<Vec<Value>>,
    #[serde(default)]
    #[schema(inline)]
    grouping: Grouping,
    /// What the names of scopes begin with; absent: `tools`.
    #[schema(value_type = Option<text::ScopeName>, max_length = 60, example = "tools")]
    prefix: Option<String>,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ToolsImportReport)]
pub struct ImportOut {
    /// As it is now.
    pub resource: ResourceOut,
    /// The names of its scopes that are new.
    #[schema(example = json!(["tools:read", "tools:destroy"]))]
    pub added_scopes: Vec<String>,
    pub tools: ToolsOut,
}

/// Import scopes from a resource's tools
///
/// Asks the MCP server for its tools, through the guard, and adds a scope for each kind of them to the resource: what only
/// reads, what adds, and what may change or delete, which is also what a tool is taken for whose server says nothing (MCP's
/// own defaults). Scopes that are there stay as they are. With `dry_run=true` it shows what it would add. The list is kept,
/// and compared with later ones. The ETag is the resource's.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/resources/{id}/tools/import",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
    ),
    request_body = ImportBody,
    responses((status = 200, description = "What was imported.", body = ImportOut)),
)]
pub async fn import_resource_tools(
    access: TenantWrite<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
    LargeBody(body): LargeBody<ImportBody>,
) -> Result<Committed<Found<ImportOut>>, Problem> {
    let unknown = || resources::unknown(access.tenant.slug());
    let (source, grouping, prefix) = body.read()?;
    // Others' hosts are asked before the transaction: nobody waits in line for them.
    let mut reading = access.read(&api).await?;
    let found = reading.find_resource(resource_id).await?;
    reading.end().await?;
    let found = found.ok_or_else(unknown)?;
    let usual_url = found.resource.identifier();
    let mut listing = source.list(&api, &access.tenant, usual_url).await?;

    let mut scope = access.open(&api).await?;
    let now = api.now();
    let before = scope.find_resource_for_update(resource_id).await?;
    let before = before.ok_or_else(unknown)?;
    let (resource, added_scopes) =
        proposal::apply(&before.resource, &mut listing.tools, grouping, &prefix)?;
    let shown_before = ResourceOut::of(access.tenant.issuer(), &before);
    let mut after = ResourceOut::of(access.tenant.issuer(), &before);
    if !added_scopes.is_empty() {
        let updated = scope.update_resource(&resource, now).await?;
        // Its audience is the one that it had.
        drop(updated.ok_or_else(unknown)?);
        after = ResourceOut::new(access.tenant.issuer(), &resource, before.created_at, now);
    }
    let kept = ResourceTools {
        resource_id,
        url: listing.url,
        imported: listing.tools,
        imported_at: now,
        found: None,
    };
    scope.keep_resource_tools(&kept).await?;
    let changes = Changes::updated(&shown_before, &after)
        .noting("tools", kept.imported.len())
        .noting("url", kept.url.clone());
    let target = audit::target("resource", &resource_id);
    let recorded = scope
        .record(EventType::ResourceToolsImported, target, changes)
        .await?;
    let tools = ToolsOut::of(&kept, &resource);
    recorded
        .commit(Found(ImportOut {
            resource: after,
            added_scopes,
            tools,
        }))
        .await
}

impl ImportBody {
    fn read(self) -> Result<(Source, Grouping, String), Problem> {
        let source = Source {
            url: self.url,
            credential: self.credential,
            tools: self.tools,
        };
        let mut faults = Faults::default();
        source.check(&mut faults);
        let prefix = self.prefix.unwrap_or_else(|| USUAL_PREFIX.to_owned());
        if !is_scope_token(&prefix) || prefix.len() > LONGEST_PREFIX {
            let detail =
                "Visible ASCII without spaces, quotes or backslashes, at most 60 characters.";
            faults.add("prefix", detail);
        }
        faults.finish()?;
        Ok((source, self.grouping, prefix))
    }
}
