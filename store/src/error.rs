//! What can go wrong with a statement, as far as the rooms above must tell it apart.

use sqlx::error::DatabaseError;

use crate::tenant_quotas::QuotaKind;

/// Why the store gave no answer. Messages are for logs: none holds a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing is known to have happened; trying again later may help. 503 with `Retry-After`,
    /// never `invalid_grant`.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// Others were changing the same tenant for as long as anybody waits. Nothing happened.
    #[error("others are changing the tenant")]
    Contended,
    /// A unique key or a foreign key stands against it; the constraint's name says which.
    #[error("the constraint {0} stands against it")]
    Conflict(String),
    /// The tenant has as many of these as it may have.
    #[error("the tenant may have no more {}", .0.as_str())]
    QuotaReached(QuotaKind),
    /// A row holds what we never write.
    #[error("a row does not make sense: {0}")]
    Corrupt(String),
    /// A mistake of ours.
    #[error("the database refused a statement: {0}")]
    Internal(String),
}

impl StoreError {
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Contended)
    }

    /// The name of the constraint, when there was one.
    pub fn conflict(&self) -> Option<&str> {
        match self {
            Self::Conflict(constraint) => Some(constraint),
            Self::Unavailable(_)
            | Self::Contended
            | Self::QuotaReached(_)
            | Self::Corrupt(_)
            | Self::Internal(_) => None,
        }
    }

    pub(crate) fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::Corrupt(what.to_string())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => from_database(error.as_ref()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(error.to_string()),
            sqlx::Error::ColumnDecode { index, .. } => Self::Corrupt(format!("column {index}")),
            sqlx::Error::Decode(_) => Self::Corrupt("a column".to_owned()),
            other => Self::Internal(other.to_string()),
        }
    }
}

fn from_database(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    if is_outage(&code) {
        return StoreError::Unavailable(format!("{code} {}", error.message()));
    }
    match (&*code, error.constraint()) {
        // unique_violation, foreign_key_violation
        ("23505" | "23503", Some(constraint)) => StoreError::Conflict(constraint.to_owned()),
        // check_violation, by the trigger that counts.
        ("23514", Some(constraint)) if let Some(kind) = QuotaKind::of_constraint(constraint) => {
            StoreError::QuotaReached(kind)
        }
        (_, Some(constraint)) => StoreError::Internal(format!("{code} {constraint}")),
        (_, None) => StoreError::Internal(format!("{code} {}", error.message())),
    }
}

/// Conditions of the server or of the moment, not of the statement.
fn is_outage(code: &str) -> bool {
    // Connection exceptions, insufficient resources (disk, memory, connections), operator
    // intervention (shutdown, statement timeout), system errors.
    let is_class = ["08", "53", "57", "58"]
        .iter()
        .any(|class| code.starts_with(class));
    // A read-only server (a standby), a lock not had in time, a serialization failure or deadlock,
    // a transaction that was idle for too long.
    let is_moment = matches!(
        code,
        "25006" | "55P03" | "40001" | "40P01" | "25P03" | "25P04"
    );
    // Not let in: the database takes no connections, is being replaced, or the login is.
    let is_not_let_in = matches!(code, "55000" | "3D000" | "28000" | "28P01");
    is_class || is_moment || is_not_let_in
}
