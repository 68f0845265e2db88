//! GET /admin/v1/audit-events.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit_events::{AuditEventOut, Position};
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::PlatformRead;
use crate::principal::kinds::Audit;
use crate::problem::Problem;
use crate::request::QueryString;

/// An event above tenants as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlatformAuditEvent)]
pub struct PlatformAuditEventOut {
    #[serde(flatten)]
    event: AuditEventOut,
    /// The id of the tenant that it was about.
    tenant_id: Option<String>,
}

/// List the platform's audit events
///
/// Admin keys and deleted tenants, the newest first. What happened in a tenant is among its own events.
#[utoipa::path(
    get,
    path = "/admin/v1/audit-events",
    tag = "audit-events",
    params(PageQuery),
    responses((status = 200, description = "A page of events.", body = Page<PlatformAuditEventOut>)),
)]
pub async fn list_platform_audit_events(
    access: PlatformRead<Audit>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<PlatformAuditEventOut>, Problem> {
    let list = ListOf {
        operation: "list_platform_audit_events",
        tenant: None,
        filter: "",
    };
    let wanted = query.read::<Position>(&api, list)?;
    let mut platform = access.read(&api).await?;
    let rows = platform
        .list_platform_audit_events(wanted.after.map(Into::into), wanted.rows_to_read())
        .await?;
    platform.end().await?;
    let show = |row: store::PlatformAuditEvent| PlatformAuditEventOut {
        tenant_id: row.tenant_id.map(|tenant_id| tenant_id.to_string()),
        event: row.event.into(),
    };
    wanted
        .page(&api, list, rows, |row| Position::of(&row.event), show)
        .map(Listed)
}
