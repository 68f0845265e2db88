//! The system tenant: the one whose users administer the installation.

use sqlx::types::Json;

use super::{SoftwareStatementIssuer, Tenant, TenantRow};
use crate::changes::{Change, ChangeKind};
use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::answer;

impl PlatformScope {
    /// Whoever else makes it waits until this transaction ends.
    pub async fn wait_for_system_tenant(&mut self) -> Result<(), StoreError> {
        let lock =
            sqlx::query!("select pg_advisory_xact_lock(hashtextextended('system tenant', 0))");
        answer!(self, lock, fetch_one)?;
        Ok(())
    }

    pub async fn find_system_tenant(&mut self) -> Result<Option<Tenant>, StoreError> {
        let row = select_tenants!("where is_system");
        answer!(self, row, fetch_optional)?
            .map(Tenant::try_from)
            .transpose()
    }

    /// In the transaction that made it: a tenant that others administer already never becomes this one.
    /// [`StoreError::Conflict`] (`tenants_one_is_system`) when there is one.
    pub async fn mark_system_tenant(&mut self, tenant: &Tenant) -> Result<Tenant, StoreError> {
        let marked = sqlx::query!(
            "update tenants set is_system = true where tenant_id = $1",
            tenant.id().as_uuid()
        );
        answer!(self, marked, execute)?;
        self.note_change(Change::of_tenant(tenant.id(), ChangeKind::Tenant));
        let marked = self.find_tenant(tenant.id()).await?;
        marked.ok_or_else(|| StoreError::corrupt("a tenant that was just marked"))
    }
}
