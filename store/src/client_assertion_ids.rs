//! Assertions that were used: each counts once, at whichever replica and endpoint it comes.

use protocol::{ClientId, Timestamp};
use time::OffsetDateTime;

use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

impl TenantScope {
    /// False when the client used this `jti` before. `expires_at`: when the assertion is refused for
    /// its age alone. Two that come at once wait for one another, and one of them is told so.
    pub async fn insert_client_assertion_id(
        &mut self,
        client_id: &ClientId,
        jti: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // One that has ended may not be swept yet; its name is free again.
        let inserted = sqlx::query!(
            "insert into client_assertion_ids (tenant_id, client_id_digest, jti_digest, expires_at)
             values ($1, sha256($2), sha256($3), $4)
             on conflict (tenant_id, client_id_digest, jti_digest) do update
             set expires_at = excluded.expires_at
             where client_assertion_ids.expires_at <= $5",
            self.tenant_id(),
            client_id.as_str().as_bytes(),
            jti.as_bytes(),
            OffsetDateTime::from(expires_at),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, inserted, execute)?.rows_affected() > 0)
    }
}
