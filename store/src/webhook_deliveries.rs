//! Which webhook is still to be told, and was told, of which event: an outbox. A row is written by the statement that
//! writes the event (`audit_events`), for each webhook that wants it, and for none where there are none. A job sends.
//!
//! Events that are written in batches (tokens that are issued) have rows here for the webhooks that name them in full.

use protocol::{EventId, Timestamp, WebhookId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit_events::AuditCursor;
use crate::due_work::DueWorkKind;
use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::{TenantScope, answer};
use crate::webhooks::WebhookAddress;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// It was tried for three days, or its event is gone.
    Failed,
}

impl DeliveryState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDelivery {
    pub webhook_id: WebhookId,
    pub event_id: EventId,
    pub occurred_at: Timestamp,
    pub event_type: String,
    pub state: DeliveryState,
    pub attempts: u32,
    /// Of a pending one: when it is tried next. Of another: when it was settled.
    pub due_at: Timestamp,
    pub last_attempted_at: Option<Timestamp>,
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
}

impl WebhookDelivery {
    pub const fn cursor(&self) -> AuditCursor {
        AuditCursor {
            occurred_at: self.occurred_at,
            event_id: self.event_id,
        }
    }
}

/// One to be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDelivery {
    pub webhook_id: WebhookId,
    pub event_id: EventId,
    pub occurred_at: Timestamp,
    /// Before this one.
    pub attempts: u32,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryOutcome {
    pub state: DeliveryState,
    /// Whether it counts as an attempt.
    pub is_attempt: bool,
    /// Of one that stays pending: when it is tried again.
    pub due_at: Timestamp,
    pub status: Option<u16>,
    pub error: Option<String>,
}

struct DeliveryRow {
    webhook_id: Uuid,
    event_id: Uuid,
    occurred_at: OffsetDateTime,
    event_type: String,
    state: String,
    attempts: i32,
    due_at: OffsetDateTime,
    last_attempted_at: Option<OffsetDateTime>,
    last_status: Option<i16>,
    last_error: Option<String>,
}

impl TryFrom<DeliveryRow> for WebhookDelivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let state = DeliveryState::parse(&row.state)
            .ok_or_else(|| StoreError::corrupt("a delivery in no known state"))?;
        Ok(Self {
            webhook_id: WebhookId::from_uuid(row.webhook_id),
            event_id: EventId::from_uuid(row.event_id),
            occurred_at: row.occurred_at.into(),
            event_type: row.event_type,
            state,
            attempts: u32::try_from(row.attempts).map_err(StoreError::corrupt)?,
            due_at: row.due_at.into(),
            last_attempted_at: row.last_attempted_at.map(Into::into),
            last_status: row
                .last_status
                .map(|status| u16::try_from(status).map_err(StoreError::corrupt))
                .transpose()?,
            last_error: row.last_error,
        })
    }
}

macro_rules! select_deliveries {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            DeliveryRow,
            "select webhook_id, event_id, occurred_at, event_type, state, attempts, due_at, last_attempted_at,
                 last_status, last_error
             from webhook_deliveries "
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    /// The newest first; of one state, if one is given.
    pub async fn list_webhook_deliveries(
        &mut self,
        webhook_id: WebhookId,
        state: Option<DeliveryState>,
        after: Option<AuditCursor>,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let (occurred_at, event_id) = AuditCursor::columns(after);
        let rows = match state {
            None => {
                let rows = select_deliveries!(
                    "where tenant_id = $1 and webhook_id = $2 and (occurred_at, event_id) < ($3, $4)
                     order by occurred_at desc, event_id desc limit $5",
                    self.tenant_id(),
                    webhook_id.as_uuid(),
                    occurred_at,
                    event_id,
                    i64::from(limit),
                );
                answer!(self, rows, fetch_all)?
            }
            Some(state) => {
                let rows = select_deliveries!(
                    "where tenant_id = $1 and webhook_id = $2 and state = $6 and (occurred_at, event_id) < ($3, $4)
                     order by occurred_at desc, event_id desc limit $5",
                    self.tenant_id(),
                    webhook_id.as_uuid(),
                    occurred_at,
                    event_id,
                    i64::from(limit),
                    state.as_str(),
                );
                answer!(self, rows, fetch_all)?
            }
        };
        rows.into_iter().map(WebhookDelivery::try_from).collect()
    }

    pub async fn find_webhook_delivery(
        &mut self,
        webhook_id: WebhookId,
        event_id: EventId,
    ) -> Result<Option<WebhookDelivery>, StoreError> {
        let row = select_deliveries!(
            "where tenant_id = $1 and webhook_id = $2 and event_id = $3",
            self.tenant_id(),
            webhook_id.as_uuid(),
            event_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(WebhookDelivery::try_from)
            .transpose()
    }

    /// How many wait for it; no more than `most` are counted.
    pub async fn count_pending_deliveries(
        &mut self,
        webhook_id: WebhookId,
        most: u32,
    ) -> Result<u32, StoreError> {
        let counted = sqlx::query_scalar!(
            r#"select count(*) as "count!" from (
                 select from webhook_deliveries
                 where tenant_id = $1 and webhook_id = $2 and state = 'pending' limit $3) as them"#,
            self.tenant_id(),
            webhook_id.as_uuid(),
            i64::from(most),
        );
        let count = answer!(self, counted, fetch_one)?;
        Ok(u32::try_from(count).unwrap_or(most))
    }

    /// This event is for the webhook itself, whether it wants such events or not. Whether the webhook is there.
    pub async fn insert_own_webhook_delivery(
        &mut self,
        webhook_id: WebhookId,
        event: AuditCursor,
        event_type: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let inserted = sqlx::query!(
            "insert into webhook_deliveries (tenant_id, webhook_id, event_id, occurred_at, event_type, state, due_at)
             select tenant_id, webhook_id, $3, $4, $5, 'pending', $6 from webhooks
             where tenant_id = $1 and webhook_id = $2
             on conflict (tenant_id, webhook_id, event_id) do update set state = 'pending', due_at = excluded.due_at",
            self.tenant_id(),
            webhook_id.as_uuid(),
            event.event_id.as_uuid(),
            OffsetDateTime::from(event.occurred_at),
            event_type,
            OffsetDateTime::from(now),
        );
        let inserted = answer!(self, inserted, execute)?;
        self.note_deliveries(now);
        Ok(inserted.rows_affected() == 1)
    }

    /// From the beginning, as if it had never been tried. Whether it is there.
    pub async fn replay_webhook_delivery(
        &mut self,
        webhook_id: WebhookId,
        event_id: EventId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let replayed = sqlx::query!(
            "update webhook_deliveries set state = 'pending', attempts = 0, due_at = $4
             where tenant_id = $1 and webhook_id = $2 and event_id = $3",
            self.tenant_id(),
            webhook_id.as_uuid(),
            event_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        let is_there = answer!(self, replayed, execute)?.rows_affected() > 0;
        if is_there {
            self.note_deliveries(now);
        }
        Ok(is_there)
    }

    /// Takes what is due, the oldest first, and leases it until `lease_until`: up to `limit` of each webhook, and one
    /// of each that fails.
    pub async fn claim_webhook_deliveries(
        &mut self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let claimed = sqlx::query!(
            "with due as materialized (
                 select d.webhook_id, d.event_id from webhooks w
                 cross join lateral (
                     select webhook_id, event_id from webhook_deliveries
                     where tenant_id = $1 and webhook_id = w.webhook_id and state = 'pending' and due_at <= $2
                     order by due_at limit case when w.failing_since is null then $4::bigint else 1 end
                     for update skip locked) d
                 where w.tenant_id = $1 and w.state = 'active' and (w.rests_until is null or w.rests_until <= $2))
             update webhook_deliveries d set due_at = $3
             from due
             where d.tenant_id = $1 and d.webhook_id = due.webhook_id and d.event_id = due.event_id
             returning d.webhook_id, d.event_id, d.occurred_at, d.attempts",
            self.tenant_id(),
            OffsetDateTime::from(now),
            OffsetDateTime::from(lease_until),
            i64::from(limit),
        );
        let claimed = answer!(self, claimed, fetch_all)?;
        let deliveries = claimed.into_iter().map(|row| {
            Ok(ClaimedDelivery {
                webhook_id: WebhookId::from_uuid(row.webhook_id),
                event_id: EventId::from_uuid(row.event_id),
                occurred_at: row.occurred_at.into(),
                attempts: u32::try_from(row.attempts).map_err(StoreError::corrupt)?,
            })
        });
        deliveries.collect()
    }

    /// Where these are told, and with which secret.
    pub async fn list_webhook_addresses(
        &mut self,
        webhook_ids: &[WebhookId],
    ) -> Result<Vec<WebhookAddress>, StoreError> {
        let webhook_ids: Vec<Uuid> = webhook_ids.iter().map(WebhookId::as_uuid).collect();
        let rows = sqlx::query!(
            "select webhook_id, url, sealed_secret, sealed_previous_secret, previous_secret_ends_at, failing_since
             from webhooks where tenant_id = $1 and webhook_id = any($2) and state = 'active'",
            self.tenant_id(),
            &webhook_ids,
        );
        let rows = answer!(self, rows, fetch_all)?;
        let addresses = rows.into_iter().map(|row| WebhookAddress {
            webhook_id: WebhookId::from_uuid(row.webhook_id),
            url: row.url,
            sealed_secret: row.sealed_secret,
            sealed_previous_secret: row.sealed_previous_secret,
            previous_secret_ends_at: row.previous_secret_ends_at.map(Into::into),
            failing_since: row.failing_since.map(Into::into),
        });
        Ok(addresses.collect())
    }

    /// What became of it. Whether it was still pending.
    pub async fn settle_webhook_delivery(
        &mut self,
        delivery: &ClaimedDelivery,
        outcome: &DeliveryOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let settled = sqlx::query!(
            "update webhook_deliveries set state = $4, attempts = attempts + $5, due_at = $6,
                 last_attempted_at = case when $5 > 0 then $7::timestamptz else last_attempted_at end,
                 last_status = $8, last_error = $9
             where tenant_id = $1 and webhook_id = $2 and event_id = $3 and state = 'pending'",
            self.tenant_id(),
            delivery.webhook_id.as_uuid(),
            delivery.event_id.as_uuid(),
            outcome.state.as_str(),
            i32::from(outcome.is_attempt),
            OffsetDateTime::from(outcome.due_at),
            OffsetDateTime::from(now),
            outcome
                .status
                .map(|status| i16::try_from(status).unwrap_or(i16::MAX)),
            outcome.error,
        );
        Ok(answer!(self, settled, execute)?.rows_affected() > 0)
    }

    /// The job comes back when the next one is due, or not at all. Taken off the queue first: whoever has just added
    /// one shares that row until their commit, and is waited for; who adds one later puts the work back.
    pub async fn plan_webhook_deliveries(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let kind = DueWorkKind::WebhookDeliveries;
        self.finish_due_work(kind).await?;
        let next = sqlx::query_scalar!(
            r#"select greatest(d.due_at, w.rests_until) as "due_at!" from webhooks w
               cross join lateral (
                   select due_at from webhook_deliveries
                   where tenant_id = $1 and webhook_id = w.webhook_id and state = 'pending'
                   order by due_at limit 1) d
               where w.tenant_id = $1 and w.state = 'active'
               order by 1 limit 1"#,
            self.tenant_id(),
        );
        if let Some(due_at) = answer!(self, next, fetch_optional)? {
            self.insert_due_work(kind, due_at.into(), now).await?;
        }
        Ok(())
    }

    /// Last before the commit. Where the work is due already it is only shared, so that a tenant's transactions do not
    /// stand in line for it.
    pub(crate) async fn plan_noted_deliveries(
        &mut self,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        let planned = sqlx::query!(
            "with due as materialized (
                 select 1 from due_work where tenant_id = $1 and kind = $2 and due_at <= $3 for key share)
             insert into due_work (tenant_id, kind, due_at, created_at)
             select $1, $2, $3::timestamptz, $3 where not exists (select from due)
             on conflict (tenant_id, kind) do update set due_at = excluded.due_at, attempts = 0",
            self.tenant_id(),
            DueWorkKind::WebhookDeliveries.as_str(),
            OffsetDateTime::from(due_at),
        );
        answer!(self, planned, execute)?;
        Ok(())
    }

    /// What was settled, or waits for nobody, for so long; and all of deleted webhooks.
    pub(crate) async fn sweep_webhook_deliveries(
        &mut self,
        delivered_before: Timestamp,
        others_before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        for (state, before) in [
            (DeliveryState::Delivered, delivered_before),
            (DeliveryState::Failed, others_before),
            (DeliveryState::Pending, others_before),
        ] {
            let swept = sqlx::query!(
                "with over as materialized (
                     select webhook_id, event_id from webhook_deliveries
                     where tenant_id = $1 and state = $2 and occurred_at < $3
                     order by occurred_at limit $4 for update skip locked)
                 delete from webhook_deliveries d using over
                 where d.tenant_id = $1 and d.webhook_id = over.webhook_id and d.event_id = over.event_id",
                self.tenant_id(),
                state.as_str(),
                OffsetDateTime::from(before),
                i64::from(limit),
            );
            removed += answer!(self, swept, execute)?.rows_affected();
        }
        let swept = sqlx::query!(
            "with over as materialized (
                 select d.webhook_id, d.event_id from webhooks w
                 cross join lateral (
                     select webhook_id, event_id from webhook_deliveries
                     where tenant_id = $1 and webhook_id = w.webhook_id
                     order by occurred_at, event_id limit $2 for update skip locked) d
                 where w.tenant_id = $1 and w.state = 'deleted' limit $2)
             delete from webhook_deliveries d using over
             where d.tenant_id = $1 and d.webhook_id = over.webhook_id and d.event_id = over.event_id",
            self.tenant_id(),
            i64::from(limit),
        );
        Ok(removed + answer!(self, swept, execute)?.rows_affected())
    }
}

impl PlatformScope {
    /// For a batch of events of these tenants, in the order of their ids: as the last thing before the commit.
    pub(crate) async fn plan_deliveries_of_tenants(
        &mut self,
        tenant_ids: &[Uuid],
        due_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let planned = sqlx::query!(
            "insert into due_work (tenant_id, kind, due_at, created_at)
             select tenant_id, $2, $3, $3 from unnest($1::uuid[]) as tenant_id order by tenant_id
             on conflict (tenant_id, kind) do update set due_at = excluded.due_at, attempts = 0",
            tenant_ids,
            DueWorkKind::WebhookDeliveries.as_str(),
            due_at,
        );
        answer!(self, planned, execute)?;
        Ok(())
    }
}
