//! Values of `resource` (RFC 8707) that were refused: an administrator may accept one later.

use protocol::{ClientId, RefusedIndicatorId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// So many are kept of a tenant; the one longest not seen goes.
const KEPT: i64 = 100;
/// So many of one client, so that it alone cannot drive out the others'.
const KEPT_OF_CLIENT: i64 = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedResourceIndicator {
    pub indicator_id: RefusedIndicatorId,
    pub value: String,
    /// Who asked last.
    pub client_id: ClientId,
    pub times_refused: u64,
    pub first_refused_at: Timestamp,
    pub last_refused_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewRefusedResourceIndicator {
    /// Only if the value was not refused before.
    pub indicator_id: RefusedIndicatorId,
    pub value: String,
    pub client_id: ClientId,
}

struct IndicatorRow {
    indicator_id: Uuid,
    value: String,
    client_id: String,
    times_refused: i64,
    first_refused_at: OffsetDateTime,
    last_refused_at: OffsetDateTime,
}

impl TryFrom<IndicatorRow> for RefusedResourceIndicator {
    type Error = StoreError;

    fn try_from(row: IndicatorRow) -> Result<Self, StoreError> {
        Ok(Self {
            indicator_id: RefusedIndicatorId::from_uuid(row.indicator_id),
            value: row.value,
            client_id: ClientId::parse(&row.client_id).map_err(StoreError::corrupt)?,
            times_refused: u64::try_from(row.times_refused).map_err(StoreError::corrupt)?,
            first_refused_at: row.first_refused_at.into(),
            last_refused_at: row.last_refused_at.into(),
        })
    }
}

impl TenantScope {
    /// One more time. What has no more than 2048 bytes and no zero byte is kept; nothing else could be a
    /// resource's name.
    pub async fn keep_refused_resource_indicator(
        &mut self,
        new: &NewRefusedResourceIndicator,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let is_kept = (1..=2048).contains(&new.value.len()) && !new.value.contains('\0');
        if !is_kept {
            return Ok(());
        }
        let upserted = sqlx::query!(
            "insert into refused_resource_indicators (tenant_id, indicator_id, value_digest, value,
                 client_id, times_refused, first_refused_at, last_refused_at)
             values ($1, $2, sha256($3), $4, $5, 1, $6, $6)
             on conflict (tenant_id, value_digest) do update
             set times_refused = refused_resource_indicators.times_refused + 1,
                 client_id = excluded.client_id, last_refused_at = excluded.last_refused_at",
            self.tenant_id(),
            new.indicator_id.as_uuid(),
            new.value.as_bytes(),
            new.value,
            new.client_id.as_str(),
            OffsetDateTime::from(now),
        );
        answer!(self, upserted, execute)?;
        let deleted = sqlx::query!(
            "delete from refused_resource_indicators where tenant_id = $1 and indicator_id in (
                 select indicator_id from (
                     select indicator_id,
                         row_number() over (order by last_refused_at desc) as nth,
                         row_number() over (partition by client_id order by last_refused_at desc)
                             as nth_of_client
                     from refused_resource_indicators where tenant_id = $1) as ranked
                 where nth > $2 or nth_of_client > $3)",
            self.tenant_id(),
            KEPT,
            KEPT_OF_CLIENT,
        );
        answer!(self, deleted, execute)?;
        Ok(())
    }

    pub async fn find_refused_resource_indicator(
        &mut self,
        indicator_id: RefusedIndicatorId,
    ) -> Result<Option<RefusedResourceIndicator>, StoreError> {
        let row = sqlx::query_as!(
            IndicatorRow,
            "select indicator_id, value, client_id, times_refused, first_refused_at, last_refused_at
             from refused_resource_indicators where tenant_id = $1 and indicator_id = $2",
            self.tenant_id(),
            indicator_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(RefusedResourceIndicator::try_from)
            .transpose()
    }

    /// In the order in which they were refused first.
    pub async fn list_refused_resource_indicators(
        &mut self,
        after: Option<RefusedIndicatorId>,
        limit: u32,
    ) -> Result<Vec<RefusedResourceIndicator>, StoreError> {
        let rows = sqlx::query_as!(
            IndicatorRow,
            "select indicator_id, value, client_id, times_refused, first_refused_at, last_refused_at
             from refused_resource_indicators where tenant_id = $1 and indicator_id > $2
             order by indicator_id limit $3",
            self.tenant_id(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(RefusedResourceIndicator::try_from)
            .collect()
    }

    /// Whether it was there.
    pub async fn delete_refused_resource_indicator(
        &mut self,
        indicator_id: RefusedIndicatorId,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from refused_resource_indicators where tenant_id = $1 and indicator_id = $2",
            self.tenant_id(),
            indicator_id.as_uuid(),
        );
        Ok(answer!(self, deleted, execute)?.rows_affected() > 0)
    }
}
