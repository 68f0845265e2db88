//! GET …/audit-events.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::Api;
use crate::audit_events::{AuditEventOut, Position};
use crate::operation::Found;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::problem::Problem;
use crate::request::QueryString;

/// A page, and which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
    /// Only these: `client.created`, `grant.revoked`, …
    #[param(example = "client.created")]
    action: Option<String>,
}

/// List audit events
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/audit-events",
    tag = "audit-events",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), AuditQuery),
    responses((status = 200, description = "A page of events.", body = Page<AuditEventOut>)),
)]
pub async fn list_audit_events(
    access: TenantRead,
    api: Api,
    QueryString(query): QueryString<AuditQuery>,
) -> Result<Found<Page<AuditEventOut>>, Problem> {
    let action = query.action.unwrap_or_default();
    if !action
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || b"_.".contains(&byte))
    {
        return Err(Problem::malformed_field(
            "action",
            "A name like client.created.",
        ));
    }
    let list = ListOf {
        operation: "list_audit_events",
        tenant: Some(access.tenant.id()),
        filter: &action,
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let wanted = page.read::<Position>(&api, list)?;
    let (after, limit) = (wanted.after.map(Into::into), wanted.rows_to_read());
    let mut scope = api.database().tenant(&access.tenant).await?;
    let rows = if action.is_empty() {
        scope.list_audit_events(after, limit).await?
    } else {
        scope
            .list_audit_events_of_type(&action, after, limit)
            .await?
    };
    scope.commit().await?;
    wanted
        .page(&api, list, rows, Position::of, AuditEventOut::from)
        .map(Found)
}
