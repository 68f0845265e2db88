//! Audiences whose access tokens of before are void: their resource was deleted, or has another audience now.

use protocol::Timestamp;
use time::OffsetDateTime;

use crate::error::StoreError;
use crate::resources::LeftAudience;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedAudience {
    pub audience: String,
    /// Tokens for it from before this moment are void.
    pub ended_at: Timestamp,
}

impl TenantScope {
    /// Those that a token which lives at `now` may still be for: what lives longest first.
    pub async fn list_ended_audiences(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<EndedAudience>, StoreError> {
        let rows = sqlx::query!(
            "select audience, ended_at from ended_audiences
             where tenant_id = $1 and lives_until > $2
             order by lives_until desc, audience limit $3",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let audiences = rows.into_iter().map(|row| EndedAudience {
            audience: row.audience,
            ended_at: row.ended_at.into(),
        });
        Ok(audiences.collect())
    }

    /// Tells the verifiers of its tokens, until the last of these has ended. Last in the transaction that deletes
    /// its resource or gives it another one, and with a moment read for it: what was issued while that waited for
    /// others is void too.
    pub async fn insert_ended_audience(
        &mut self,
        left: &LeftAudience,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(audience) = &left.audience else {
            return Ok(());
        };
        let inserted = sqlx::query!(
            "insert into ended_audiences (tenant_id, audience, ended_at, lives_until) values ($1, $2, $3, $4)
             on conflict (tenant_id, audience) do update
             set ended_at = excluded.ended_at, lives_until = excluded.lives_until",
            self.tenant_id(),
            audience,
            OffsetDateTime::from(now),
            OffsetDateTime::from(until),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    /// Up to `limit` rows that no valid token is for any more; says how many went.
    pub(crate) async fn sweep_ended_audiences(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "with over as materialized (
                 select audience from ended_audiences
                 where tenant_id = $1 and lives_until <= $2 order by lives_until limit $3
                 for update skip locked)
             delete from ended_audiences e using over
             where e.tenant_id = $1 and e.audience = over.audience",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}
