//! POST …/resources/{id}/tools/check.

use authority::audit::EventType;
use protocol::ResourceId;
use protocol::mcp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use store::{FoundTools, ResourceTools};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Resources;
use crate::problem::{Faults, Problem};
use crate::request::{Id, LargeBody};
use crate::resource_tools::source::Source;
use crate::resource_tools::{ToolsOut, with_known_scopes};
use crate::{resources, text};

/// Where the tools are listed now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ToolsCheck, example = json!({"tools": [
    {"name": "search_notes", "description": "Searches your notes", "annotations": {"readOnlyHint": true}},
]}))]
pub struct CheckBody {
    /// Where the MCP server answers; absent: where they were imported from, else the resource's identifier.
    #[schema(value_type = Option<text::ResourceUri>)]
    url: Option<String>,
    /// A bearer token that the server takes, for this call alone: it is kept nowhere.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    credential: Option<SecretString>,
    /// The tools themselves, as `tools/list` has them: for a server that Writ does not reach.
    #[schema(value_type = Option<Vec<Object>>, max_items = 500)]
    tools: Option<Vec<Value>>,
}

/// Compare a resource's tools with those that were imported
///
/// Asks the MCP server again. No scope is changed; what was found is kept, and `drift` says how it differs.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/resources/{id}/tools/check",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
    ),
    request_body = CheckBody,
    responses((status = 200, description = "The tools, and what is different.", body = ToolsOut)),
)]
pub async fn check_resource_tools(
    access: TenantWrite<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
    LargeBody(body): LargeBody<CheckBody>,
) -> Result<Committed<Found<ToolsOut>>, Problem> {
    let unknown = || resources::unknown(access.tenant.slug());
    let source = Source {
        url: body.url,
        credential: body.credential,
        tools: body.tools,
    };
    let mut faults = Faults::default();
    source.check(&mut faults);
    faults.finish()?;
    let mut reading = access.read(&api).await?;
    let record = reading.find_resource(resource_id).await?;
    let kept = reading.find_resource_tools(resource_id).await?;
    reading.end().await?;
    let record = record.ok_or_else(unknown)?;
    let imported = kept.ok_or_else(never_imported)?;
    let usual_url = imported.url.as_deref();
    let usual_url = usual_url.unwrap_or_else(|| record.resource.identifier());
    let listing = source.list(&api, &access.tenant, usual_url).await?;

    let mut scope = access.open(&api).await?;
    let now = api.now();
    let record = scope.find_resource_for_update(resource_id).await?;
    let resource = record.ok_or_else(unknown)?.resource;
    let before = scope.find_resource_tools(resource_id).await?;
    let before = before.ok_or_else(never_imported)?;
    let drift = mcp::drift(&before.imported, &listing.tools);
    let after = ResourceTools {
        found: Some(FoundTools {
            tools: with_known_scopes(listing.tools, &before.imported),
            checked_at: now,
        }),
        ..before.clone()
    };
    scope.keep_resource_tools(&after).await?;
    let shown = ToolsOut::of(&after, &resource);
    // The lists themselves are long, and stay where they are.
    let changes = Changes::default()
        .noting("added", drift.added.len())
        .noting("removed", drift.removed.len())
        .noting("changed", drift.changed.len())
        .of_version(&ToolsOut::of(&before, &resource))
        .made_version(&shown);
    let target = audit::target("resource", &resource_id);
    let recorded = scope
        .record(EventType::ResourceToolsChecked, target, changes)
        .await?;
    recorded.commit(Found(shown)).await
}

fn never_imported() -> Problem {
    Problem::conflicting_state(
        "No tools of this resource were imported, so there is nothing to compare with; import them first.".to_owned(),
    )
}
