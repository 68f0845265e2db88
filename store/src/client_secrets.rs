//! Secrets of confidential clients. They are read with their client, in one statement.

use protocol::{ClientKey, CredentialId, Timestamp};
use time::OffsetDateTime;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::secret_digest::StoredSecret;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    pub credential_id: CredentialId,
    pub secret: StoredSecret,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct NewClientSecret {
    pub credential_id: CredentialId,
    pub secret: StoredSecret,
    pub expires_at: Option<Timestamp>,
}

impl TenantScope {
    /// One more: two may live at once while they are exchanged. [`StoreError::Conflict`] when the
    /// client is not there.
    pub async fn insert_client_secret(
        &mut self,
        client_key: ClientKey,
        new: &NewClientSecret,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let secret = new.secret.columns();
        let inserted = sqlx::query!(
            "insert into client_secrets (tenant_id, client_key, credential_id, secret_digest, pepper_id,
                 secret_hash, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            self.tenant_id(),
            client_key.as_uuid(),
            new.credential_id.as_uuid(),
            secret.digest,
            secret.pepper_id,
            secret.hash,
            OffsetDateTime::from(now),
            new.expires_at.map(OffsetDateTime::from),
        );
        answer!(self, inserted, execute)?;
        self.note_change(ChangeKind::Client(client_key));
        Ok(())
    }

    /// Whether the client had it.
    pub async fn delete_client_secret(
        &mut self,
        client_key: ClientKey,
        credential_id: CredentialId,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from client_secrets where tenant_id = $1 and client_key = $2 and credential_id = $3",
            self.tenant_id(),
            client_key.as_uuid(),
            credential_id.as_uuid(),
        );
        let is_deleted = answer!(self, deleted, execute)?.rows_affected() > 0;
        if is_deleted {
            self.note_change(ChangeKind::Client(client_key));
        }
        Ok(is_deleted)
    }
}
