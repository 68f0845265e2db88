//! Audit events: added and read, never edited, but that a person's data is taken out on request (`erasures`). A
//! tenant's, and the platform's own.

macro_rules! select_audit_events {
    (from $from:literal, $rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::audit_events::AuditRow,
            "select event_id, occurred_at, event_type, actor_kind, actor_id, target_kind, target_id,
                 request_id, host(address) as address, details
             from "
                + $from
                + " "
                + $rest
            $(, $argument)*
        )
    };
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        select_audit_events!(from "audit_events", $rest $(, $argument)*)
    };
}

mod columns;
mod erasures;
mod filter;
mod first_kept;
mod look_ups;
mod subjects;

use std::net::IpAddr;

use protocol::webhook::patterns_of;
use protocol::{EventId, TenantId, Timestamp};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::{TenantScope, answer};
use crate::tenants::Tenant;
use columns::EventColumns;
pub use erasures::{AuditErasure, ErasedEvents};
pub use filter::{AuditActor, AuditFilter};
pub use first_kept::{FirstKept, SHORTEST_AUDIT_RETENTION};
pub use look_ups::TokenReuseFilter;
use subjects::Subjects;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    pub event_id: EventId,
    pub occurred_at: Timestamp,
    /// `thing.happened`.
    pub event_type: String,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub target_kind: Option<String>,
    pub target_id: Option<String>,
    pub request_id: Option<String>,
    pub address: Option<IpAddr>,
    /// A JSON object without secrets.
    pub details: Value,
}

/// What is to be recorded has the same fields as what was.
pub type NewAuditEvent = AuditEvent;

/// An event of the platform, and the tenant it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformAuditEvent {
    pub tenant_id: Option<TenantId>,
    pub event: AuditEvent,
}

/// Where a page ended. Pages go from the newest event to the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCursor {
    pub occurred_at: Timestamp,
    pub event_id: EventId,
}

impl AuditEvent {
    pub const fn cursor(&self) -> AuditCursor {
        AuditCursor {
            occurred_at: self.occurred_at,
            event_id: self.event_id,
        }
    }
}

impl AuditCursor {
    pub(crate) fn columns(after: Option<Self>) -> (OffsetDateTime, Uuid) {
        // Far enough ahead that no event lies beyond it (the year 9999).
        const END: i64 = 253_402_300_000;
        after.map_or_else(
            || (Timestamp::from_unix_seconds(END).into(), Uuid::max()),
            |cursor| (cursor.occurred_at.into(), cursor.event_id.as_uuid()),
        )
    }
}

pub(crate) struct AuditRow {
    event_id: Uuid,
    occurred_at: OffsetDateTime,
    event_type: String,
    actor_kind: String,
    actor_id: Option<String>,
    target_kind: Option<String>,
    target_id: Option<String>,
    request_id: Option<String>,
    address: Option<String>,
    details: Value,
}

impl TryFrom<AuditRow> for AuditEvent {
    type Error = StoreError;

    fn try_from(row: AuditRow) -> Result<Self, StoreError> {
        let address = row
            .address
            .map(|text| text.parse().map_err(StoreError::corrupt));
        Ok(Self {
            event_id: EventId::from_uuid(row.event_id),
            occurred_at: row.occurred_at.into(),
            event_type: row.event_type,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id,
            target_kind: row.target_kind,
            target_id: row.target_id,
            request_id: row.request_id,
            address: address.transpose()?,
            details: row.details,
        })
    }
}

impl TenantScope {
    /// In the transaction of what happened: without the record it did not happen. The same statement puts it into the
    /// outbox of the tenant's webhooks, where there are any.
    pub async fn insert_audit_event(&mut self, event: &NewAuditEvent) -> Result<(), StoreError> {
        let address = event.address.map(|address| address.to_string());
        let Subjects { user_id, client_id } = Subjects::of(event);
        let inserted = sqlx::query!(
            "with event as (
                 insert into audit_events (tenant_id, occurred_at, event_id, event_type, actor_kind, actor_id,
                     target_kind, target_id, request_id, address, details, user_id, client_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::inet, $11, $12, $13))
             insert into webhook_deliveries (tenant_id, webhook_id, event_id, occurred_at, event_type, state, due_at)
             select $1, webhook_id, $3, $2, $4, 'pending', $2 from webhooks
             where tenant_id = $1 and state = 'active' and event_types && $14",
            self.tenant_id(),
            OffsetDateTime::from(event.occurred_at),
            event.event_id.as_uuid(),
            event.event_type,
            event.actor_kind,
            event.actor_id,
            event.target_kind,
            event.target_id,
            event.request_id,
            address,
            event.details,
            user_id,
            client_id,
            &patterns_of(&event.event_type)[..],
        );
        if answer!(self, inserted, execute)?.rows_affected() > 0 {
            self.note_deliveries(event.occurred_at);
        }
        Ok(())
    }
}

impl PlatformScope {
    /// A batch of many tenants' events in one statement: what is issued by the thousand. Events that are
    /// there already are left as they are: a batch comes again when the answer to its commit was lost.
    ///
    /// Webhooks are told of these only where they name the event in full: whoever wants to hear of everything does not
    /// mean every token.
    pub async fn insert_audit_events_of_tenants(
        &mut self,
        events: &[(Tenant, NewAuditEvent)],
    ) -> Result<(), StoreError> {
        let columns = EventColumns::of(events.iter().map(|(tenant, event)| (tenant.id(), event)));
        let told = sqlx::query_scalar!(
            r#"with them as materialized (
                 select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::uuid[], $13::text[])
                     as them (tenant_id, occurred_at, event_id, event_type, actor_kind, actor_id, target_kind,
                         target_id, request_id, address, details, user_id, client_id)),
             written as (
                 insert into audit_events (tenant_id, occurred_at, event_id, event_type, actor_kind, actor_id,
                     target_kind, target_id, request_id, address, details, user_id, client_id)
                 select tenant_id, occurred_at, event_id, event_type, actor_kind, actor_id, target_kind,
                     target_id, request_id, address::inet, details, user_id, client_id
                 from them
                 on conflict do nothing),
             told as materialized (
                 select them.tenant_id, w.webhook_id, them.event_id, them.occurred_at, them.event_type from them
                 -- One look along the index for each: the offset keeps it from becoming a join.
                 cross join lateral (
                     select webhook_id from webhooks
                     where tenant_id = them.tenant_id and state = 'active' and them.event_type = any (event_types)
                     offset 0) w),
             queued as (
                 insert into webhook_deliveries (tenant_id, webhook_id, event_id, occurred_at, event_type, state, due_at)
                 select tenant_id, webhook_id, event_id, occurred_at, event_type, 'pending', occurred_at from told
                 on conflict do nothing)
             select distinct tenant_id as "tenant_id!" from told order by 1"#,
            &columns.tenant_id,
            &columns.occurred_at,
            &columns.event_id,
            &columns.event_type,
            &columns.actor_kind,
            &columns.actor_id as &[Option<String>],
            &columns.target_kind as &[Option<String>],
            &columns.target_id as &[Option<String>],
            &columns.request_id as &[Option<String>],
            &columns.address as &[Option<String>],
            &columns.details,
            &columns.user_id as &[Option<Uuid>],
            &columns.client_id as &[Option<String>],
        );
        let told = answer!(self, told, fetch_all)?;
        if told.is_empty() {
            return Ok(());
        }
        let first = columns.occurred_at.iter().min().copied();
        self.plan_deliveries_of_tenants(&told, first.unwrap_or(OffsetDateTime::UNIX_EPOCH))
            .await
    }

    /// What happened above tenants; `tenant` when it was about one.
    pub async fn insert_platform_audit_event(
        &mut self,
        tenant: Option<&Tenant>,
        event: &NewAuditEvent,
    ) -> Result<(), StoreError> {
        let address = event.address.map(|address| address.to_string());
        let inserted = sqlx::query!(
            "insert into platform_audit_events (tenant_id, occurred_at, event_id, event_type, actor_kind,
                 actor_id, target_kind, target_id, request_id, address, details)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::inet, $11)",
            tenant.map(|tenant| tenant.id().as_uuid()),
            OffsetDateTime::from(event.occurred_at),
            event.event_id.as_uuid(),
            event.event_type,
            event.actor_kind,
            event.actor_id,
            event.target_kind,
            event.target_id,
            event.request_id,
            address,
            event.details,
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    /// The newest first.
    pub async fn list_platform_audit_events(
        &mut self,
        after: Option<AuditCursor>,
        limit: u32,
    ) -> Result<Vec<PlatformAuditEvent>, StoreError> {
        let (occurred_at, event_id) = AuditCursor::columns(after);
        let rows = sqlx::query!(
            "select tenant_id, event_id, occurred_at, event_type, actor_kind, actor_id, target_kind,
                 target_id, request_id, host(address) as address, details
             from platform_audit_events
             where (occurred_at, event_id) < ($1, $2)
             order by occurred_at desc, event_id desc limit $3",
            occurred_at,
            event_id,
            i64::from(limit),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let events = rows.into_iter().map(|row| {
            let tenant_id = row.tenant_id.map(TenantId::from_uuid);
            let event = AuditRow {
                event_id: row.event_id,
                occurred_at: row.occurred_at,
                event_type: row.event_type,
                actor_kind: row.actor_kind,
                actor_id: row.actor_id,
                target_kind: row.target_kind,
                target_id: row.target_id,
                request_id: row.request_id,
                address: row.address,
                details: row.details,
            };
            Ok(PlatformAuditEvent {
                tenant_id,
                event: event.try_into()?,
            })
        });
        events.collect()
    }

    /// Makes the partition of the month that `at` lies in. For a job; true when it was made now.
    pub async fn ensure_audit_partition(&mut self, at: Timestamp) -> Result<bool, StoreError> {
        let made = sqlx::query_scalar!(
            r#"select ensure_audit_partition($1) as "made!""#,
            OffsetDateTime::from(at),
        );
        answer!(self, made, fetch_one)
    }

    /// Drops the months that ended before `first_kept`; says how many.
    pub async fn drop_audit_partitions(
        &mut self,
        first_kept: FirstKept,
    ) -> Result<i32, StoreError> {
        let dropped = sqlx::query_scalar!(
            r#"select drop_audit_partitions($1) as "dropped!""#,
            OffsetDateTime::from(first_kept.at()),
        );
        answer!(self, dropped, fetch_one)
    }

    /// Removes up to `most` of the events before `first_kept` that no dropped month takes along: the platform's
    /// own, and those of a month that was never made. Says how many.
    pub async fn remove_audit_events(
        &mut self,
        first_kept: FirstKept,
        most: u32,
    ) -> Result<u64, StoreError> {
        let removed = sqlx::query_scalar!(
            r#"select remove_audit_events($1, $2) as "removed!""#,
            OffsetDateTime::from(first_kept.at()),
            i32::try_from(most).unwrap_or(i32::MAX),
        );
        let removed = answer!(self, removed, fetch_one)?;
        Ok(u64::try_from(removed).unwrap_or(0))
    }
}
