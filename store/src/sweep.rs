//! Removing what has expired, batch by batch, in one tenant. Every table of a tenant that grows with its traffic
//! has a step here or, for grants, in `grants`; `tests/ninety_days` misses one that has none.
//!
//! It waits for nobody: a row that somebody has is left to the next sweep, so whoever waits for the sweep is never
//! waited for. Rows are chosen once (`array`, `materialized`): chosen beside a join, those that the first choice has
//! locked would be passed over by a second one, and more would go than the limit.

mod grants;

use std::time::Duration;

use protocol::{ClientKey, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};
pub use grants::{GrantCursor, GrantSweep};

/// Spent codes are kept this long: a replay is recognised and a pending authorization, which lives
/// for less, is answered once.
const CODES_KEPT_FOR: Duration = Duration::from_hours(24);
/// After their end, whichever it was: a token's row says how often it was used.
const INITIAL_ACCESS_TOKENS_KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// To be looked at, and played again.
const DELIVERED_KEPT_FOR: Duration = Duration::from_hours(7 * 24);
/// What failed, and what waits for a webhook that is disabled.
const UNDELIVERED_KEPT_FOR: Duration = Duration::from_hours(30 * 24);
/// Events that saw one active are long written.
const DELETED_WEBHOOKS_KEPT_FOR: Duration = Duration::from_hours(1);

/// Their job gives up long before.
const LOGOUT_NOTICES_KEPT_FOR: Duration = Duration::from_hours(24);

/// What went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    pub authorization_codes: u64,
    pub browser_sessions: u64,
    /// Each by its name: whoever looks for one finds in the audit where it went.
    pub clients: Vec<SweptClient>,
    pub client_assertion_ids: u64,
    pub initial_access_tokens: u64,
    pub device_authorizations: u64,
    pub logout_notices: u64,
    /// Deleted ones that no valid token names any more.
    pub ended_clients: u64,
    /// Of deleted resources, likewise.
    pub ended_audiences: u64,
    /// Too old, or too many.
    pub decisions: u64,
    /// Settled long ago, and those of deleted webhooks.
    pub webhook_deliveries: u64,
    /// Deleted ones.
    pub webhooks: u64,
    /// Kept for calls that did not come again.
    pub idempotent_answers: u64,
    /// Something reached the limit: sweep again soon.
    pub is_unfinished: bool,
}

/// A client that never led to a grant, or to none that is still on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweptClient {
    pub client_id: String,
    pub origin: String,
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
        let mut clients = self.sweep_unused_clients(now, limit).await?;
        let registered = count_of(&clients);
        clients.extend(self.sweep_unused_documents(now, limit).await?);
        let described = count_of(&clients) - registered;
        let client_assertion_ids = self.sweep_client_assertion_ids(now, limit).await?;
        let initial_access_tokens = self.sweep_initial_access_tokens(now, limit).await?;
        let device_authorizations = self.sweep_device_authorizations(now, limit).await?;
        let logout_notices = self
            .sweep_logout_notices(now - LOGOUT_NOTICES_KEPT_FOR, limit)
            .await?;
        let ended_clients = self.sweep_ended_clients(now, limit).await?;
        let ended_audiences = self.sweep_ended_audiences(now, limit).await?;
        let decisions = self.sweep_decisions(now, limit).await?;
        let webhook_deliveries = self
            .sweep_webhook_deliveries(now - DELIVERED_KEPT_FOR, now - UNDELIVERED_KEPT_FOR, limit)
            .await?;
        let webhooks = self
            .sweep_deleted_webhooks(now - DELETED_WEBHOOKS_KEPT_FOR, limit)
            .await?;
        let idempotent_answers = self.sweep_idempotent_answers(now, limit).await?;
        let most = authorization_codes
            .max(browser_sessions)
            .max(idempotent_answers)
            .max(registered)
            .max(described)
            .max(client_assertion_ids)
            .max(initial_access_tokens)
            .max(device_authorizations)
            .max(logout_notices)
            .max(ended_clients)
            .max(ended_audiences)
            .max(webhook_deliveries)
            .max(webhooks)
            .max(decisions);
        Ok(SweepReport {
            authorization_codes,
            browser_sessions,
            clients,
            client_assertion_ids,
            initial_access_tokens,
            device_authorizations,
            logout_notices,
            ended_clients,
            ended_audiences,
            webhook_deliveries,
            webhooks,
            decisions,
            idempotent_answers,
            is_unfinished: most >= u64::from(limit),
        })
    }

    async fn sweep_authorization_codes(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from authorization_codes where tenant_id = $1 and code_digest = any (array(
                 select code_digest from authorization_codes
                 where tenant_id = $1 and expires_at < $2 order by expires_at limit $3
                 for update skip locked))",
            self.tenant_id(),
            OffsetDateTime::from(now - CODES_KEPT_FOR),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }

    pub(crate) async fn sweep_browser_sessions(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from browser_sessions where tenant_id = $1 and session_id = any (array(
                 select session_id from browser_sessions
                 where tenant_id = $1 and expires_at <= $2 order by expires_at limit $3
                 for update skip locked))",
            self.tenant_id(),
            OffsetDateTime::from(now),
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
    ) -> Result<Vec<SweptClient>, StoreError> {
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
    ) -> Result<Vec<SweptClient>, StoreError> {
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
    async fn remove_unused_clients(
        &mut self,
        unused: &[Uuid],
    ) -> Result<Vec<SweptClient>, StoreError> {
        if unused.is_empty() {
            return Ok(Vec::new());
        }
        let removed = sqlx::query!(
            "delete from clients c
             where c.tenant_id = $1 and c.client_key = any($2)
               and not exists (select from grants g
                               where g.tenant_id = $1 and g.client_key = c.client_key)
             returning c.client_key, c.client_id, c.origin",
            self.tenant_id(),
            unused,
        );
        let removed = answer!(self, removed, fetch_all)?;
        for row in &removed {
            self.note_change(ChangeKind::Client(ClientKey::from_uuid(row.client_key)));
        }
        let clients = removed.into_iter().map(|row| SweptClient {
            client_id: row.client_id,
            origin: row.origin,
        });
        Ok(clients.collect())
    }

    async fn sweep_client_assertion_ids(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "with over as materialized (
                 select client_id_digest, jti_digest from client_assertion_ids
                 where tenant_id = $1 and expires_at <= $2 order by expires_at limit $3
                 for update skip locked)
             delete from client_assertion_ids a using over
             where a.tenant_id = $1 and a.client_id_digest = over.client_id_digest
               and a.jti_digest = over.jti_digest",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }

    /// Removes up to `limit` used DPoP proofs that are over.
    pub async fn sweep_dpop_proof_ids(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from dpop_proof_ids where tenant_id = $1 and proof_digest = any (array(
                 select proof_digest from dpop_proof_ids
                 where tenant_id = $1 and expires_at <= $2 order by expires_at limit $3
                 for update skip locked))",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }

    /// Whether there are any, over or not.
    pub async fn has_dpop_proof_ids(&mut self) -> Result<bool, StoreError> {
        let earliest = sqlx::query_scalar!(
            "select min(expires_at) from dpop_proof_ids where tenant_id = $1",
            self.tenant_id(),
        );
        Ok(answer!(self, earliest, fetch_one)?.is_some())
    }

    /// What ended long ago: by its time, by revocation, or with the last use that it had.
    async fn sweep_initial_access_tokens(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let before = OffsetDateTime::from(now - INITIAL_ACCESS_TOKENS_KEPT_FOR);
        let ended = sqlx::query!(
            "delete from initial_access_tokens where tenant_id = $1 and token_id = any (array(
                 select token_id from initial_access_tokens
                 where tenant_id = $1 and least(expires_at, revoked_at) < $2
                 order by least(expires_at, revoked_at) limit $3
                 for update skip locked))",
            self.tenant_id(),
            before,
            i64::from(limit),
        );
        let ended = answer!(self, ended, execute)?.rows_affected();
        let used_up = sqlx::query!(
            "delete from initial_access_tokens where tenant_id = $1 and token_id = any (array(
                 select token_id from initial_access_tokens
                 where tenant_id = $1 and uses >= max_uses and greatest(last_used_at, created_at) < $2
                 order by greatest(last_used_at, created_at) limit $3
                 for update skip locked))",
            self.tenant_id(),
            before,
            i64::from(limit),
        );
        Ok(ended + answer!(self, used_up, execute)?.rows_affected())
    }

    /// A client that never led to a grant is of no use to anybody after this.
    fn unused_lifetime(&self) -> Duration {
        self.tenant().settings().registration.unused_lifetime
    }
}

fn count_of(clients: &[SweptClient]) -> u64 {
    u64::try_from(clients.len()).unwrap_or(u64::MAX)
}
