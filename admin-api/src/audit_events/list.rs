//! GET …/audit-events.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::Api;
use crate::audit_events::filters::Filters;
use crate::audit_events::{AuditEventOut, Position};
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Audit;
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
    /// Who did it: `admin_key:{id}`, `administrator:{id}`, `user:{id}`, `client:{client_id}`, or `bootstrap_key`,
    /// `command_line`, `system`.
    #[param(example = "bootstrap_key")]
    actor: Option<String>,
    /// What it was done to, with its kind: `client:notes-desktop`.
    #[param(example = "client:notes-desktop")]
    target: Option<String>,
    /// A `client_id`: what it did, and what was done to it or by its means.
    #[param(example = "notes-desktop")]
    client: Option<String>,
    /// A person's id: what they did, and what was done to them.
    user: Option<String>,
    /// The `X-Request-Id` of a call, or the `error_id` of a page.
    request_id: Option<String>,
    /// From this moment on.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Before this moment.
    #[param(format = DateTime)]
    to: Option<String>,
}

impl From<AuditQuery> for Filters {
    fn from(query: AuditQuery) -> Self {
        Self {
            action: query.action,
            actor: query.actor,
            target: query.target,
            client: query.client,
            user: query.user,
            request_id: query.request_id,
            from: query.from,
            to: query.to,
        }
    }
}

/// List audit events
///
/// The newest first. Of several filters all must hold.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/audit-events",
    tag = "audit-events",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), AuditQuery),
    responses((status = 200, description = "A page of events.", body = Page<AuditEventOut>)),
)]
pub async fn list_audit_events(
    access: TenantRead<Audit>,
    api: Api,
    QueryString(query): QueryString<AuditQuery>,
) -> Result<Listed<AuditEventOut>, Problem> {
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let filter = Filters::from(query).read()?;
    let named = format!("{filter:?}");
    let list = ListOf {
        operation: "list_audit_events",
        tenant: Some(access.tenant.id()),
        filter: &named,
    };
    let wanted = page.read::<Position>(&api, list)?;
    let (after, limit) = (wanted.after.map(Into::into), wanted.rows_to_read());
    let mut scope = access.read(&api).await?;
    let rows = scope.list_audit_events(&filter, after, limit).await?;
    scope.end().await?;
    wanted
        .page(&api, list, rows, Position::of, AuditEventOut::from)
        .map(Listed)
}
