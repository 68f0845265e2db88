//! DPoP proofs that were used: each counts once, at whichever replica and endpoint it comes.

use protocol::{JwkThumbprint, Timestamp};
use time::OffsetDateTime;

use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

impl TenantScope {
    /// False when a proof by this key was used before under this `jti`. `expires_at`: when the proof is
    /// refused for its age alone. Two that come at once wait for one another: where the first one's
    /// transaction commits, the second is told so, and where it does not, the second is the first.
    pub async fn insert_dpop_proof_id(
        &mut self,
        key: &JwkThumbprint,
        jti: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // A thumbprint has one length, so the two are told apart.
        let name = [key.as_str(), jti].concat();
        // One that has ended may not be swept yet; its name is free again.
        let inserted = sqlx::query!(
            "insert into dpop_proof_ids (tenant_id, proof_digest, expires_at)
             values ($1, sha256($2), $3)
             on conflict (tenant_id, proof_digest) do update
             set expires_at = excluded.expires_at
             where dpop_proof_ids.expires_at <= $4",
            self.tenant_id(),
            name.as_bytes(),
            OffsetDateTime::from(expires_at),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, inserted, execute)?.rows_affected() > 0)
    }
}
