//! What resource servers introspect with.

use protocol::client::ClientKeys;
use protocol::{ClientId, CredentialId, ResourceId, Timestamp};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::ChangeKind;
use crate::client_keys::{key_columns, keys_from_columns};
use crate::error::StoreError;
use crate::secret_digest::{SecretColumns, StoredSecret};
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceCredential {
    pub credential_id: CredentialId,
    /// The only resource whose tokens it may ask about.
    pub resource_id: ResourceId,
    pub client_id: ClientId,
    /// None where it signs assertions instead.
    pub secret: Option<StoredSecret>,
    pub keys: ClientKeys,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewResourceCredential {
    pub credential_id: CredentialId,
    pub resource_id: ResourceId,
    pub client_id: ClientId,
    /// None where it signs assertions instead.
    pub secret: Option<StoredSecret>,
    pub keys: ClientKeys,
}

struct ResourceCredentialRow {
    credential_id: Uuid,
    resource_id: Uuid,
    client_id: String,
    secret_digest: Option<Vec<u8>>,
    pepper_id: Option<i16>,
    secret_hash: Option<String>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
    created_at: OffsetDateTime,
}

impl TryFrom<ResourceCredentialRow> for ResourceCredential {
    type Error = StoreError;

    fn try_from(row: ResourceCredentialRow) -> Result<Self, StoreError> {
        let digest = row.secret_digest.as_deref();
        Ok(Self {
            credential_id: CredentialId::from_uuid(row.credential_id),
            resource_id: ResourceId::from_uuid(row.resource_id),
            client_id: ClientId::parse(&row.client_id).map_err(StoreError::corrupt)?,
            secret: StoredSecret::from_optional_columns(digest, row.pepper_id, row.secret_hash)?,
            keys: keys_from_columns(row.jwks, row.jwks_uri)?,
            created_at: row.created_at.into(),
        })
    }
}

macro_rules! select_resource_credentials {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ResourceCredentialRow,
            "select credential_id, resource_id, client_id, secret_digest, pepper_id, secret_hash, \
             jwks, jwks_uri, created_at from resource_credentials "
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    /// [`StoreError::Conflict`] when the `client_id` is taken or the resource is not there.
    pub async fn insert_resource_credential(
        &mut self,
        new: &NewResourceCredential,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let secret = SecretColumns::of(new.secret.as_ref());
        let keys = key_columns(&new.keys);
        let inserted = sqlx::query!(
            "insert into resource_credentials (tenant_id, credential_id, resource_id, client_id,
                 secret_digest, pepper_id, secret_hash, created_at, jwks, jwks_uri)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            self.tenant_id(),
            new.credential_id.as_uuid(),
            new.resource_id.as_uuid(),
            new.client_id.as_str(),
            secret.digest,
            secret.pepper_id,
            secret.hash,
            OffsetDateTime::from(now),
            keys.jwks,
            keys.jwks_uri,
        );
        answer!(self, inserted, execute)?;
        self.note_change(ChangeKind::Resource);
        Ok(())
    }

    /// The credential that introspection was called with.
    pub async fn find_resource_credential(
        &mut self,
        client_id: &ClientId,
    ) -> Result<Option<ResourceCredential>, StoreError> {
        let row = select_resource_credentials!(
            "where tenant_id = $1 and client_id = $2",
            self.tenant_id(),
            client_id.as_str(),
        );
        answer!(self, row, fetch_optional)?
            .map(ResourceCredential::try_from)
            .transpose()
    }

    pub async fn list_resource_credentials(
        &mut self,
        resource_id: ResourceId,
        after: Option<CredentialId>,
        limit: u32,
    ) -> Result<Vec<ResourceCredential>, StoreError> {
        let rows = select_resource_credentials!(
            "where tenant_id = $1 and resource_id = $2 and credential_id > $3
             order by credential_id limit $4",
            self.tenant_id(),
            resource_id.as_uuid(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(ResourceCredential::try_from)
            .collect()
    }

    /// Whether the resource had it.
    pub async fn delete_resource_credential(
        &mut self,
        resource_id: ResourceId,
        credential_id: CredentialId,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from resource_credentials
             where tenant_id = $1 and resource_id = $2 and credential_id = $3",
            self.tenant_id(),
            resource_id.as_uuid(),
            credential_id.as_uuid(),
        );
        let is_deleted = answer!(self, deleted, execute)?.rows_affected() > 0;
        if is_deleted {
            self.note_change(ChangeKind::Resource);
        }
        Ok(is_deleted)
    }
}
