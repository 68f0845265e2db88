//! Signing keys, sealed. Opening them is not done here, and neither is deciding when one signs
//! (`protocol::signing_key_schedule`).
//!
//! Every change is guarded by the state that it was decided on: a replica that comes second changes
//! nothing and is told so.

use protocol::Timestamp;
use protocol::signing_key_schedule::{SigningKeyState, SigningKeyUse};
use serde_json::Value;
use time::OffsetDateTime;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    pub kid: String,
    pub algorithm: String,
    pub signs: SigningKeyUse,
    pub state: SigningKeyState,
    pub public_jwk: Value,
    pub sealed_private_key: Vec<u8>,
    pub kek_id: String,
    pub created_at: Timestamp,
    /// Of a next key: when it is due to sign.
    pub activate_at: Option<Timestamp>,
    pub activated_at: Option<Timestamp>,
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKeyRecord {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "SigningKeyRecord({} {} {} {})",
            self.kid,
            self.algorithm,
            self.signs.as_str(),
            self.state.as_str()
        )
    }
}

#[derive(Clone)]
pub struct NewSigningKey {
    pub kid: String,
    pub algorithm: String,
    pub signs: SigningKeyUse,
    /// [`SigningKeyState::Next`] or [`SigningKeyState::Active`].
    pub state: SigningKeyState,
    /// Of a next key: when it is due to sign, an hour from now at the earliest.
    pub activate_at: Option<Timestamp>,
    pub public_jwk: Value,
    pub sealed_private_key: Vec<u8>,
    pub kek_id: String,
}

impl TenantScope {
    /// [`StoreError::Conflict`] (`signing_keys_one_active_of_each`, `signing_keys_one_next_of_each`) when
    /// another replica was first: read again and use its key.
    pub async fn insert_signing_key(
        &mut self,
        new: &NewSigningKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let activated_at =
            (new.state != SigningKeyState::Next).then_some(OffsetDateTime::from(now));
        let inserted = sqlx::query!(
            "insert into signing_keys (tenant_id, kid, algorithm, signs, state, public_jwk,
                 sealed_private_key, kek_id, created_at, activate_at, activated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            self.tenant_id(),
            new.kid,
            new.algorithm,
            new.signs.as_str(),
            new.state.as_str(),
            new.public_jwk,
            new.sealed_private_key,
            new.kek_id,
            OffsetDateTime::from(now),
            new.activate_at.map(OffsetDateTime::from),
            activated_at,
        );
        answer!(self, inserted, execute)?;
        self.note_change(ChangeKind::SigningKey);
        Ok(())
    }

    /// All of them, in the order in which they were made, and began to sign: a tenant has a handful.
    pub async fn list_signing_keys(&mut self) -> Result<Vec<SigningKeyRecord>, StoreError> {
        let rows = sqlx::query!(
            "select kid, algorithm, signs, state, public_jwk, sealed_private_key, kek_id, created_at,
                 activate_at, activated_at, retired_at
             from signing_keys where tenant_id = $1 order by created_at, activated_at, kid",
            self.tenant_id(),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let keys = rows.into_iter().map(|row| {
            Ok(SigningKeyRecord {
                signs: SigningKeyUse::parse(&row.signs)
                    .ok_or_else(|| StoreError::corrupt("signing_keys.signs"))?,
                state: SigningKeyState::parse(&row.state)
                    .ok_or_else(|| StoreError::corrupt("signing_keys.state"))?,
                kid: row.kid,
                algorithm: row.algorithm,
                public_jwk: row.public_jwk,
                sealed_private_key: row.sealed_private_key,
                kek_id: row.kek_id,
                created_at: row.created_at.into(),
                activate_at: row.activate_at.map(Into::into),
                activated_at: row.activated_at.map(Into::into),
                retired_at: row.retired_at.map(Into::into),
            })
        });
        keys.collect()
    }

    /// Nobody else changes this tenant's keys until the transaction ends. What is listed after this is what
    /// others left. One lock for all of them: locking row by row can deadlock, since a key that was inserted
    /// meanwhile sorts between rows that are already locked.
    pub async fn lock_signing_keys(&mut self) -> Result<(), StoreError> {
        let lock = sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended('signing_keys:' || $1::uuid::text, 0))",
            self.tenant_id(),
        );
        answer!(self, lock, fetch_one)?;
        Ok(())
    }

    /// When a next key is due to sign. False when it is not next any more.
    pub async fn schedule_signing_key(
        &mut self,
        kid: &str,
        activate_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let scheduled = sqlx::query!(
            "update signing_keys set activate_at = $3
             where tenant_id = $1 and kid = $2 and state = 'next'",
            self.tenant_id(),
            kid,
            OffsetDateTime::from(activate_at),
        );
        Ok(answer!(self, scheduled, execute)?.rows_affected() > 0)
    }

    /// A next key signs from now on. False when it is not next any more; whoever signed so far was
    /// retired or handed over before.
    pub async fn activate_signing_key(
        &mut self,
        kid: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let activated = sqlx::query!(
            "update signing_keys set state = 'active', activated_at = $3
             where tenant_id = $1 and kid = $2 and state = 'next'",
            self.tenant_id(),
            kid,
            OffsetDateTime::from(now),
        );
        let is_activated = answer!(self, activated, execute)?.rows_affected() > 0;
        self.note_change(ChangeKind::SigningKey);
        Ok(is_activated)
    }

    /// An active key signs no more. False when it is not active any more.
    pub async fn retire_signing_key(
        &mut self,
        kid: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let retired = sqlx::query!(
            "update signing_keys set state = 'retired', retired_at = $3
             where tenant_id = $1 and kid = $2 and state = 'active'",
            self.tenant_id(),
            kid,
            OffsetDateTime::from(now),
        );
        let is_retired = answer!(self, retired, execute)?.rows_affected() > 0;
        self.note_change(ChangeKind::SigningKey);
        Ok(is_retired)
    }

    /// An active RS256 key signs ID tokens only from now on. False when it is not that any more.
    pub async fn hand_over_signing_key(&mut self, kid: &str) -> Result<bool, StoreError> {
        let handed_over = sqlx::query!(
            "update signing_keys set signs = 'id_tokens'
             where tenant_id = $1 and kid = $2 and state = 'active' and signs = 'tokens'
               and algorithm = 'RS256'",
            self.tenant_id(),
            kid,
        );
        let is_handed_over = answer!(self, handed_over, execute)?.rows_affected() > 0;
        self.note_change(ChangeKind::SigningKey);
        Ok(is_handed_over)
    }

    /// The same key, sealed under another key-encryption key. False when somebody else was first.
    pub async fn reseal_signing_key(
        &mut self,
        kid: &str,
        from_kek_id: &str,
        sealed_private_key: &[u8],
        kek_id: &str,
    ) -> Result<bool, StoreError> {
        let resealed = sqlx::query!(
            "update signing_keys set sealed_private_key = $4, kek_id = $5
             where tenant_id = $1 and kid = $2 and kek_id = $3",
            self.tenant_id(),
            kid,
            from_kek_id,
            sealed_private_key,
            kek_id,
        );
        Ok(answer!(self, resealed, execute)?.rows_affected() > 0)
    }

    /// Whether it was there: a retired key that no live token names, or one that leaked.
    pub async fn delete_signing_key(&mut self, kid: &str) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from signing_keys where tenant_id = $1 and kid = $2",
            self.tenant_id(),
            kid,
        );
        let is_deleted = answer!(self, deleted, execute)?.rows_affected() > 0;
        if is_deleted {
            self.note_change(ChangeKind::SigningKey);
        }
        Ok(is_deleted)
    }
}
