//! The gate before everything that reads PostgreSQL: whether row security holds for the roles that we
//! take on, and whether the schema is as new as this program. Where not, nothing is served.
//!
//! It is asked until the answer is yes, then never again: a server may start before its database.

use store::{Database, IsolationError, StoreError};
use tokio::sync::{Mutex, OnceCell};

/// Row security is not known to hold.
pub type OutOfOrder = IsolationError;

#[derive(Default)]
pub struct IsolationGate {
    is_open: OnceCell<()>,
    asking: Mutex<()>,
}

async fn verify(database: &Database) -> Result<(), OutOfOrder> {
    database.verify_isolation().await?;
    if database.is_migrated().await? {
        Ok(())
    } else {
        Err(IsolationError::NotMigrated)
    }
}

impl IsolationGate {
    /// Free once it was answered with yes. Until then one caller asks and the others are turned away:
    /// a queue before a database that hangs would only grow.
    pub async fn check(&self, database: &Database) -> Result<(), OutOfOrder> {
        if self.is_open.initialized() {
            return Ok(());
        }
        let Ok(_asking) = self.asking.try_lock() else {
            return Err(StoreError::Unavailable(
                "it is being asked whether row security holds".to_owned(),
            )
            .into());
        };
        self.is_open
            .get_or_try_init(|| verify(database))
            .await
            .copied()
    }
}
