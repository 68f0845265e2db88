//! Keys of the admin API.

use protocol::{AdminKeyId, TenantId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::{Change, ChangeKind};
use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::secret_digest::{SecretDigest, digest_array};
use crate::tenant_scope::answer;
use crate::tenants::Tenant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminAccess {
    Read,
    Write,
}

impl AdminAccess {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Read, Self::Write]
            .into_iter()
            .find(|access| access.as_str() == text)
    }
}

/// A key as it is shown and judged; its digest stays here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminKey {
    pub admin_key_id: AdminKeyId,
    /// The only tenant it may manage; `None` for every one.
    pub tenant_id: Option<TenantId>,
    pub name: String,
    pub access: AdminAccess,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// A hint, up to a minute old.
    pub last_used_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct NewAdminKey {
    pub admin_key_id: AdminKeyId,
    /// `None` for the platform's.
    pub tenant: Option<Tenant>,
    pub name: String,
    pub digest: SecretDigest,
    pub access: AdminAccess,
    pub expires_at: Option<Timestamp>,
}

struct AdminKeyRow {
    admin_key_id: Uuid,
    tenant_id: Option<Uuid>,
    name: String,
    access: String,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
    last_used_at: Option<OffsetDateTime>,
}

impl TryFrom<AdminKeyRow> for AdminKey {
    type Error = StoreError;

    fn try_from(row: AdminKeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            admin_key_id: AdminKeyId::from_uuid(row.admin_key_id),
            tenant_id: row.tenant_id.map(TenantId::from_uuid),
            name: row.name,
            access: AdminAccess::parse(&row.access)
                .ok_or_else(|| StoreError::corrupt("admin_keys.access"))?,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.map(Into::into),
            revoked_at: row.revoked_at.map(Into::into),
            last_used_at: row.last_used_at.map(Into::into),
        })
    }
}

macro_rules! select_admin_keys {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            AdminKeyRow,
            "select admin_key_id, tenant_id, name, access, created_at, expires_at, revoked_at, \
             last_used_at from admin_keys "
                + $rest
            $(, $argument)*
        )
    };
}

impl PlatformScope {
    pub async fn insert_admin_key(
        &mut self,
        new: &NewAdminKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into admin_keys (admin_key_id, tenant_id, name, key_digest, pepper_id, access,
                 created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            new.admin_key_id.as_uuid(),
            new.tenant.as_ref().map(|tenant| tenant.id().as_uuid()),
            new.name,
            &new.digest.bytes,
            new.digest.pepper_id,
            new.access.as_str(),
            OffsetDateTime::from(now),
            new.expires_at.map(OffsetDateTime::from),
        );
        answer!(self, inserted, execute)?;
        self.note_change(Change::of_platform(ChangeKind::AdminKey));
        Ok(())
    }

    /// Under any pepper; revoked and expired ones too, so that the log can tell them apart.
    pub async fn find_admin_key(
        &mut self,
        digests: &[SecretDigest],
    ) -> Result<Option<AdminKey>, StoreError> {
        let digests = digest_array(digests);
        let row = select_admin_keys!("where key_digest = any($1)", &digests);
        answer!(self, row, fetch_optional)?
            .map(AdminKey::try_from)
            .transpose()
    }

    /// Every key, in the order in which they were made.
    pub async fn list_admin_keys(
        &mut self,
        after: Option<AdminKeyId>,
        limit: u32,
    ) -> Result<Vec<AdminKey>, StoreError> {
        let after = after.map_or(Uuid::nil(), |id| id.as_uuid());
        let rows = select_admin_keys!(
            "where admin_key_id > $1 order by admin_key_id limit $2",
            after,
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(AdminKey::try_from)
            .collect()
    }

    /// The key as it is now; `None` when it was not in force.
    pub async fn revoke_admin_key(
        &mut self,
        admin_key_id: AdminKeyId,
        now: Timestamp,
    ) -> Result<Option<AdminKey>, StoreError> {
        let revoked = sqlx::query_as!(
            AdminKeyRow,
            "update admin_keys set revoked_at = $2 where admin_key_id = $1 and revoked_at is null
             returning admin_key_id, tenant_id, name, access, created_at, expires_at, revoked_at,
                 last_used_at",
            admin_key_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        let revoked = answer!(self, revoked, fetch_optional)?
            .map(AdminKey::try_from)
            .transpose()?;
        if revoked.is_some() {
            self.note_change(Change::of_platform(ChangeKind::AdminKey));
        }
        Ok(revoked)
    }

    /// In batches: row N9 asks for no write per call.
    pub async fn record_admin_key_use(
        &mut self,
        admin_key_ids: &[AdminKeyId],
        used_at: Timestamp,
    ) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = admin_key_ids.iter().map(AdminKeyId::as_uuid).collect();
        let recorded = sqlx::query!(
            "update admin_keys set last_used_at = $2
             where admin_key_id = any($1) and (last_used_at is null or last_used_at < $2)",
            &ids,
            OffsetDateTime::from(used_at),
        );
        answer!(self, recorded, execute)?;
        Ok(())
    }

    pub(crate) async fn revoke_admin_keys_of_tenant(
        &mut self,
        tenant_id: TenantId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let revoked = sqlx::query!(
            "update admin_keys set revoked_at = coalesce(revoked_at, $2) where tenant_id = $1",
            tenant_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        if answer!(self, revoked, execute)?.rows_affected() > 0 {
            self.note_change(Change::of_platform(ChangeKind::AdminKey));
        }
        Ok(())
    }

    /// Removes up to `limit` keys that ended before `first_kept`, whichever way; says how many. Until then the
    /// audit names them.
    pub async fn sweep_admin_keys(
        &mut self,
        first_kept: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from admin_keys where admin_key_id = any (array(
                 select admin_key_id from admin_keys where least(expires_at, revoked_at) < $1
                 order by least(expires_at, revoked_at) limit $2 for update skip locked))",
            OffsetDateTime::from(first_kept),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}
