//! Where a tenant wants to be told of what happens in it. What it is told is in `webhook_deliveries`.

use protocol::webhook::rest_after_failure;
use protocol::{Timestamp, WebhookId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookState {
    Active,
    /// By an administrator: it is told nothing, and nothing is kept for it.
    Disabled,
    /// Likewise, by Writ: it has failed for too long.
    Paused,
}

impl WebhookState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Paused => "paused",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Disabled, Self::Paused]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// Without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub webhook_id: WebhookId,
    pub name: String,
    pub url: String,
    /// Patterns: `*`, `thing.*`, `thing.happened`.
    pub event_types: Vec<String>,
    pub state: WebhookState,
    /// The secret before the present one signs too, until then.
    pub previous_secret_ends_at: Option<Timestamp>,
    /// Of the first attempt that failed since the last one that did not.
    pub failing_since: Option<Timestamp>,
    pub last_delivered_at: Option<Timestamp>,
    pub paused_reason: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewWebhook {
    pub webhook_id: WebhookId,
    pub name: String,
    pub url: String,
    pub event_types: Vec<String>,
    pub secret: SealedWebhookSecret,
}

#[derive(Clone, Debug)]
pub struct WebhookUpdate {
    pub name: String,
    pub url: String,
    pub event_types: Vec<String>,
    pub state: WebhookState,
}

/// A secret as it lies in its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedWebhookSecret {
    pub sealed: Vec<u8>,
    /// Which encryption key sealed it.
    pub kek_id: String,
}

/// What is needed to send to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAddress {
    pub webhook_id: WebhookId,
    pub url: String,
    pub sealed_secret: Vec<u8>,
    pub sealed_previous_secret: Option<Vec<u8>>,
    pub previous_secret_ends_at: Option<Timestamp>,
    pub failing_since: Option<Timestamp>,
}

struct WebhookRow {
    webhook_id: Uuid,
    name: String,
    url: String,
    event_types: Vec<String>,
    state: String,
    previous_secret_ends_at: Option<OffsetDateTime>,
    failing_since: Option<OffsetDateTime>,
    last_delivered_at: Option<OffsetDateTime>,
    paused_reason: Option<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<WebhookRow> for Webhook {
    type Error = StoreError;

    fn try_from(row: WebhookRow) -> Result<Self, StoreError> {
        let state = WebhookState::parse(&row.state)
            .ok_or_else(|| StoreError::corrupt("a webhook in no known state"))?;
        Ok(Self {
            webhook_id: WebhookId::from_uuid(row.webhook_id),
            name: row.name,
            url: row.url,
            event_types: row.event_types,
            state,
            previous_secret_ends_at: row.previous_secret_ends_at.map(Into::into),
            failing_since: row.failing_since.map(Into::into),
            last_delivered_at: row.last_delivered_at.map(Into::into),
            paused_reason: row.paused_reason,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

macro_rules! select_webhooks {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            WebhookRow,
            "select webhook_id, name, url, event_types, state, previous_secret_ends_at, failing_since,
                 last_delivered_at, paused_reason, created_at, updated_at
             from webhooks "
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    pub async fn insert_webhook(
        &mut self,
        new: &NewWebhook,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into webhooks (tenant_id, webhook_id, name, url, event_types, state, sealed_secret, kek_id,
                 created_at, updated_at)
             values ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $8)",
            self.tenant_id(),
            new.webhook_id.as_uuid(),
            new.name,
            new.url,
            &new.event_types,
            &new.secret.sealed,
            new.secret.kek_id,
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    pub async fn find_webhook(
        &mut self,
        webhook_id: WebhookId,
    ) -> Result<Option<Webhook>, StoreError> {
        let row = select_webhooks!(
            "where tenant_id = $1 and webhook_id = $2 and state <> 'deleted'",
            self.tenant_id(),
            webhook_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(Webhook::try_from)
            .transpose()
    }

    /// The row is ours until the transaction ends.
    pub async fn find_webhook_for_update(
        &mut self,
        webhook_id: WebhookId,
    ) -> Result<Option<Webhook>, StoreError> {
        let row = select_webhooks!(
            "where tenant_id = $1 and webhook_id = $2 and state <> 'deleted' for no key update",
            self.tenant_id(),
            webhook_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(Webhook::try_from)
            .transpose()
    }

    /// In the order in which they were made.
    pub async fn list_webhooks(
        &mut self,
        after: Option<WebhookId>,
        limit: u32,
    ) -> Result<Vec<Webhook>, StoreError> {
        let rows = select_webhooks!(
            "where tenant_id = $1 and webhook_id > $2 and state <> 'deleted' order by webhook_id limit $3",
            self.tenant_id(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(Webhook::try_from)
            .collect()
    }

    /// Whether it is there. One that becomes active, or goes elsewhere, begins anew: it is not failing.
    pub async fn update_webhook(
        &mut self,
        webhook_id: WebhookId,
        update: &WebhookUpdate,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query!(
            "update webhooks set name = $3, url = $4, event_types = $5, state = $6, updated_at = $7,
                 failing_since = case when state = $6 and url = $4 then failing_since end,
                 rests_until = case when state = $6 and url = $4 then rests_until end,
                 paused_reason = case when state = $6 then paused_reason end
             where tenant_id = $1 and webhook_id = $2 and state <> 'deleted'",
            self.tenant_id(),
            webhook_id.as_uuid(),
            update.name,
            update.url,
            &update.event_types,
            update.state.as_str(),
            OffsetDateTime::from(now),
        );
        let is_there = answer!(self, updated, execute)?.rows_affected() > 0;
        if is_there && update.state == WebhookState::Active {
            self.note_deliveries(now);
        }
        Ok(is_there)
    }

    /// From now on this one signs, and the one before it too until `previous_ends_at`. Whether it is there.
    pub async fn rotate_webhook_secret(
        &mut self,
        webhook_id: WebhookId,
        secret: &SealedWebhookSecret,
        previous_ends_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let rotated = sqlx::query!(
            "update webhooks set sealed_secret = $3, kek_id = $4,
                 sealed_previous_secret = case when $5::timestamptz is not null then sealed_secret end,
                 previous_secret_ends_at = $5, updated_at = $6
             where tenant_id = $1 and webhook_id = $2 and state <> 'deleted'",
            self.tenant_id(),
            webhook_id.as_uuid(),
            &secret.sealed,
            secret.kek_id,
            previous_ends_at.map(OffsetDateTime::from),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, rotated, execute)?.rows_affected() > 0)
    }

    /// Those whose secret another encryption key sealed, with what is sealed.
    pub async fn list_webhooks_to_reseal(
        &mut self,
        kek_id: &str,
        limit: u32,
    ) -> Result<Vec<WebhookAddress>, StoreError> {
        let rows = sqlx::query!(
            "select webhook_id, url, sealed_secret, sealed_previous_secret, previous_secret_ends_at, failing_since
             from webhooks
             where tenant_id = $1 and state <> 'deleted' and kek_id <> $2
             order by webhook_id limit $3 for no key update skip locked",
            self.tenant_id(),
            kek_id,
            i64::from(limit),
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

    /// The same secret, sealed anew; the one before it goes if it is not given. Whether it is there.
    pub async fn reseal_webhook_secret(
        &mut self,
        webhook_id: WebhookId,
        secret: &SealedWebhookSecret,
        sealed_previous: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let resealed = sqlx::query!(
            "update webhooks set sealed_secret = $3, kek_id = $4, sealed_previous_secret = $5,
                 previous_secret_ends_at = case when $5::bytea is not null then previous_secret_ends_at end
             where tenant_id = $1 and webhook_id = $2 and state <> 'deleted'",
            self.tenant_id(),
            webhook_id.as_uuid(),
            &secret.sealed,
            secret.kek_id,
            sealed_previous,
        );
        Ok(answer!(self, resealed, execute)?.rows_affected() > 0)
    }

    /// Whether it was there. Its secrets go at once; a sweep removes its deliveries, and then its row.
    pub async fn delete_webhook(
        &mut self,
        webhook_id: WebhookId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "update webhooks set state = 'deleted', sealed_secret = '', sealed_previous_secret = null,
                 previous_secret_ends_at = null, paused_reason = null, url = '', name = '', updated_at = $3
             where tenant_id = $1 and webhook_id = $2 and state <> 'deleted'",
            self.tenant_id(),
            webhook_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, deleted, execute)?.rows_affected() > 0)
    }

    /// Something arrived: it is not failing.
    pub async fn note_webhook_success(
        &mut self,
        webhook_id: WebhookId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let noted = sqlx::query!(
            "update webhooks set last_delivered_at = $3, failing_since = null, rests_until = null
             where tenant_id = $1 and webhook_id = $2 and state <> 'deleted'",
            self.tenant_id(),
            webhook_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, noted, execute)?.rows_affected() > 0)
    }

    /// Nothing arrived: it is left alone for a while. `failing_since` is what was known when it was tried.
    pub async fn note_webhook_failure(
        &mut self,
        webhook_id: WebhookId,
        failing_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let since = failing_since.unwrap_or(now);
        let failing_for = now.saturating_since(since);
        let noted = sqlx::query!(
            "update webhooks set failing_since = coalesce(failing_since, $3), rests_until = $4
             where tenant_id = $1 and webhook_id = $2 and state <> 'deleted'",
            self.tenant_id(),
            webhook_id.as_uuid(),
            OffsetDateTime::from(since),
            OffsetDateTime::from(now + rest_after_failure(failing_for)),
        );
        Ok(answer!(self, noted, execute)?.rows_affected() > 0)
    }

    /// Nobody is there any more. Whether it was active.
    pub async fn pause_webhook(
        &mut self,
        webhook_id: WebhookId,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let paused = sqlx::query!(
            "update webhooks set state = 'paused', paused_reason = $3, updated_at = $4
             where tenant_id = $1 and webhook_id = $2 and state = 'active'",
            self.tenant_id(),
            webhook_id.as_uuid(),
            reason,
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, paused, execute)?.rows_affected() > 0)
    }

    /// Deleted ones of which no delivery is left.
    pub(crate) async fn sweep_deleted_webhooks(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from webhooks where tenant_id = $1 and webhook_id = any (array(
                 select webhook_id from webhooks w
                 where w.tenant_id = $1 and w.state = 'deleted' and w.updated_at < $2
                   and not exists (select from webhook_deliveries d
                                   where d.tenant_id = $1 and d.webhook_id = w.webhook_id)
                 order by webhook_id limit $3 for update skip locked))",
            self.tenant_id(),
            OffsetDateTime::from(before),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}
