//! Events about one thing, and those about spent tokens that came again.

use protocol::Timestamp;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{AuditCursor, AuditEvent};
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// Which of them; what is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenReuseFilter {
    pub class: Option<String>,
    pub client_id: Option<String>,
    pub grant_id: Option<String>,
}

impl TenantScope {
    /// What happened to one thing, the oldest first.
    pub async fn list_audit_events_of_target(
        &mut self,
        kind: &str,
        id: &str,
        after: Option<AuditCursor>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let (occurred_at, event_id) = after.map_or_else(
            || (Timestamp::from_unix_seconds(0).into(), Uuid::nil()),
            |cursor| (cursor.occurred_at.into(), cursor.event_id.as_uuid()),
        );
        let occurred_at: OffsetDateTime = occurred_at;
        let rows = select_audit_events!(
            "where tenant_id = $1 and target_kind = $2 and target_id = $3
               and (occurred_at, event_id) > ($4, $5)
             order by occurred_at, event_id limit $6",
            self.tenant_id(),
            kind,
            id,
            occurred_at,
            event_id,
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(AuditEvent::try_from)
            .collect()
    }

    /// Those that are still there, in no order.
    pub async fn find_audit_events(
        &mut self,
        places: &[AuditCursor],
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let (times, event_ids): (Vec<OffsetDateTime>, Vec<Uuid>) = places
            .iter()
            .map(|place| {
                let at: OffsetDateTime = place.occurred_at.into();
                (at, place.event_id.as_uuid())
            })
            .unzip();
        let rows = select_audit_events!(
            from "unnest($2::timestamptz[], $3::uuid[]) as place (at, id)",
            // `offset 0`: one after the other, by the key; joined, all of the tenant's would be read.
            "cross join lateral (
                 select * from audit_events
                 where tenant_id = $1 and occurred_at = place.at and event_id = place.id offset 0
             ) as found",
            self.tenant_id(),
            &times,
            &event_ids,
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(AuditEvent::try_from)
            .collect()
    }

    /// Spent codes and refresh tokens that came again, the newest first.
    pub async fn list_token_reuses(
        &mut self,
        filter: &TokenReuseFilter,
        after: Option<AuditCursor>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let (occurred_at, event_id) = AuditCursor::columns(after);
        // The types stand here word for word, as in the index that holds these events alone.
        let rows = select_audit_events!(
            "where tenant_id = $1 and (occurred_at, event_id) < ($2, $3)
               and event_type in ('refresh_token.repeated', 'refresh_token.stale', 'refresh_token.reused',
                   'code.reused')
               and ($4::text is null or details ->> 'class' = $4)
               and ($5::text is null or actor_id = $5)
               and ($6::text is null or target_id = $6)
             order by occurred_at desc, event_id desc limit $7",
            self.tenant_id(),
            occurred_at,
            event_id,
            filter.class,
            filter.client_id,
            filter.grant_id,
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(AuditEvent::try_from)
            .collect()
    }
}
