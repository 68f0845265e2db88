//! What only clients have that registered themselves or came by their documents.

use protocol::ClientKey;

use crate::error::StoreError;
use crate::secret_digest::SecretDigest;
use crate::tenant_scope::{TenantScope, answer};

impl TenantScope {
    /// Whether it was there. In place of the one it had. Nobody is told: the token is read under the
    /// row's lock, never from memory.
    pub async fn set_client_registration_token(
        &mut self,
        client_key: ClientKey,
        token: &SecretDigest,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query!(
            "update clients set registration_token_digest = $3, registration_token_pepper_id = $4
             where tenant_id = $1 and client_key = $2",
            self.tenant_id(),
            client_key.as_uuid(),
            &token.bytes,
            token.pepper_id,
        );
        Ok(answer!(self, updated, execute)?.rows_affected() > 0)
    }

    /// How many registered themselves, counted no further than `limit`: a quota asks no more.
    pub async fn count_registered_clients(&mut self, limit: u32) -> Result<u32, StoreError> {
        let counted = sqlx::query_scalar!(
            r#"select count(*) as "count!" from (
                   select from clients where tenant_id = $1 and origin = 'registered'
                   order by created_at limit $2) as counted"#,
            self.tenant_id(),
            i64::from(limit),
        );
        let count = answer!(self, counted, fetch_one)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// How many came by their documents, counted no further than `limit`.
    pub async fn count_document_clients(&mut self, limit: u32) -> Result<u32, StoreError> {
        let counted = sqlx::query_scalar!(
            r#"select count(*) as "count!" from (
                   select from clients where tenant_id = $1 and origin = 'document'
                   order by client_key limit $2) as counted"#,
            self.tenant_id(),
            i64::from(limit),
        );
        let count = answer!(self, counted, fetch_one)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
