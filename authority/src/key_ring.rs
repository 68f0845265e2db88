//! The signing keys of tenants, ready for use: the active one parsed, the published ones as
//! verification keys and as the bytes of the JWKS.
//!
//! What it is not: a schedule. When a key becomes active or is retired is written in its row; this
//! room follows the rows, and a key that was removed is gone from here at once (row P3).
//!
//! To add one more algorithm: `crypto::SigningAlgorithm`; nothing here depends on which it is.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crypto::self_test::SelfTestError;
use crypto::{
    EncryptionKeys, PublicJwk, SealedSigningKey, SigningAlgorithm, SigningKey, SigningKeyError,
    VerificationKey,
};
use protocol::clock::{Clock, Timestamp};
use protocol::ids::TenantId;
use protocol::token::access_token;
use serde::Serialize;
use store::{Database, NewSigningKey, SigningKeyRecord, SigningKeyState, StoreError, Tenant};

use crate::directory::Remembered;
use crate::freshness::{Freshness, Stamp, Topic};
use crate::published::fresh_or_last;

const MOST_TENANTS: usize = 20_000;
/// A retired key verifies until the last token that it may have signed is over, and a little longer.
const RETIRED_KEY_LIFETIME: Duration =
    Duration::from_secs(access_token::MAX_LIFETIME.as_secs() + 3_600);

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
    #[error("making a key was interrupted")]
    Interrupted,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<KeyRingError> for StoreError {
    /// Rooms that only tell an outage from a fault need no more than this.
    fn from(error: KeyRingError) -> Self {
        match error {
            KeyRingError::Store(error) => error,
            other => Self::Corrupt(other.to_string()),
        }
    }
}

/// The JWKS of a tenant as it is sent.
#[derive(Debug)]
pub struct ReadyJwks {
    pub body: Bytes,
    /// With its quotes.
    pub etag: String,
}

/// The keys of one tenant, as they were when they were loaded.
pub struct TenantKeys {
    signer: Option<SigningKey>,
    verification_keys: Vec<VerificationKey>,
    jwks: Arc<ReadyJwks>,
}

impl TenantKeys {
    pub fn signer(&self) -> Result<&SigningKey, KeyRingError> {
        self.signer.as_ref().ok_or(KeyRingError::NoActiveKey)
    }

    pub fn verification_keys(&self) -> &[VerificationKey] {
        &self.verification_keys
    }

    /// Whether a token signed by this key is still to be believed.
    pub fn has_kid(&self, kid: &str) -> bool {
        self.verification_keys.iter().any(|key| key.kid() == kid)
    }
}

/// The keys of every tenant that was asked for.
pub struct KeyRing {
    database: Database,
    freshness: Arc<Freshness>,
    encryption_keys: Arc<EncryptionKeys>,
    clock: Arc<dyn Clock>,
    tenants: Remembered<TenantId, Arc<TenantKeys>>,
}

impl KeyRing {
    pub(crate) fn new(
        database: Database,
        freshness: Arc<Freshness>,
        encryption_keys: Arc<EncryptionKeys>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            database,
            freshness,
            encryption_keys,
            clock,
            tenants: Remembered::new(MOST_TENANTS),
        }
    }

    /// The JWKS. The last known copy serves while PostgreSQL does not answer.
    pub async fn find_jwks(&self, tenant: &Tenant) -> Result<Arc<ReadyJwks>, StoreError> {
        let last = self.tenants.find_stale(&tenant.id());
        let fresh = async { self.find_keys(tenant).await.map_err(StoreError::from) };
        let keys = fresh_or_last(fresh, last).await?;
        Ok(Arc::clone(&keys.jwks))
    }

    /// All keys of the tenant, fresh.
    pub async fn find_keys(&self, tenant: &Tenant) -> Result<Arc<TenantKeys>, KeyRingError> {
        let stamp = self.freshness.stamp(tenant.id(), Topic::SigningKey);
        let is_live = self.freshness.is_live();
        if is_live && let Some(keys) = self.tenants.find(&tenant.id(), |_| stamp) {
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
        let keys = Arc::new(self.assemble(tenant.id(), records)?);
        // While not live the copy is kept too, for the day PostgreSQL is away; its stamp is the
        // one of before the load, so it is served as fresh only if nothing was missed.
        self.tenants.insert(tenant.id(), Arc::clone(&keys), stamp);
        Ok(keys)
    }

    /// A sealed key for a tenant that is being created or gets a new one. An RSA pair takes 50 ms,
    /// so it is made off the request threads.
    pub async fn generate_signing_key(
        &self,
        tenant_id: TenantId,
    ) -> Result<NewSigningKey, KeyRingError> {
        self.generate_signing_key_of(tenant_id, SigningAlgorithm::Rs256)
            .await
    }

    pub async fn generate_signing_key_of(
        &self,
        tenant_id: TenantId,
        algorithm: SigningAlgorithm,
    ) -> Result<NewSigningKey, KeyRingError> {
        let keys = Arc::clone(&self.encryption_keys);
        let making = move || SealedSigningKey::generate(tenant_id, algorithm, &keys);
        let sealed = tokio::task::spawn_blocking(making)
            .await
            .map_err(|_| KeyRingError::Interrupted)??;
        to_row(sealed)
    }
}

impl KeyRing {
    fn assemble(
        &self,
        tenant_id: TenantId,
        records: Vec<SigningKeyRecord>,
    ) -> Result<TenantKeys, KeyRingError> {
        let now = self.clock.now();
        let mut signer = None;
        let mut published = Vec::with_capacity(records.len());
        for record in records
            .into_iter()
            .filter(|record| is_published(record, now))
        {
            let state = record.state;
            let sealed = from_row(record)?;
            if state == SigningKeyState::Active {
                let key = sealed.open(tenant_id, &self.encryption_keys)?;
                key.self_test()?;
                signer = Some(key);
            }
            published.push(sealed.public_jwk);
        }
        let verification_keys = published
            .iter()
            .map(|jwk| VerificationKey::from_jwk(jwk).map_err(corrupt))
            .collect::<Result<_, _>>()?;
        Ok(TenantKeys {
            signer,
            verification_keys,
            jwks: Arc::new(ready_jwks(&published)?),
        })
    }
}

/// Row P5: a key retired for longer than any of its tokens lives neither verifies nor is shown.
fn is_published(record: &SigningKeyRecord, now: Timestamp) -> bool {
    record
        .retired_at
        .is_none_or(|retired_at| now < retired_at + RETIRED_KEY_LIFETIME)
}

#[derive(Serialize)]
struct KeySet<'a> {
    keys: &'a [PublicJwk],
}

fn ready_jwks(keys: &[PublicJwk]) -> Result<ReadyJwks, KeyRingError> {
    let body = serde_json::to_vec(&KeySet { keys }).map_err(corrupt)?;
    // A kid is the thumbprint of its key, so the kids say what the body is.
    let kids: Vec<&str> = keys.iter().map(PublicJwk::kid).collect();
    Ok(ReadyJwks {
        body: body.into(),
        etag: format!("\"{}\"", kids.join(".")),
    })
}

fn to_row(sealed: SealedSigningKey) -> Result<NewSigningKey, KeyRingError> {
    Ok(NewSigningKey {
        kid: sealed.kid,
        algorithm: sealed.algorithm.as_str().to_owned(),
        state: SigningKeyState::Active,
        public_jwk: serde_json::to_value(&sealed.public_jwk).map_err(corrupt)?,
        sealed_private_key: sealed.sealed_private_key,
        kek_id: sealed.kek_id,
    })
}

fn from_row(record: SigningKeyRecord) -> Result<SealedSigningKey, KeyRingError> {
    Ok(SealedSigningKey {
        kid: record.kid,
        algorithm: record.algorithm.parse().map_err(corrupt)?,
        public_jwk: serde_json::from_value(record.public_jwk).map_err(corrupt)?,
        sealed_private_key: record.sealed_private_key,
        kek_id: record.kek_id,
    })
}

fn corrupt(error: impl std::fmt::Display) -> KeyRingError {
    KeyRingError::Corrupt(error.to_string())
}
