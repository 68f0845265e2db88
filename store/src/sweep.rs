//! Removing what has expired, batch by batch, in one tenant.

use std::time::Duration;

use protocol::{ClientKey, Timestamp};
use time::OffsetDateTime;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// Spent codes are kept this long: a replay is recognised and a pending authorization, which lives
/// for less, is answered once.
const CODES_KEPT_FOR: Duration = Duration::from_hours(24);
/// Between the end of everything in a grant and its removal, for whoever looks into what happened.
const GRANTS_KEPT_FOR: Duration = Duration::from_hours(30 * 24);
/// A registration that never led to a grant is of no use to anybody after this.
const UNUSED_CLIENTS_KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// How many rows went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    pub authorization_codes: u64,
    pub browser_sessions: u64,
    pub grants: u64,
    pub clients: u64,
    /// Something reached the limit: sweep again soon.
    pub is_unfinished: bool,
}

impl TenantScope {
    /// Removes up to `limit` rows of each kind.
    pub async fn sweep_expired(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<SweepReport, StoreError> {
        let authorization_codes = self.sweep_authorization_codes(now, limit).await?;
        let browser_sessions = self.sweep_browser_sessions(now, limit).await?;
        let grants = self.sweep_grants(now, limit).await?;
        let clients = self.sweep_unused_clients(now, limit).await?;
        let most = authorization_codes
            .max(browser_sessions)
            .max(grants)
            .max(clients);
        let is_unfinished = most >= u64::from(limit);
        Ok(SweepReport {
            authorization_codes,
            browser_sessions,
            grants,
            clients,
            is_unfinished,
        })
    }

    async fn sweep_authorization_codes(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from authorization_codes where tenant_id = $1 and code_digest in (
                 select code_digest from authorization_codes
                 where tenant_id = $1 and expires_at < $2 order by expires_at limit $3)",
            self.tenant_id(),
            OffsetDateTime::from(now - CODES_KEPT_FOR),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }

    async fn sweep_browser_sessions(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from browser_sessions where tenant_id = $1 and session_id in (
                 select session_id from browser_sessions
                 where tenant_id = $1 and expires_at <= $2 order by expires_at limit $3)",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }

    /// Grants whose refresh token has ended, and those that never had one. Codes and families go with
    /// them.
    async fn sweep_grants(&mut self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from grants where tenant_id = $1 and grant_id in (
                 select g.grant_id from grants g
                 where g.tenant_id = $1 and g.created_at < $2
                   and not exists (select from refresh_families f
                                   where f.tenant_id = $1 and f.grant_id = g.grant_id
                                     and f.absolute_expires_at >= $2)
                 order by g.created_at limit $3)",
            self.tenant_id(),
            OffsetDateTime::from(now - GRANTS_KEPT_FOR),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }

    /// Never one with a live grant; here, never one with any grant on record.
    async fn sweep_unused_clients(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query_scalar!(
            "delete from clients where tenant_id = $1 and client_key in (
                 select c.client_key from clients c
                 where c.tenant_id = $1 and c.origin = 'registered' and c.created_at < $2
                   and not exists (select from grants g
                                   where g.tenant_id = $1 and g.client_key = c.client_key)
                 order by c.created_at limit $3)
             returning client_key",
            self.tenant_id(),
            OffsetDateTime::from(now - UNUSED_CLIENTS_KEPT_FOR),
            i64::from(limit),
        );
        let swept = answer!(self, swept, fetch_all)?;
        for client_key in &swept {
            self.note_change(ChangeKind::Client(ClientKey::from_uuid(*client_key)));
        }
        Ok(u64::try_from(swept.len()).unwrap_or(u64::MAX))
    }
}
