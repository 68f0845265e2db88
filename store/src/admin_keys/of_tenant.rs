//! A tenant's own keys, reached in its scope: its administrators see no others.

use protocol::{AdminKeyId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{AdminKey, NewAdminKey, access_of, admin_keys};
use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

impl TenantScope {
    /// It is this tenant's, whatever tenant it names.
    pub async fn insert_admin_key(
        &mut self,
        new: &NewAdminKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into admin_keys (tenant_id, admin_key_id, name, key_digest, pepper_id, access, scopes,
                 rotated_from, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            self.tenant_id(),
            new.admin_key_id.as_uuid(),
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
        self.note_change(ChangeKind::AdminKey);
        Ok(())
    }

    /// Revoked and expired ones too.
    pub async fn find_admin_key_by_id(
        &mut self,
        admin_key_id: AdminKeyId,
    ) -> Result<Option<AdminKey>, StoreError> {
        let row = select_admin_keys!(
            "where tenant_id = $1 and admin_key_id = $2",
            self.tenant_id(),
            admin_key_id.as_uuid(),
        );
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
            "where tenant_id = $1 and admin_key_id = $2 for no key update",
            self.tenant_id(),
            admin_key_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(AdminKey::try_from)
            .transpose()
    }

    /// In the order in which they were made.
    pub async fn list_admin_keys(
        &mut self,
        after: Option<AdminKeyId>,
        limit: u32,
    ) -> Result<Vec<AdminKey>, StoreError> {
        let rows = select_admin_keys!(
            "where tenant_id = $1 and admin_key_id > $2 order by admin_key_id limit $3",
            self.tenant_id(),
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
            "update admin_keys set name = $3 where tenant_id = $1 and admin_key_id = $2",
            self.tenant_id(),
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
            "update admin_keys set expires_at = least(expires_at, $3)
             where tenant_id = $1 and admin_key_id = $2 and revoked_at is null",
            self.tenant_id(),
            admin_key_id.as_uuid(),
            OffsetDateTime::from(ends_at),
        );
        let rows = answer!(self, shortened, execute)?.rows_affected();
        Ok(self.note_admin_key_if_touched(rows))
    }

    /// Whether it was not revoked before.
    pub async fn revoke_admin_key(
        &mut self,
        admin_key_id: AdminKeyId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = sqlx::query!(
            "update admin_keys set revoked_at = $3
             where tenant_id = $1 and admin_key_id = $2 and revoked_at is null",
            self.tenant_id(),
            admin_key_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        let rows = answer!(self, revoked, execute)?.rows_affected();
        Ok(self.note_admin_key_if_touched(rows))
    }

    fn note_admin_key_if_touched(&mut self, rows: u64) -> bool {
        if rows > 0 {
            self.note_change(ChangeKind::AdminKey);
        }
        rows > 0
    }
}
