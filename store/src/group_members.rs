//! Who is in which group. Those of one person are read with the person (`users`).

use protocol::{GroupName, Timestamp, UserId};
use time::OffsetDateTime;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

impl TenantScope {
    /// Whether they were not in it. [`StoreError::Conflict`] when there is no such person or no such group.
    pub async fn insert_group_member(
        &mut self,
        group: &GroupName,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let inserted = sqlx::query!(
            "insert into group_members (tenant_id, user_id, group_name, created_at) values ($1, $2, $3, $4)
             on conflict do nothing",
            self.tenant_id(),
            user_id.as_uuid(),
            group.as_str(),
            OffsetDateTime::from(now),
        );
        let is_new = answer!(self, inserted, execute)?.rows_affected() > 0;
        if is_new {
            self.note_change(ChangeKind::User(user_id));
        }
        Ok(is_new)
    }

    /// Whether they were in it.
    pub async fn delete_group_member(
        &mut self,
        group: &GroupName,
        user_id: UserId,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from group_members where tenant_id = $1 and user_id = $2 and group_name = $3",
            self.tenant_id(),
            user_id.as_uuid(),
            group.as_str(),
        );
        let is_deleted = answer!(self, deleted, execute)?.rows_affected() > 0;
        if is_deleted {
            self.note_change(ChangeKind::User(user_id));
        }
        Ok(is_deleted)
    }
}
