//! Taking a person's data out of the events (docs/decisions/0018): asked for in the transaction that erases the person,
//! done by a job, a window at a time. The events stay, with the person's id, which leads nowhere any more.
//!
//! The one thing that is ever done to an event; the app role may do it by one function of the database alone.

use protocol::{Timestamp, UserId};
use time::OffsetDateTime;

use super::AuditCursor;
use crate::due_work::DueWorkKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// Whose data is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditErasure {
    pub user_id: UserId,
    pub requested_at: Timestamp,
}

/// What one window came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedEvents {
    pub erased: u64,
    /// Where the next window begins; `None` when this was the last.
    pub next: Option<AuditCursor>,
}

impl TenantScope {
    /// Done from `due_at` on: what is recorded in batches has arrived by then. Whether it was not asked for before.
    pub async fn insert_audit_erasure(
        &mut self,
        user_id: UserId,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let inserted = sqlx::query!(
            "insert into audit_erasures (tenant_id, user_id, requested_at) values ($1, $2, $3)
             on conflict do nothing",
            self.tenant_id(),
            user_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        let is_new = answer!(self, inserted, execute)?.rows_affected() > 0;
        self.insert_due_work(DueWorkKind::AuditErasures, due_at, now)
            .await?;
        Ok(is_new)
    }

    /// In the order in which they were asked for.
    pub async fn list_audit_erasures(
        &mut self,
        limit: u32,
    ) -> Result<Vec<AuditErasure>, StoreError> {
        let rows = sqlx::query!(
            "select user_id, requested_at from audit_erasures
             where tenant_id = $1 order by requested_at, user_id limit $2",
            self.tenant_id(),
            i64::from(limit),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let erasures = rows.into_iter().map(|row| AuditErasure {
            user_id: UserId::from_uuid(row.user_id),
            requested_at: row.requested_at.into(),
        });
        Ok(erasures.collect())
    }

    /// Looks at up to `limit` events about the person or by them, the oldest first.
    pub async fn erase_from_audit_events(
        &mut self,
        user_id: UserId,
        after: Option<AuditCursor>,
        limit: u32,
    ) -> Result<ErasedEvents, StoreError> {
        let (after_at, after_id) = after
            .map_or((OffsetDateTime::UNIX_EPOCH, uuid::Uuid::nil()), |cursor| {
                (cursor.occurred_at.into(), cursor.event_id.as_uuid())
            });
        let row = sqlx::query!(
            r#"select last_at, last_id, erased as "erased!"
               from erase_from_audit_events($1, $2, $3, $4, $5)"#,
            self.tenant_id(),
            user_id.as_uuid(),
            after_at,
            after_id,
            i32::try_from(limit).unwrap_or(i32::MAX),
        );
        let row = answer!(self, row, fetch_one)?;
        let next = row.last_at.zip(row.last_id).map(|(at, id)| AuditCursor {
            occurred_at: at.into(),
            event_id: protocol::EventId::from_uuid(id),
        });
        Ok(ErasedEvents {
            erased: u64::try_from(row.erased).unwrap_or(0),
            next,
        })
    }

    /// It is done. Whether it was there.
    pub async fn delete_audit_erasure(&mut self, user_id: UserId) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from audit_erasures where tenant_id = $1 and user_id = $2",
            self.tenant_id(),
            user_id.as_uuid(),
        );
        Ok(answer!(self, deleted, execute)?.rows_affected() > 0)
    }
}
