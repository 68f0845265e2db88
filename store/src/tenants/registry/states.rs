//! How a tenant stops and goes on: suspended and resumed, to be deleted and taken back, deleted.

use protocol::{TenantId, Timestamp};
use time::OffsetDateTime;

use super::super::{Tenant, TenantState};
use crate::changes::{Change, ChangeKind};
use crate::due_work::DueWorkKind;
use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::answer;

impl PlatformScope {
    /// Whether it was active.
    pub async fn suspend_tenant(
        &mut self,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.move_tenant(tenant, &["active"], TenantState::Suspended, now)
            .await
    }

    /// Whether it was suspended, and not to be deleted.
    pub async fn resume_tenant(
        &mut self,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.move_tenant(tenant, &["suspended"], TenantState::Active, now)
            .await
    }

    /// From now on it serves nothing, and a job deletes it after this moment, or after another one when this is said
    /// again. Whether it was there.
    pub async fn schedule_tenant_deletion(
        &mut self,
        tenant: &Tenant,
        deleted_after: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let scheduled = sqlx::query!(
            "update tenants
             set state_before_deletion = coalesce(state_before_deletion, state), state = 'suspended',
                 deleted_after = $2, updated_at = $3
             where tenant_id = $1 and state <> 'deleted'",
            tenant.id().as_uuid(),
            OffsetDateTime::from(deleted_after),
            OffsetDateTime::from(now),
        );
        if answer!(self, scheduled, execute)?.rows_affected() == 0 {
            return Ok(false);
        }
        self.insert_due_work(tenant.id(), DueWorkKind::DeleteTenant, deleted_after, now)
            .await?;
        self.note_change(Change::of_tenant(tenant.id(), ChangeKind::Tenant));
        Ok(true)
    }

    /// It is what it was before. Whether it was to be deleted, and has not been yet.
    pub async fn restore_tenant(
        &mut self,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let restored = sqlx::query!(
            "update tenants
             set state = state_before_deletion, state_before_deletion = null, deleted_after = null, updated_at = $2
             where tenant_id = $1 and state <> 'deleted' and deleted_after is not null",
            tenant.id().as_uuid(),
            OffsetDateTime::from(now),
        );
        if answer!(self, restored, execute)?.rows_affected() == 0 {
            return Ok(false);
        }
        self.delete_due_work(tenant.id(), DueWorkKind::DeleteTenant)
            .await?;
        self.note_change(Change::of_tenant(tenant.id(), ChangeKind::Tenant));
        Ok(true)
    }

    /// For the job: the tenant as it was, if its time is over; it is deleted then. One that was taken back meanwhile,
    /// or may stay longer, is left alone: whoever did that has seen to when the job comes again.
    pub async fn delete_tenant_after_grace(
        &mut self,
        tenant_id: TenantId,
        now: Timestamp,
    ) -> Result<Option<Tenant>, StoreError> {
        // The row is ours: nobody takes it back between the look and the deed.
        let Some(tenant) = self.find_tenant_for_update(tenant_id).await? else {
            return Ok(None);
        };
        match tenant.deleted_after() {
            Some(deleted_after) if deleted_after <= now => {}
            Some(_) => return Ok(None),
            None => {
                self.delete_due_work(tenant_id, DueWorkKind::DeleteTenant)
                    .await?;
                return Ok(None);
            }
        }
        let is_deleted = self.delete_tenant(&tenant, now).await?;
        Ok(is_deleted.then_some(tenant))
    }

    /// Whether it was there. A job removes what is the tenant's; its own row stays, so that slug and
    /// issuer are never given out again. Its admin keys and memberships end with it.
    pub async fn delete_tenant(
        &mut self,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "update tenants
             set state = 'deleted', deleted_at = $2, updated_at = $2, deleted_after = null,
                 state_before_deletion = null
             where tenant_id = $1 and state <> 'deleted'",
            tenant.id().as_uuid(),
            OffsetDateTime::from(now),
        );
        if answer!(self, deleted, execute)?.rows_affected() == 0 {
            return Ok(false);
        }
        self.note_change(Change::of_tenant(tenant.id(), ChangeKind::Tenant));
        self.revoke_admin_keys_of_tenant(tenant.id(), now).await?;
        self.delete_memberships_of_tenant(tenant.id()).await?;
        self.delete_due_work(tenant.id(), DueWorkKind::DeleteTenant)
            .await?;
        self.insert_due_work(tenant.id(), DueWorkKind::DeleteTenantRows, now, now)
            .await?;
        Ok(true)
    }

    async fn move_tenant(
        &mut self,
        tenant: &Tenant,
        from: &[&str],
        to: TenantState,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let from: Vec<String> = from.iter().map(|state| (*state).to_owned()).collect();
        let moved = sqlx::query!(
            "update tenants set state = $3, updated_at = $4
             where tenant_id = $1 and state = any($2) and deleted_after is null",
            tenant.id().as_uuid(),
            &from,
            to.as_str(),
            OffsetDateTime::from(now),
        );
        let is_moved = answer!(self, moved, execute)?.rows_affected() > 0;
        if is_moved {
            self.note_change(Change::of_tenant(tenant.id(), ChangeKind::Tenant));
        }
        Ok(is_moved)
    }
}
