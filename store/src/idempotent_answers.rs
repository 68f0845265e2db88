//! Answers to calls that may come again: a tenant's, and those of calls above tenants.
//!
//! Written in the transaction of the change that was answered. Of two at once the first that commits is kept, and the
//! other is told so.

use protocol::Timestamp;
use time::OffsetDateTime;

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::{TenantScope, answer};

/// An answer to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdempotentAnswer {
    pub caller: String,
    pub key_digest: [u8; 32],
    pub fingerprint: [u8; 32],
    pub sealed_answer: Vec<u8>,
    pub expires_at: Timestamp,
}

/// An answer that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentAnswer {
    pub fingerprint: Vec<u8>,
    pub sealed_answer: Vec<u8>,
}

impl TenantScope {
    /// False when this caller's key stands for another answer already.
    pub async fn insert_idempotent_answer(
        &mut self,
        new: &NewIdempotentAnswer,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // One that has ended may not be swept yet; its key is free again.
        let inserted = sqlx::query!(
            "insert into idempotent_answers (tenant_id, caller, key_digest, fingerprint, sealed_answer, expires_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant_id, caller, key_digest) do update
             set fingerprint = excluded.fingerprint, sealed_answer = excluded.sealed_answer,
                 expires_at = excluded.expires_at
             where idempotent_answers.expires_at <= $7",
            self.tenant_id(),
            new.caller,
            &new.key_digest,
            &new.fingerprint,
            new.sealed_answer,
            OffsetDateTime::from(new.expires_at),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, inserted, execute)?.rows_affected() > 0)
    }

    pub async fn find_idempotent_answer(
        &mut self,
        caller: &str,
        key_digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<IdempotentAnswer>, StoreError> {
        let found = sqlx::query_as!(
            IdempotentAnswer,
            "select fingerprint, sealed_answer from idempotent_answers
             where tenant_id = $1 and caller = $2 and key_digest = $3 and expires_at > $4",
            self.tenant_id(),
            caller,
            key_digest,
            OffsetDateTime::from(now),
        );
        answer!(self, found, fetch_optional)
    }

    pub(crate) async fn sweep_idempotent_answers(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "with over as materialized (
                 select caller, key_digest from idempotent_answers
                 where tenant_id = $1 and expires_at <= $2 order by expires_at limit $3
                 for update skip locked)
             delete from idempotent_answers a using over
             where a.tenant_id = $1 and a.caller = over.caller and a.key_digest = over.key_digest",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }

    /// Of a deleted tenant.
    pub(crate) async fn delete_idempotent_answers(
        &mut self,
        limit: i64,
    ) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from idempotent_answers where tenant_id = $1 and (caller, key_digest) in (
                 select caller, key_digest from idempotent_answers where tenant_id = $1
                 order by caller, key_digest limit $2)",
            self.tenant_id(),
            limit,
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }
}

impl PlatformScope {
    /// False when this caller's key stands for another answer already.
    pub async fn insert_platform_idempotent_answer(
        &mut self,
        new: &NewIdempotentAnswer,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let inserted = sqlx::query!(
            "insert into platform_idempotent_answers (caller, key_digest, fingerprint, sealed_answer, expires_at)
             values ($1, $2, $3, $4, $5)
             on conflict (caller, key_digest) do update
             set fingerprint = excluded.fingerprint, sealed_answer = excluded.sealed_answer,
                 expires_at = excluded.expires_at
             where platform_idempotent_answers.expires_at <= $6",
            new.caller,
            &new.key_digest,
            &new.fingerprint,
            new.sealed_answer,
            OffsetDateTime::from(new.expires_at),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, inserted, execute)?.rows_affected() > 0)
    }

    pub async fn find_platform_idempotent_answer(
        &mut self,
        caller: &str,
        key_digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<IdempotentAnswer>, StoreError> {
        let found = sqlx::query_as!(
            IdempotentAnswer,
            "select fingerprint, sealed_answer from platform_idempotent_answers
             where caller = $1 and key_digest = $2 and expires_at > $3",
            caller,
            key_digest,
            OffsetDateTime::from(now),
        );
        answer!(self, found, fetch_optional)
    }

    /// Removes up to `limit` that are over.
    pub async fn sweep_platform_idempotent_answers(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            // Rows by their place: joined by their key, all of them would be read.
            "delete from platform_idempotent_answers where ctid = any (array(
                 select ctid from platform_idempotent_answers
                 where expires_at <= $1 order by expires_at limit $2
                 for update skip locked))",
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}
