//! Clients whose access tokens are void though no grant of theirs was revoked: deleted ones and disabled ones.

use protocol::{ClientId, Timestamp};
use time::OffsetDateTime;

use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedClient {
    pub client_id: ClientId,
    /// Its tokens from before this moment are void; all of them while it is disabled.
    pub ended_at: Option<Timestamp>,
}

impl TenantScope {
    /// Deleted clients whose last token may still live at `now`, and clients that are disabled and were
    /// changed after `since`: the disabled first, then those that ended last.
    pub async fn list_ended_clients(
        &mut self,
        now: Timestamp,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<EndedClient>, StoreError> {
        let rows = sqlx::query!(
            r#"(select client_id as "client_id!", null::timestamptz as ended_at from clients
                where tenant_id = $1 and not is_enabled and updated_at > $3
                order by updated_at desc limit $4)
               union all
               (select client_id, ended_at from ended_clients
                where tenant_id = $1 and lives_until > $2
                order by lives_until desc limit $4)
               order by 2 desc nulls first, 1"#,
            self.tenant_id(),
            OffsetDateTime::from(now),
            OffsetDateTime::from(since),
            i64::from(limit),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let clients = rows.into_iter().map(|row| {
            Ok(EndedClient {
                client_id: ClientId::parse(&row.client_id).map_err(StoreError::corrupt)?,
                ended_at: row.ended_at.map(Into::into),
            })
        });
        clients.collect()
    }

    /// Up to `limit` rows that nothing valid names any more; says how many went.
    pub(crate) async fn sweep_ended_clients(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from ended_clients where tenant_id = $1 and client_id in (
                 select client_id from ended_clients
                 where tenant_id = $1 and lives_until <= $2 order by lives_until limit $3)",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}
