//! Single access tokens that were revoked, and the question whether one is dead.

use protocol::{GrantId, Timestamp, TokenId};
use time::OffsetDateTime;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

impl TenantScope {
    /// Whether it was not revoked before. `until`: when it ends anyway.
    pub async fn revoke_access_token(
        &mut self,
        jti: TokenId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = sqlx::query!(
            "insert into revocations (tenant_id, kind, revoked_id, revoked_at, lives_until)
             values ($1, 'access_token', $2, $3, $4) on conflict do nothing",
            self.tenant_id(),
            jti.as_uuid(),
            OffsetDateTime::from(now),
            OffsetDateTime::from(until),
        );
        let is_revoked = answer!(self, revoked, execute)?.rows_affected() > 0;
        if is_revoked {
            self.note_change(ChangeKind::AccessTokenRevoked { jti, until });
        }
        Ok(is_revoked)
    }

    /// For the moments in which what is in memory cannot be trusted: the token itself, or the grant
    /// that it descends from.
    pub async fn is_access_token_revoked(
        &mut self,
        jti: TokenId,
        grant_id: Option<GrantId>,
    ) -> Result<bool, StoreError> {
        let is_revoked = sqlx::query_scalar!(
            r#"select exists (select from revocations
                              where tenant_id = $1 and kind = 'access_token' and revoked_id = $2)
                   or exists (select from revocations
                              where tenant_id = $1 and kind = 'grant' and revoked_id = $3) as "is_revoked!""#,
            self.tenant_id(),
            jti.as_uuid(),
            grant_id.map(|id| id.as_uuid()),
        );
        answer!(self, is_revoked, fetch_one)
    }
}
