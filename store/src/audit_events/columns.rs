//! Events turned on their side: one array per column, for one statement.

use protocol::TenantId;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{AuditEvent, Subjects};

#[derive(Default)]
pub(super) struct EventColumns {
    pub tenant_id: Vec<Uuid>,
    pub occurred_at: Vec<OffsetDateTime>,
    pub event_id: Vec<Uuid>,
    pub event_type: Vec<String>,
    pub actor_kind: Vec<String>,
    pub actor_id: Vec<Option<String>>,
    pub target_kind: Vec<Option<String>>,
    pub target_id: Vec<Option<String>>,
    pub request_id: Vec<Option<String>>,
    pub address: Vec<Option<String>>,
    pub details: Vec<Value>,
    pub user_id: Vec<Option<Uuid>>,
    pub client_id: Vec<Option<String>>,
}

impl EventColumns {
    pub fn of<'a>(events: impl Iterator<Item = (TenantId, &'a AuditEvent)>) -> Self {
        let mut columns = Self::default();
        for (tenant_id, event) in events {
            columns.tenant_id.push(tenant_id.as_uuid());
            columns.occurred_at.push(event.occurred_at.into());
            columns.event_id.push(event.event_id.as_uuid());
            columns.event_type.push(event.event_type.clone());
            columns.actor_kind.push(event.actor_kind.clone());
            columns.actor_id.push(event.actor_id.clone());
            columns.target_kind.push(event.target_kind.clone());
            columns.target_id.push(event.target_id.clone());
            columns.request_id.push(event.request_id.clone());
            columns
                .address
                .push(event.address.map(|address| address.to_string()));
            columns.details.push(event.details.clone());
            let subjects = Subjects::of(event);
            columns.user_id.push(subjects.user_id);
            columns.client_id.push(subjects.client_id);
        }
        columns
    }
}
