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
    /// One more, unless two live already: so many it takes to exchange them without a gap. Ended ones
    /// go. [`StoreError::Conflict`] when the client is not there.
    pub async fn insert_client_secret(
        &mut self,
        client_key: ClientKey,
        new: &NewClientSecret,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.delete_ended_client_secrets(client_key, now).await?;
        let secret = new.secret.columns();
        let inserted = sqlx::query!(
            "insert into client_secrets (tenant_id, client_key, credential_id, secret_digest, pepper_id,
                 secret_hash, created_at, expires_at)
             select $1, $2, $3, $4, $5, $6, $7, $8
             where (select count(*) from client_secrets where tenant_id = $1 and client_key = $2) < 2",
            self.tenant_id(),
            client_key.as_uuid(),
            new.credential_id.as_uuid(),
            secret.digest,
            secret.pepper_id,
            secret.hash,
            OffsetDateTime::from(now),
            new.expires_at.map(OffsetDateTime::from),
        );
        let is_inserted = answer!(self, inserted, execute)?.rows_affected() > 0;
        if is_inserted {
            self.note_change(ChangeKind::Client(client_key));
        }
        Ok(is_inserted)
    }

    /// Behind the client's row: two that add a secret at once count one another's.
    async fn delete_ended_client_secrets(
        &mut self,
        client_key: ClientKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locked = sqlx::query_scalar!(
            "select client_key from clients where tenant_id = $1 and client_key = $2
             for no key update",
            self.tenant_id(),
            client_key.as_uuid(),
        );
        answer!(self, locked, fetch_optional)?;
        let deleted = sqlx::query!(
            "delete from client_secrets where tenant_id = $1 and client_key = $2 and expires_at <= $3",
            self.tenant_id(),
            client_key.as_uuid(),
            OffsetDateTime::from(now),
        );
        answer!(self, deleted, execute)?;
        Ok(())
    }

    /// Whether the client had it and it lived: an ended one never lives again.
    pub async fn set_client_secret_expiry(
        &mut self,
        client_key: ClientKey,
        credential_id: CredentialId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query!(
            "update client_secrets set expires_at = $4
             where tenant_id = $1 and client_key = $2 and credential_id = $3
               and (expires_at is null or expires_at > $5)",
            self.tenant_id(),
            client_key.as_uuid(),
            credential_id.as_uuid(),
            OffsetDateTime::from(expires_at),
            OffsetDateTime::from(now),
        );
        let is_updated = answer!(self, updated, execute)?.rows_affected() > 0;
        if is_updated {
            self.note_change(ChangeKind::Client(client_key));
        }
        Ok(is_updated)
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
