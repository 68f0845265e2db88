//! Which clients are still to be told that a browser session has ended: an outbox, written in the
//! transaction that ends the session and emptied by a job.

use protocol::{ClientId, ClientKey, SessionId, Timestamp, UserId};
use time::OffsetDateTime;

use crate::due_work::DueWorkKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// One client to be told of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    pub session_id: SessionId,
    pub client_key: ClientKey,
    pub client_id: ClientId,
    pub user_id: UserId,
    /// How often it was tried, this time included.
    pub attempts: u32,
}

impl TenantScope {
    /// For every client that got an ID token in one of these sessions and wants to be told. How many; their
    /// delivery is due work from now on.
    pub async fn insert_logout_notices(
        &mut self,
        session_ids: &[SessionId],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let session_ids: Vec<_> = session_ids.iter().map(SessionId::as_uuid).collect();
        let inserted = sqlx::query!(
            // One that is being deleted is waited for here, and drops out.
            "with told as materialized (
                 select c.client_key from clients c
                 where c.tenant_id = $1 and c.backchannel_logout_uri is not null
                   and c.client_key in (
                     select g.client_key from grants g
                     where g.tenant_id = $1 and g.session_id = any($2) and 'openid' = any(g.scopes))
                 order by c.client_key for key share of c)
             insert into logout_notices (tenant_id, session_id, client_key, user_id, due_at, created_at)
             select distinct on (g.session_id, g.client_key)
                    g.tenant_id, g.session_id, g.client_key, g.user_id, $3::timestamptz, $3
             from grants g
             join told on told.client_key = g.client_key
             where g.tenant_id = $1 and g.session_id = any($2) and 'openid' = any(g.scopes)
             on conflict do nothing",
            self.tenant_id(),
            &session_ids,
            OffsetDateTime::from(now),
        );
        let inserted = answer!(self, inserted, execute)?.rows_affected();
        if inserted > 0 {
            self.insert_due_work(DueWorkKind::LogoutNotices, now, now)
                .await?;
        }
        Ok(inserted)
    }

    /// Takes what is due, oldest first, and leases it until `lease_until`.
    pub async fn claim_logout_notices(
        &mut self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LogoutNotice>, StoreError> {
        let claimed = sqlx::query!(
            "with due as materialized (
                 select session_id, client_key from logout_notices
                 where tenant_id = $1 and due_at <= $2
                 order by due_at limit $4 for update skip locked)
             update logout_notices n set due_at = $3, attempts = n.attempts + 1
             from due, clients c
             where n.tenant_id = $1 and n.session_id = due.session_id and n.client_key = due.client_key
               and c.tenant_id = n.tenant_id and c.client_key = n.client_key
             returning n.session_id, n.client_key, n.user_id, n.attempts, c.client_id",
            self.tenant_id(),
            OffsetDateTime::from(now),
            OffsetDateTime::from(lease_until),
            i64::from(limit),
        );
        let claimed = answer!(self, claimed, fetch_all)?;
        let notices = claimed.into_iter().map(|row| {
            Ok(LogoutNotice {
                session_id: SessionId::from_uuid(row.session_id),
                client_key: ClientKey::from_uuid(row.client_key),
                client_id: ClientId::parse(&row.client_id).map_err(StoreError::corrupt)?,
                user_id: UserId::from_uuid(row.user_id),
                attempts: u32::try_from(row.attempts).map_err(StoreError::corrupt)?,
            })
        });
        notices.collect()
    }

    /// The client knows, or is told no more. Whether it was there.
    pub async fn delete_logout_notice(
        &mut self,
        session_id: SessionId,
        client_key: ClientKey,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from logout_notices
             where tenant_id = $1 and session_id = $2 and client_key = $3",
            self.tenant_id(),
            session_id.as_uuid(),
            client_key.as_uuid(),
        );
        Ok(answer!(self, deleted, execute)?.rows_affected() > 0)
    }

    /// Tried again at `due_at`. Whether it was there.
    pub async fn postpone_logout_notice(
        &mut self,
        session_id: SessionId,
        client_key: ClientKey,
        due_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let postponed = sqlx::query!(
            "update logout_notices set due_at = $4
             where tenant_id = $1 and session_id = $2 and client_key = $3",
            self.tenant_id(),
            session_id.as_uuid(),
            client_key.as_uuid(),
            OffsetDateTime::from(due_at),
        );
        Ok(answer!(self, postponed, execute)?.rows_affected() > 0)
    }

    /// The job comes back when the next one is due, or not at all. Taken off the queue first: a notice that
    /// is written meanwhile waits for this transaction, and puts the work back.
    pub async fn plan_logout_notices(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.finish_due_work(DueWorkKind::LogoutNotices).await?;
        let next = sqlx::query_scalar!(
            "select due_at from logout_notices where tenant_id = $1 order by due_at limit 1",
            self.tenant_id(),
        );
        if let Some(due_at) = answer!(self, next, fetch_optional)? {
            self.insert_due_work(DueWorkKind::LogoutNotices, due_at.into(), now)
                .await?;
        }
        Ok(())
    }

    /// What no job took care of for so long.
    pub(crate) async fn sweep_logout_notices(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "with over as materialized (
                 select session_id, client_key from logout_notices
                 where tenant_id = $1 and created_at < $2 order by created_at limit $3
                 for update skip locked)
             delete from logout_notices n using over
             where n.tenant_id = $1 and n.session_id = over.session_id and n.client_key = over.client_key",
            self.tenant_id(),
            OffsetDateTime::from(before),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}
