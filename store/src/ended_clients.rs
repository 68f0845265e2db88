//! Clients whose access tokens are void though no grant of theirs was revoked: deleted ones and disabled ones.

use protocol::{ClientId, Timestamp};
use time::OffsetDateTime;

use crate::clients::DeletedClient;
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

    /// Tells the verifiers of its tokens, until the last of these has ended. Last in its transaction, and with a
    /// moment read for it: what was issued while the deletion waited for others is void too.
    pub async fn insert_ended_client(
        &mut self,
        deleted: &DeletedClient,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        if !deleted.may_have_tokens {
            return Ok(());
        }
        let inserted = sqlx::query!(
            "insert into ended_clients (tenant_id, client_id, ended_at, lives_until) values ($1, $2, $3, $4)
             on conflict (tenant_id, client_id) do update
             set ended_at = excluded.ended_at, lives_until = excluded.lives_until",
            self.tenant_id(),
            deleted.client_id,
            OffsetDateTime::from(now),
            OffsetDateTime::from(until),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    /// Up to `limit` rows that nothing valid names any more; says how many went.
    pub(crate) async fn sweep_ended_clients(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "with over as materialized (
                 select client_id from ended_clients
                 where tenant_id = $1 and lives_until <= $2 order by lives_until limit $3
                 for update skip locked)
             delete from ended_clients e using over
             where e.tenant_id = $1 and e.client_id = over.client_id",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}
