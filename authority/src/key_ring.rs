//! The signing keys of tenants, ready for use: the active ones parsed, the published ones as
//! verification keys and as the bytes of the JWKS; and where new ones come from.
//!
//! What it is not: a schedule (`rotation`). When a key becomes active or is retired is written in its
//! row; this room follows the rows, and a key that was removed is gone from here at once (row P3).
//!
//! To add one more algorithm: `protocol::SigningAlgorithm`; nothing here depends on which it is, RS256
//! apart, which ID tokens always have.

mod spare_keys;
mod tenant_keys;

use std::sync::Arc;

use crypto::self_test::SelfTestError;
use crypto::{KeyEncryption, SealedSigningKey, SigningKeyError, UnsealedKey};
use protocol::SigningAlgorithm;
use protocol::clock::{Clock, Timestamp};
use protocol::ids::TenantId;
use protocol::signing_key_schedule::{SigningKeyState, SigningKeyUse};
use store::{Database, NewSigningKey, SigningKeyRecord, StoreError, Tenant};

use crate::directory::Remembered;
use crate::freshness::{Freshness, Stamp, Topic};
use crate::published::fresh_or_last;

pub(crate) use spare_keys::SpareKeys;
pub(crate) use tenant_keys::from_row;
pub use tenant_keys::{ReadyJwks, TenantKeys};

const MOST_TENANTS: usize = 20_000;

/// Why a key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    #[error("the tenant has no active signing key")]
    NoActiveKey,
    #[error(transparent)]
    Key(#[from] SigningKeyError),
    #[error("a signing key does not verify what it signs: {0}")]
    SelfTest(#[from] SelfTestError),
    #[error("a signing key's row does not make sense: {0}")]
    Corrupt(String),
    #[error("making or opening a key was interrupted")]
    Interrupted,
    #[error("others change the tenant's keys all the time")]
    Contended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<KeyRingError> for StoreError {
    /// Rooms that only tell an outage from a fault need no more than this.
    fn from(error: KeyRingError) -> Self {
        match error {
            KeyRingError::Store(error) => error,
            // A service that keeps the key-encryption keys is away, as a database would be.
            KeyRingError::Key(SigningKeyError::KeyEncryption(error)) => {
                Self::Unavailable(error.to_string())
            }
            // Another replica may have the key: not this client's fault, and over when an operator mends it.
            KeyRingError::Key(error @ SigningKeyError::Sealed) => {
                Self::Unavailable(error.to_string())
            }
            other => Self::Corrupt(other.to_string()),
        }
    }
}

/// The keys of every tenant that was asked for.
pub struct KeyRing {
    database: Database,
    freshness: Arc<Freshness>,
    key_encryption: Arc<dyn KeyEncryption>,
    clock: Arc<dyn Clock>,
    spare: Arc<SpareKeys>,
    tenants: Remembered<TenantId, Arc<TenantKeys>>,
}

impl KeyRing {
    pub(crate) fn new(
        database: Database,
        freshness: Arc<Freshness>,
        key_encryption: Arc<dyn KeyEncryption>,
        clock: Arc<dyn Clock>,
        spare: Arc<SpareKeys>,
    ) -> Self {
        Self {
            database,
            freshness,
            key_encryption,
            clock,
            spare,
            tenants: Remembered::new(MOST_TENANTS),
        }
    }

    /// What private keys are sealed with.
    pub(crate) fn key_encryption(&self) -> &Arc<dyn KeyEncryption> {
        &self.key_encryption
    }

    pub(crate) fn spare(&self) -> &Arc<SpareKeys> {
        &self.spare
    }

    /// The JWKS. The last known copy serves while PostgreSQL does not answer.
    pub async fn find_jwks(&self, tenant: &Tenant) -> Result<Arc<ReadyJwks>, StoreError> {
        let keys = self.find_published_keys(tenant).await?;
        Ok(Arc::clone(keys.jwks()))
    }

    /// The keys that the JWKS shows: the last known ones while PostgreSQL does not answer.
    pub(crate) async fn find_published_keys(
        &self,
        tenant: &Tenant,
    ) -> Result<Arc<TenantKeys>, StoreError> {
        let last = self.tenants.find_stale(&tenant.id());
        let fresh = async { self.find_keys(tenant).await.map_err(StoreError::from) };
        fresh_or_last(fresh, last).await
    }

    /// What the tenant signs with now, for whoever tells clients so. A setting that was changed is in force
    /// with the key that follows from it, an hour or more later.
    pub async fn find_signing_algorithm(
        &self,
        tenant: &Tenant,
    ) -> Result<SigningAlgorithm, StoreError> {
        let keys = self.find_keys(tenant).await?;
        // Where nothing signs, what is made next is of the setting.
        let setting = tenant.settings().signing_algorithm;
        Ok(keys.signing_algorithm().unwrap_or(setting))
    }

    /// All keys of the tenant, fresh.
    pub async fn find_keys(&self, tenant: &Tenant) -> Result<Arc<TenantKeys>, KeyRingError> {
        let stamp = self.freshness.stamp(tenant.id(), Topic::SigningKey);
        let is_live = self.freshness.is_live();
        if is_live
            && let Some(keys) = self.tenants.find(&tenant.id(), |_| stamp)
            && keys.is_good(self.clock.now())
        {
            return Ok(keys);
        }
        // Boxed: the answer from memory should not carry the state of a query about.
        Box::pin(self.load_keys(tenant, stamp)).await
    }

    async fn load_keys(
        &self,
        tenant: &Tenant,
        stamp: Stamp,
    ) -> Result<Arc<TenantKeys>, KeyRingError> {
        let mut scope = self.database.tenant(tenant).await?;
        let records = scope.list_signing_keys().await?;
        scope.commit().await?;
        let keys = Arc::new(self.assemble(tenant.id(), records).await?);
        // While not live the copy is kept too, for the day PostgreSQL is away; its stamp is the
        // one of before the load, so it is served as fresh only if nothing was missed.
        self.tenants.insert(tenant.id(), Arc::clone(&keys), stamp);
        Ok(keys)
    }

    /// Off the request threads: opening a key may block.
    async fn assemble(
        &self,
        tenant_id: TenantId,
        records: Vec<SigningKeyRecord>,
    ) -> Result<TenantKeys, KeyRingError> {
        let last = self.tenants.find_stale(&tenant_id);
        let key_encryption = Arc::clone(&self.key_encryption);
        let now = self.clock.now();
        let assembling = move || {
            let last = last.as_deref();
            TenantKeys::assemble(tenant_id, records, last, key_encryption.as_ref(), now)
        };
        tokio::task::spawn_blocking(assembling)
            .await
            .map_err(|_| KeyRingError::Interrupted)?
    }

    /// What a tenant that is being created needs: a key that signs, and one of RS256 for ID tokens where
    /// that is not it.
    pub async fn make_first_keys(
        &self,
        tenant_id: TenantId,
        algorithm: SigningAlgorithm,
    ) -> Result<Vec<NewSigningKey>, KeyRingError> {
        let mut wanted = vec![(SigningKeyUse::Tokens, algorithm)];
        if algorithm != SigningAlgorithm::Rs256 {
            wanted.push((SigningKeyUse::IdTokens, SigningAlgorithm::Rs256));
        }
        let mut keys = Vec::with_capacity(wanted.len());
        for (signs, algorithm) in wanted {
            let sealed = self.make_key(tenant_id, algorithm).await?;
            keys.push(to_row(sealed, signs, None)?);
        }
        Ok(keys)
    }

    /// A sealed key, from a spare pair where one is ready. Never on a request's own thread: making one
    /// takes long, and sealing it may block.
    pub(crate) async fn make_key(
        &self,
        tenant_id: TenantId,
        algorithm: SigningAlgorithm,
    ) -> Result<SealedSigningKey, KeyRingError> {
        let is_rsa = matches!(algorithm, SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256);
        let spare = if is_rsa { self.spare.take() } else { None };
        let spare = spare.and_then(|pair| pair.into_key(algorithm));
        if is_rsa && spare.is_none() {
            self.spare.count("needed");
        }
        let key_encryption = Arc::clone(&self.key_encryption);
        let making = move || {
            let key = match spare {
                Some(key) => key,
                None => UnsealedKey::generate(algorithm)?,
            };
            key.seal(tenant_id, key_encryption.as_ref())
        };
        let made = tokio::task::spawn_blocking(making)
            .await
            .map_err(|_| KeyRingError::Interrupted)?;
        Ok(made?)
    }
}

/// The row of a new key: next if it is due to sign at a later moment, active if not.
pub(crate) fn to_row(
    sealed: SealedSigningKey,
    signs: SigningKeyUse,
    activate_at: Option<Timestamp>,
) -> Result<NewSigningKey, KeyRingError> {
    let state = match activate_at {
        Some(_) => SigningKeyState::Next,
        None => SigningKeyState::Active,
    };
    Ok(NewSigningKey {
        kid: sealed.kid,
        algorithm: sealed.algorithm.as_str().to_owned(),
        signs,
        state,
        activate_at,
        public_jwk: serde_json::to_value(&sealed.public_jwk).map_err(corrupt)?,
        sealed_private_key: sealed.sealed_private_key,
        kek_id: sealed.kek_id,
    })
}

pub(crate) fn corrupt(error: impl std::fmt::Display) -> KeyRingError {
    KeyRingError::Corrupt(error.to_string())
}
