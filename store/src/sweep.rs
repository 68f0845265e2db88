//! Removing what has expired, batch by batch, in one tenant.

use std::time::Duration;

use protocol::{ClientKey, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// Spent codes are kept this long: a replay is recognised and a pending authorization, which lives
/// for less, is answered once.
const CODES_KEPT_FOR: Duration = Duration::from_hours(24);
/// Between the end of everything in a grant and its removal, for whoever looks into what happened.
const GRANTS_KEPT_FOR: Duration = Duration::from_hours(30 * 24);
/// After their end, likewise: a token's row says how often it was used.
const INITIAL_ACCESS_TOKENS_KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// How many rows went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    pub authorization_codes: u64,
    pub browser_sessions: u64,
    pub grants: u64,
    pub clients: u64,
    pub client_assertion_ids: u64,
    pub initial_access_tokens: u64,
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
        let registered = self.sweep_unused_clients(now, limit).await?;
        let described = self.sweep_unused_documents(now, limit).await?;
        let client_assertion_ids = self.sweep_client_assertion_ids(now, limit).await?;
        let initial_access_tokens = self.sweep_initial_access_tokens(now, limit).await?;
        let most = authorization_codes
            .max(browser_sessions)
            .max(grants)
            .max(registered)
            .max(described)
            .max(client_assertion_ids)
            .max(initial_access_tokens);
        Ok(SweepReport {
            authorization_codes,
            browser_sessions,
            grants,
            clients: registered + described,
            client_assertion_ids,
            initial_access_tokens,
            is_unfinished: most >= u64::from(limit),
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

    /// Never one with a live grant; here, never one with any grant on record. Not one that an operator
    /// disabled: with its id gone it would register anew.
    async fn sweep_unused_clients(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let unused = sqlx::query_scalar!(
            "select c.client_key from clients c
             where c.tenant_id = $1 and c.origin = 'registered' and c.created_at < $2
               and c.is_enabled
               and not exists (select from grants g
                               where g.tenant_id = $1 and g.client_key = c.client_key)
             order by c.created_at limit $3
             for update of c skip locked",
            self.tenant_id(),
            OffsetDateTime::from(now - self.unused_lifetime()),
            i64::from(limit),
        );
        let unused = answer!(self, unused, fetch_all)?;
        self.remove_unused_clients(&unused).await
    }

    /// Clients of documents likewise, when nobody fetched the document for as long. Not one that an
    /// operator has set something for: it would come back without.
    async fn sweep_unused_documents(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let unused = sqlx::query_scalar!(
            "select c.client_key from clients c
             where c.tenant_id = $1 and c.client_key = any (array(
                 select d.client_key from client_documents d
                 where d.tenant_id = $1 and d.fetched_at < $2
                   and not exists (select from grants g
                                   where g.tenant_id = $1 and g.client_key = d.client_key)
                   -- The offset keeps it from becoming a join, which would read all of a tenant's clients.
                   and exists (select from clients k
                               where k.tenant_id = $1 and k.client_key = d.client_key
                                 and k.is_enabled and not k.is_limited_to_listed_resources
                                 and k.default_resource_id is null
                                 and k.access_token_lifetime is null
                                 and k.refresh_idle_lifetime is null
                                 and k.refresh_absolute_lifetime is null offset 0)
                 order by d.fetched_at limit $3))
             for update of c skip locked",
            self.tenant_id(),
            OffsetDateTime::from(now - self.unused_lifetime()),
            i64::from(limit),
        );
        let unused = answer!(self, unused, fetch_all)?;
        self.remove_unused_clients(&unused).await
    }

    /// They are locked: a grant that is being made waits, and finds no client. One that was made before
    /// the lock, and after the look, shows itself to this second look.
    async fn remove_unused_clients(&mut self, unused: &[Uuid]) -> Result<u64, StoreError> {
        let removed = sqlx::query_scalar!(
            "delete from clients c
             where c.tenant_id = $1 and c.client_key = any($2)
               and not exists (select from grants g
                               where g.tenant_id = $1 and g.client_key = c.client_key)
             returning c.client_key",
            self.tenant_id(),
            unused,
        );
        let removed = answer!(self, removed, fetch_all)?;
        Ok(self.note_removed(&removed))
    }

    async fn sweep_client_assertion_ids(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from client_assertion_ids where tenant_id = $1
               and (client_id_digest, jti_digest) in (
                 select client_id_digest, jti_digest from client_assertion_ids
                 where tenant_id = $1 and expires_at <= $2 order by expires_at limit $3)",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }

    /// What ended long ago. One that was merely used up stays until it ends or is revoked.
    async fn sweep_initial_access_tokens(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from initial_access_tokens where tenant_id = $1 and token_id in (
                 select token_id from initial_access_tokens
                 where tenant_id = $1 and least(expires_at, revoked_at) < $2
                 order by least(expires_at, revoked_at) limit $3)",
            self.tenant_id(),
            OffsetDateTime::from(now - INITIAL_ACCESS_TOKENS_KEPT_FOR),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }

    /// A client that never led to a grant is of no use to anybody after this.
    fn unused_lifetime(&self) -> Duration {
        self.tenant().settings().registration.unused_lifetime
    }

    fn note_removed(&mut self, clients: &[Uuid]) -> u64 {
        for client_key in clients {
            self.note_change(ChangeKind::Client(ClientKey::from_uuid(*client_key)));
        }
        u64::try_from(clients.len()).unwrap_or(u64::MAX)
    }
}
