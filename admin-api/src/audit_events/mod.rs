//! Audit events: who did what, to read. Nothing here edits or removes one, but that a person's data is taken out of
//! them on request (`erase`).

pub mod erase;
pub mod export;
mod filters;
pub mod list;
pub mod list_platform;

use protocol::{EventId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{AuditCursor, AuditEvent};
use utoipa::ToSchema;

use crate::wire;

/// An event as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub struct AuditEventOut {
    pub id: String,
    #[schema(format = DateTime)]
    pub occurred_at: String,
    #[schema(example = "client.created")]
    pub action: String,
    /// `admin_key`, `bootstrap_key`, `command_line`, `user`, `client` or `system`.
    #[schema(example = "admin_key")]
    pub actor_kind: String,
    pub actor_id: Option<String>,
    #[schema(example = "client")]
    pub target_kind: Option<String>,
    #[schema(example = "notes-desktop")]
    pub target_id: Option<String>,
    /// The `X-Request-Id` of the call; log lines carry it too.
    pub request_id: Option<String>,
    pub address: Option<String>,
    /// `before` and `after` for changes. Never a secret.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
}

impl From<AuditEvent> for AuditEventOut {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.event_id.to_string(),
            occurred_at: wire::time(event.occurred_at),
            action: event.event_type,
            actor_kind: event.actor_kind,
            actor_id: event.actor_id,
            target_kind: event.target_kind,
            target_id: event.target_id,
            request_id: event.request_id,
            address: event.address.map(|address| address.to_string()),
            details: event.details,
        }
    }
}

/// Where a page of events ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Position {
    occurred_at: Timestamp,
    event_id: EventId,
}

impl Position {
    pub const fn of(event: &AuditEvent) -> Self {
        Self {
            occurred_at: event.occurred_at,
            event_id: event.event_id,
        }
    }

    pub const fn at(cursor: AuditCursor) -> Self {
        Self {
            occurred_at: cursor.occurred_at,
            event_id: cursor.event_id,
        }
    }
}

impl From<Position> for AuditCursor {
    fn from(position: Position) -> Self {
        Self {
            occurred_at: position.occurred_at,
            event_id: position.event_id,
        }
    }
}
