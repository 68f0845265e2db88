//! GET …/audit-events/export.

use actix_web::body::{BodyStream, BoxBody};
use actix_web::web::Bytes;
use futures_util::stream;
use serde::Deserialize;
use store::{AuditCursor, AuditFilter, Tenant};
use utoipa::IntoParams;

use crate::answer::Streamed;
use crate::api::Api;
use crate::audit_events::AuditEventOut;
use crate::audit_events::filters::Filters;
use crate::principal::TenantRead;
use crate::principal::kinds::Audit;
use crate::problem::Problem;
use crate::request::QueryString;

/// One object a line (<https://jsonlines.org>).
const MEDIA_TYPE: &str = "application/jsonl";
/// Events that are read, and held, at a time.
const WINDOW: u32 = 500;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
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

impl From<ExportQuery> for Filters {
    fn from(query: ExportQuery) -> Self {
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

/// Export audit events
///
/// All of them, or those that the filters let through, as JSON lines: one event a line, the newest first. The answer
/// is written while it is read, and breaks off where something fails: what is complete ends with its last chunk. To
/// go on from an earlier export, ask for those `from` its newest event.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/audit-events/export",
    tag = "audit-events",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), ExportQuery),
    responses((status = 200, description = "The events.", content_type = "application/jsonl", body = String)),
)]
pub async fn export_audit_events(
    access: TenantRead<Audit>,
    api: Api,
    QueryString(query): QueryString<ExportQuery>,
) -> Result<Streamed, Problem> {
    let mut export = Export {
        api,
        tenant: access.tenant,
        filter: Filters::from(query).read()?,
        after: None,
        is_over: false,
    };
    // What fails at once is still an answer of its own.
    let first = export.next_window().await?;
    let events = stream::try_unfold((Some(first), export), async |(first, mut export)| {
        let lines = match first {
            Some(lines) => lines,
            None if export.is_over => return Ok(None),
            None => export.next_window().await.map_err(BrokenOff)?,
        };
        Ok::<_, BrokenOff>(Some((lines, (None, export))))
    });
    Ok(Streamed {
        content_type: MEDIA_TYPE,
        body: BoxBody::new(BodyStream::new(Box::pin(events))),
    })
}

/// The connection is closed without an end; nothing more can be said by then.
#[derive(Debug)]
struct BrokenOff(Problem);

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "the export broke off: {:?}", self.0)
    }
}

impl std::error::Error for BrokenOff {}

struct Export {
    api: Api,
    tenant: Tenant,
    filter: AuditFilter,
    after: Option<AuditCursor>,
    is_over: bool,
}

impl Export {
    /// In a transaction of its own: whoever reads slowly holds no connection.
    async fn next_window(&mut self) -> Result<Bytes, Problem> {
        let mut scope = self.api.database().tenant(&self.tenant).await?;
        let rows = scope
            .list_audit_events(&self.filter, self.after, WINDOW)
            .await?;
        scope.roll_back().await?;
        self.is_over = rows.len() < usize::try_from(WINDOW).unwrap_or(usize::MAX);
        self.after = rows.last().map(store::AuditEvent::cursor).or(self.after);
        let mut lines = Vec::with_capacity(rows.len() * 512);
        for row in rows {
            let event = AuditEventOut::from(row);
            serde_json::to_writer(&mut lines, &event).map_err(Problem::internal)?;
            lines.push(b'\n');
        }
        Ok(Bytes::from(lines))
    }
}
