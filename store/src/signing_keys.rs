//! Signing keys, sealed. Opening them is not done here.

use protocol::Timestamp;
use serde_json::Value;
use time::OffsetDateTime;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeyState {
    /// Published, and does not sign yet.
    Next,
    Active,
    /// Signs no more, and still verifies.
    Retired,
}

impl SigningKeyState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Next, Self::Active, Self::Retired]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    pub kid: String,
    pub algorithm: String,
    pub state: SigningKeyState,
    pub public_jwk: Value,
    pub sealed_private_key: Vec<u8>,
    pub kek_id: String,
    pub created_at: Timestamp,
    pub activated_at: Option<Timestamp>,
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKeyRecord {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "SigningKeyRecord({} {} {})",
            self.kid,
            self.algorithm,
            self.state.as_str()
        )
    }
}

#[derive(Clone)]
pub struct NewSigningKey {
    pub kid: String,
    pub algorithm: String,
    /// [`SigningKeyState::Next`] or [`SigningKeyState::Active`].
    pub state: SigningKeyState,
    pub public_jwk: Value,
    pub sealed_private_key: Vec<u8>,
    pub kek_id: String,
}

impl TenantScope {
    /// [`StoreError::Conflict`] (`signing_keys_one_is_active`, `signing_keys_one_is_next`) when
    /// another replica was first: read again and use its key.
    pub async fn insert_signing_key(
        &mut self,
        new: &NewSigningKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let activated_at =
            (new.state != SigningKeyState::Next).then_some(OffsetDateTime::from(now));
        let inserted = sqlx::query!(
            "insert into signing_keys (tenant_id, kid, algorithm, state, public_jwk, sealed_private_key,
                 kek_id, created_at, activated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            self.tenant_id(),
            new.kid,
            new.algorithm,
            new.state.as_str(),
            new.public_jwk,
            new.sealed_private_key,
            new.kek_id,
            OffsetDateTime::from(now),
            activated_at,
        );
        answer!(self, inserted, execute)?;
        self.note_change(ChangeKind::SigningKey);
        Ok(())
    }

    /// All of them, in the order in which they were made: a tenant has a handful.
    pub async fn list_signing_keys(&mut self) -> Result<Vec<SigningKeyRecord>, StoreError> {
        let rows = sqlx::query!(
            "select kid, algorithm, state, public_jwk, sealed_private_key, kek_id, created_at, activated_at,
                 retired_at
             from signing_keys where tenant_id = $1 order by created_at, kid",
            self.tenant_id(),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let keys = rows.into_iter().map(|row| {
            Ok(SigningKeyRecord {
                state: SigningKeyState::parse(&row.state)
                    .ok_or_else(|| StoreError::corrupt("signing_keys.state"))?,
                kid: row.kid,
                algorithm: row.algorithm,
                public_jwk: row.public_jwk,
                sealed_private_key: row.sealed_private_key,
                kek_id: row.kek_id,
                created_at: row.created_at.into(),
                activated_at: row.activated_at.map(Into::into),
                retired_at: row.retired_at.map(Into::into),
            })
        });
        keys.collect()
    }

    /// Retires the active key and lets the next one sign. False when there is no next one.
    pub async fn rotate_signing_key(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let next = sqlx::query_scalar!(
            "select kid from signing_keys where tenant_id = $1 and state = 'next' for update",
            self.tenant_id(),
        );
        let Some(next) = answer!(self, next, fetch_optional)? else {
            return Ok(false);
        };
        let retired = sqlx::query!(
            "update signing_keys set state = 'retired', retired_at = $2
             where tenant_id = $1 and state = 'active'",
            self.tenant_id(),
            OffsetDateTime::from(now),
        );
        answer!(self, retired, execute)?;
        let activated = sqlx::query!(
            "update signing_keys set state = 'active', activated_at = $3
             where tenant_id = $1 and kid = $2 and state = 'next'",
            self.tenant_id(),
            next,
            OffsetDateTime::from(now),
        );
        let is_activated = answer!(self, activated, execute)?.rows_affected() > 0;
        self.note_change(ChangeKind::SigningKey);
        Ok(is_activated)
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
