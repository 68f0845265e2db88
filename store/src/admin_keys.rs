//! Keys of the admin API. The platform sees all of them; a tenant its own (`of_tenant`).

macro_rules! select_admin_keys {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::admin_keys::AdminKeyRow,
            "select admin_key_id, tenant_id, name, access, scopes, rotated_from, created_at, expires_at, \
             revoked_at, last_used_at from admin_keys "
                + $rest
            $(, $argument)*
        )
    };
}

mod of_tenant;

use protocol::{AdminKeyId, AdminRole, AdminScopes, TenantId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::{Change, ChangeKind};
use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::secret_digest::{SecretDigest, digest_array};
use crate::tenant_scope::answer;
use crate::tenants::Tenant;

/// A key as it is shown and judged; its digest stays here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminKey {
    pub admin_key_id: AdminKeyId,
    /// The only tenant it may manage; `None` for every one.
    pub tenant_id: Option<TenantId>,
    pub name: String,
    pub scopes: AdminScopes,
    /// The key that it took the place of.
    pub rotated_from: Option<AdminKeyId>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// A hint, some minutes old.
    pub last_used_at: Option<Timestamp>,
}

impl AdminKey {
    /// Neither revoked nor at its end.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

#[derive(Clone, Debug)]
pub struct NewAdminKey {
    pub admin_key_id: AdminKeyId,
    /// `None` for the platform's.
    pub tenant: Option<Tenant>,
    pub name: String,
    pub digest: SecretDigest,
    pub scopes: AdminScopes,
    pub rotated_from: Option<AdminKeyId>,
    pub expires_at: Option<Timestamp>,
}

impl NewAdminKey {
    /// As it will be listed.
    pub fn as_of(&self, now: Timestamp) -> AdminKey {
        AdminKey {
            admin_key_id: self.admin_key_id,
            tenant_id: self.tenant.as_ref().map(Tenant::id),
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            rotated_from: self.rotated_from,
            created_at: now,
            expires_at: self.expires_at,
            revoked_at: None,
            last_used_at: None,
        }
    }
}

pub(crate) struct AdminKeyRow {
    admin_key_id: Uuid,
    tenant_id: Option<Uuid>,
    name: String,
    access: String,
    scopes: Option<Vec<String>>,
    rotated_from: Option<Uuid>,
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
            scopes: scopes_of(&row.access, row.scopes.as_deref())?,
            name: row.name,
            rotated_from: row.rotated_from.map(AdminKeyId::from_uuid),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.map(Into::into),
            revoked_at: row.revoked_at.map(Into::into),
            last_used_at: row.last_used_at.map(Into::into),
        })
    }
}

/// A word that this version does not know makes the key unreadable: a later version may have meant less by the
/// others than this one would.
fn scopes_of(access: &str, scopes: Option<&[String]>) -> Result<AdminScopes, StoreError> {
    match (scopes, access) {
        (Some(scopes), _) => AdminScopes::parse(scopes.iter().map(String::as_str))
            .map_err(|error| StoreError::corrupt(format!("admin_keys.scopes: {error}"))),
        // The version before made it.
        (None, "write") => Ok(AdminRole::Administrator.scopes()),
        (None, "read") => Ok(AdminRole::Auditor.scopes()),
        (None, _) => Err(StoreError::corrupt("admin_keys.access")),
    }
}

/// What the version before understands of it, or a word that it refuses.
pub(crate) fn access_of(scopes: &AdminScopes) -> &'static str {
    if *scopes == AdminRole::Administrator.scopes() {
        "write"
    } else if *scopes == AdminRole::Auditor.scopes() {
        "read"
    } else {
        "scoped"
    }
}

pub(crate) fn admin_keys(rows: Vec<AdminKeyRow>) -> Result<Vec<AdminKey>, StoreError> {
    rows.into_iter().map(AdminKey::try_from).collect()
}

impl PlatformScope {
    pub async fn insert_admin_key(
        &mut self,
        new: &NewAdminKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into admin_keys (admin_key_id, tenant_id, name, key_digest, pepper_id, access, scopes,
                 rotated_from, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            new.admin_key_id.as_uuid(),
            new.tenant.as_ref().map(|tenant| tenant.id().as_uuid()),
            new.name,
            &new.digest.bytes,
            new.digest.pepper_id,
            access_of(&new.scopes),
            &new.scopes.to_texts(),
            new.rotated_from.map(|id| id.as_uuid()),
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

    /// Revoked and expired ones too.
    pub async fn find_admin_key_by_id(
        &mut self,
        admin_key_id: AdminKeyId,
    ) -> Result<Option<AdminKey>, StoreError> {
        let row = select_admin_keys!("where admin_key_id = $1", admin_key_id.as_uuid());
        answer!(self, row, fetch_optional)?
            .map(AdminKey::try_from)
            .transpose()
    }

    /// The row is ours until the transaction ends: for a change that depends on what was there.
    pub async fn find_admin_key_for_update(
        &mut self,
        admin_key_id: AdminKeyId,
    ) -> Result<Option<AdminKey>, StoreError> {
        let row = select_admin_keys!(
            "where admin_key_id = $1 for no key update",
            admin_key_id.as_uuid()
        );
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
        admin_keys(answer!(self, rows, fetch_all)?)
    }

    /// The keys of one tenant, for the platform.
    pub async fn list_admin_keys_of_tenant(
        &mut self,
        tenant: &Tenant,
        after: Option<AdminKeyId>,
        limit: u32,
    ) -> Result<Vec<AdminKey>, StoreError> {
        let rows = select_admin_keys!(
            "where tenant_id = $1 and admin_key_id > $2 order by admin_key_id limit $3",
            tenant.id().as_uuid(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        admin_keys(answer!(self, rows, fetch_all)?)
    }

    /// Whether it was there.
    pub async fn rename_admin_key(
        &mut self,
        admin_key_id: AdminKeyId,
        name: &str,
    ) -> Result<bool, StoreError> {
        let renamed = sqlx::query!(
            "update admin_keys set name = $2 where admin_key_id = $1",
            admin_key_id.as_uuid(),
            name,
        );
        Ok(answer!(self, renamed, execute)?.rows_affected() > 0)
    }

    /// It ends at this moment, unless it ends before. Whether it was in force.
    pub async fn shorten_admin_key(
        &mut self,
        admin_key_id: AdminKeyId,
        ends_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let shortened = sqlx::query!(
            "update admin_keys set expires_at = least(expires_at, $2)
             where admin_key_id = $1 and revoked_at is null",
            admin_key_id.as_uuid(),
            OffsetDateTime::from(ends_at),
        );
        let is_shortened = answer!(self, shortened, execute)?.rows_affected() > 0;
        if is_shortened {
            self.note_change(Change::of_platform(ChangeKind::AdminKey));
        }
        Ok(is_shortened)
    }

    /// Whether it was not revoked before.
    pub async fn revoke_admin_key(
        &mut self,
        admin_key_id: AdminKeyId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = sqlx::query!(
            "update admin_keys set revoked_at = $2 where admin_key_id = $1 and revoked_at is null",
            admin_key_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        let is_revoked = answer!(self, revoked, execute)?.rows_affected() > 0;
        if is_revoked {
            self.note_change(Change::of_platform(ChangeKind::AdminKey));
        }
        Ok(is_revoked)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_version_before_reads_as_it_did_and_an_unknown_word_is_no_scope() {
        let of = |access: &str| scopes_of(access, None).unwrap();
        assert_eq!(of("write").to_string(), "*:write");
        assert_eq!(of("read").to_string(), "*:read");
        assert!(scopes_of("scoped", None).is_err());
        let some = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            scopes_of("scoped", Some(&words))
        };
        assert_eq!(
            some(&["clients:write"]).unwrap().to_string(),
            "clients:write"
        );
        assert!(some(&["clients:write", "planets:read"]).is_err());
        for scopes in ["*:write", "*:read", "clients:write"] {
            let scopes = AdminScopes::parse([scopes]).unwrap();
            let known = scopes_of(access_of(&scopes), None);
            assert!(known.is_err() || known.unwrap() == scopes);
        }
    }
}
