//! The gate before everything that reads PostgreSQL: whether row security holds for the roles that we
//! take on, whether the schema is as new as this program, and whether the signing keys in it can be
//! opened. Where not, nothing is served.
//!
//! It is asked until the answer is yes, then never again: a server may start before its database.

use authority::Authority;
use authority::signing_key_rotation::{LostKeys, VerifyEncryptionKeysError};
use store::{Database, IsolationError, StoreError};
use tokio::sync::{Mutex, OnceCell};

/// The database is not known to be one that we may serve from.
#[derive(Debug, thiserror::Error)]
pub enum OutOfOrder {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("tenants would not be kept apart: {0}")]
    Isolation(IsolationError),
    #[error(transparent)]
    LostKeys(LostKeys),
}

impl From<IsolationError> for OutOfOrder {
    fn from(error: IsolationError) -> Self {
        match error {
            IsolationError::Store(error) => Self::Store(error),
            other => Self::Isolation(other),
        }
    }
}

impl From<VerifyEncryptionKeysError> for OutOfOrder {
    fn from(error: VerifyEncryptionKeysError) -> Self {
        match error {
            VerifyEncryptionKeysError::Store(error) => Self::Store(error),
            VerifyEncryptionKeysError::Lost(lost) => Self::LostKeys(lost),
        }
    }
}

#[derive(Default)]
pub struct IsolationGate {
    is_open: OnceCell<()>,
    asking: Mutex<()>,
}

/// Row security and the schema.
pub async fn verify_database(database: &Database) -> Result<(), OutOfOrder> {
    database.verify_isolation().await?;
    if database.is_migrated().await? {
        Ok(())
    } else {
        Err(IsolationError::NotMigrated.into())
    }
}

async fn verify(authority: &Authority) -> Result<(), OutOfOrder> {
    verify_database(authority.database()).await?;
    Ok(authority.verify_encryption_keys().await?)
}

impl IsolationGate {
    /// Free once it was answered with yes. Until then one caller asks and the others are turned away:
    /// a queue before a database that hangs would only grow.
    pub async fn check(&self, authority: &Authority) -> Result<(), OutOfOrder> {
        if self.is_open.initialized() {
            return Ok(());
        }
        let Ok(_asking) = self.asking.try_lock() else {
            return Err(StoreError::Unavailable(
                "it is being asked whether the database is in order".to_owned(),
            )
            .into());
        };
        self.is_open
            .get_or_try_init(|| verify(authority))
            .await
            .copied()
    }
}
