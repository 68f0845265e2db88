//! Everything revoked that could still be presented: of all tenants, what a replica loads when it starts to
//! listen; of one, what its revocation feed says.

use protocol::{GrantId, TenantId, Timestamp, TokenId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub tenant_id: TenantId,
    pub revoked: RevokedThing,
    /// After this nothing that names it is valid anyway.
    pub until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokedThing {
    Grant(GrantId),
    AccessToken(TokenId),
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevocationCursor(TenantId, RevokedThing);

impl Revocation {
    pub const fn cursor(&self) -> RevocationCursor {
        RevocationCursor(self.tenant_id, self.revoked)
    }
}

impl RevokedThing {
    const fn columns(self) -> (&'static str, Uuid) {
        match self {
            Self::Grant(grant_id) => ("grant", grant_id.as_uuid()),
            Self::AccessToken(jti) => ("access_token", jti.as_uuid()),
        }
    }

    fn from_columns(kind: &str, id: Uuid) -> Result<Self, StoreError> {
        match kind {
            "grant" => Ok(Self::Grant(GrantId::from_uuid(id))),
            "access_token" => Ok(Self::AccessToken(TokenId::from_uuid(id))),
            _ => Err(StoreError::corrupt("revocations.kind")),
        }
    }
}

impl PlatformScope {
    /// One page of what is revoked and still matters at `now`.
    pub async fn list_revocations(
        &mut self,
        now: Timestamp,
        after: Option<RevocationCursor>,
        limit: u32,
    ) -> Result<Vec<Revocation>, StoreError> {
        let (tenant_id, (kind, id)) = after.map_or((Uuid::nil(), ("", Uuid::nil())), |cursor| {
            (cursor.0.as_uuid(), cursor.1.columns())
        });
        let rows = sqlx::query!(
            "select tenant_id, kind, revoked_id, lives_until from revocations
             where (tenant_id, kind, revoked_id) > ($1, $2, $3) and lives_until > $4
             order by tenant_id, kind, revoked_id limit $5",
            tenant_id,
            kind,
            id,
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let revocations = rows.into_iter().map(|row| {
            Ok(Revocation {
                tenant_id: TenantId::from_uuid(row.tenant_id),
                revoked: RevokedThing::from_columns(&row.kind, row.revoked_id)?,
                until: row.lives_until.into(),
            })
        });
        revocations.collect()
    }

    /// Removes what no longer matters at `now`; says how many rows. Less than `limit`: none is left.
    pub async fn sweep_revocations(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from revocations where ctid = any (array(
                 select ctid from revocations
                 where lives_until <= $1 order by lives_until limit $2 for update skip locked))",
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}

impl TenantScope {
    /// What is revoked in this tenant and still matters at `now`, what matters longest first: what its
    /// revocation feed says.
    pub async fn list_revocations_of_tenant(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Revocation>, StoreError> {
        let rows = sqlx::query!(
            "select kind, revoked_id, lives_until from revocations
             where tenant_id = $1 and lives_until > $2
             order by lives_until desc, kind desc, revoked_id desc limit $3",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        let tenant_id = self.tenant().id();
        let rows = answer!(self, rows, fetch_all)?;
        let revocations = rows.into_iter().map(|row| {
            Ok(Revocation {
                tenant_id,
                revoked: RevokedThing::from_columns(&row.kind, row.revoked_id)?,
                until: row.lives_until.into(),
            })
        });
        revocations.collect()
    }
}
