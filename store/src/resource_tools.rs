//! What a resource's server listed as its tools, when scopes were imported from it and when it was asked again.

use protocol::mcp::Tool;
use protocol::{ResourceId, Timestamp};
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// The two lists of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceTools {
    pub resource_id: ResourceId,
    /// Where it was fetched; none, where it was handed in.
    pub url: Option<String>,
    /// Each with its scope.
    pub imported: Vec<Tool>,
    pub imported_at: Timestamp,
    /// What was there later, if anybody looked.
    pub found: Option<FoundTools>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundTools {
    pub tools: Vec<Tool>,
    pub checked_at: Timestamp,
}

struct ResourceToolsRow {
    resource_id: Uuid,
    url: Option<String>,
    imported: Json<Vec<Tool>>,
    imported_at: OffsetDateTime,
    found: Option<Json<Vec<Tool>>>,
    checked_at: Option<OffsetDateTime>,
}

impl From<ResourceToolsRow> for ResourceTools {
    fn from(row: ResourceToolsRow) -> Self {
        let found = row.found.zip(row.checked_at);
        Self {
            resource_id: ResourceId::from_uuid(row.resource_id),
            url: row.url,
            imported: row.imported.0,
            imported_at: row.imported_at.into(),
            found: found.map(|(tools, checked_at)| FoundTools {
                tools: tools.0,
                checked_at: checked_at.into(),
            }),
        }
    }
}

impl TenantScope {
    /// In place of what was kept of the resource. [`StoreError::Conflict`] when the resource is not there.
    pub async fn keep_resource_tools(&mut self, tools: &ResourceTools) -> Result<(), StoreError> {
        let found = tools.found.as_ref();
        let kept = sqlx::query!(
            "insert into resource_tools (tenant_id, resource_id, url, imported, imported_at, found, checked_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (tenant_id, resource_id) do update
             set url = excluded.url, imported = excluded.imported, imported_at = excluded.imported_at,
                 found = excluded.found, checked_at = excluded.checked_at",
            self.tenant_id(),
            tools.resource_id.as_uuid(),
            tools.url,
            Json(&tools.imported) as _,
            OffsetDateTime::from(tools.imported_at),
            found.map(|found| Json(&found.tools)) as _,
            found.map(|found| OffsetDateTime::from(found.checked_at)),
        );
        answer!(self, kept, execute)?;
        Ok(())
    }

    pub async fn find_resource_tools(
        &mut self,
        resource_id: ResourceId,
    ) -> Result<Option<ResourceTools>, StoreError> {
        let row = sqlx::query_as!(
            ResourceToolsRow,
            r#"select resource_id, url, imported as "imported: Json<Vec<Tool>>", imported_at,
                 found as "found: Json<Vec<Tool>>", checked_at
               from resource_tools where tenant_id = $1 and resource_id = $2"#,
            self.tenant_id(),
            resource_id.as_uuid(),
        );
        let found = answer!(self, row, fetch_optional)?;
        Ok(found.map(ResourceTools::from))
    }
}
