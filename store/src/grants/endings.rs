//! How grants end, and what their refresh tokens are at: what the timeline of a grant shows beside its events.

use protocol::token::RefreshFamily;
use protocol::{ClientKey, FamilyId, GrantId, Timestamp, UserId};
use time::OffsetDateTime;

use super::RevokedReason;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// That a grant was revoked, and what that did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantEnding {
    pub revoked_at: Timestamp,
    /// A word of [`RevokedReason`].
    pub reason: String,
    /// When the last access token that could name the grant has ended; none once that is over.
    pub lives_until: Option<Timestamp>,
}

impl TenantScope {
    pub async fn find_grant_ending(
        &mut self,
        grant_id: GrantId,
    ) -> Result<Option<GrantEnding>, StoreError> {
        let row = sqlx::query!(
            r#"select g.revoked_at as "revoked_at!", g.revoked_reason as "reason!", r.lives_until as "lives_until?"
               from grants g
               left join revocations r
                   on r.tenant_id = g.tenant_id and r.kind = 'grant' and r.revoked_id = g.grant_id
               where g.tenant_id = $1 and g.grant_id = $2 and g.revoked_at is not null"#,
            self.tenant_id(),
            grant_id.as_uuid(),
        );
        let row = answer!(self, row, fetch_optional)?;
        Ok(row.map(|row| GrantEnding {
            revoked_at: row.revoked_at.into(),
            reason: row.reason,
            lives_until: row.lives_until.map(Into::into),
        }))
    }

    /// The family of a grant's refresh tokens; none where the client uses none, or before the code is
    /// redeemed.
    pub async fn find_refresh_family_of_grant(
        &mut self,
        grant_id: GrantId,
    ) -> Result<Option<RefreshFamily>, StoreError> {
        let row = sqlx::query!(
            "select f.family_id, g.client_key, f.generation, f.rotated_at, f.created_at, f.idle_expires_at,
                 f.absolute_expires_at, f.security_epoch, f.dpop_jkt, f.revoked_at
             from refresh_families f
             join grants g on g.tenant_id = f.tenant_id and g.grant_id = f.grant_id
             where f.tenant_id = $1 and f.grant_id = $2",
            self.tenant_id(),
            grant_id.as_uuid(),
        );
        let Some(row) = answer!(self, row, fetch_optional)? else {
            return Ok(None);
        };
        let dpop_jkt = row
            .dpop_jkt
            .as_deref()
            .map(|text| text.parse().map_err(StoreError::corrupt));
        Ok(Some(RefreshFamily {
            family_id: FamilyId::from_uuid(row.family_id),
            grant_id,
            client_key: ClientKey::from_uuid(row.client_key),
            generation: u32::try_from(row.generation).map_err(StoreError::corrupt)?,
            rotated_at: row.rotated_at.map(Into::into),
            created_at: row.created_at.into(),
            idle_expires_at: row.idle_expires_at.into(),
            absolute_expires_at: row.absolute_expires_at.into(),
            security_epoch: row.security_epoch,
            dpop_jkt: dpop_jkt.transpose()?,
            revoked_at: row.revoked_at.map(Into::into),
        }))
    }

    /// Everything live that this person let this client do; says how many grants.
    pub async fn revoke_grants_of_consent(
        &mut self,
        user_id: UserId,
        client_key: ClientKey,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        let revoked = sqlx::query_scalar!(
            "update grants set revoked_at = $4, revoked_reason = $5
             where tenant_id = $1 and user_id = $2 and client_key = $3 and revoked_at is null
             returning grant_id",
            self.tenant_id(),
            user_id.as_uuid(),
            client_key.as_uuid(),
            OffsetDateTime::from(now),
            RevokedReason::ConsentWithdrawn.as_str(),
        );
        let revoked = answer!(self, revoked, fetch_all)?;
        self.end_what_descends_from(&revoked, now, until).await?;
        Ok(u64::try_from(revoked.len()).unwrap_or(u64::MAX))
    }
}
