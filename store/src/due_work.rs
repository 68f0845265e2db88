//! What must be done later, and for which tenant: how jobs find their work without walking tenants.

use protocol::{TenantId, Timestamp};
use time::OffsetDateTime;

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::{TenantScope, answer};

/// How to add one more: CONTRIBUTING.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DueWorkKind {
    /// Remove what has expired.
    Sweep,
    /// Remove used DPoP proofs, which come in numbers and are over in minutes.
    SweepDpopProofIds,
    /// Delete a tenant whose time of grace is over.
    DeleteTenant,
    /// Remove the rows of a deleted tenant, batch by batch.
    DeleteTenantRows,
    /// Tell clients of sessions that have ended.
    LogoutNotices,
    /// Take the next step of a tenant's signing keys.
    SigningKeys,
    /// Tell webhooks what happened.
    WebhookDeliveries,
    /// Take the data of people who were erased out of the audit.
    AuditErasures,
}

impl DueWorkKind {
    /// In the order in which a round takes them.
    pub const ALL: [Self; 8] = [
        Self::Sweep,
        Self::SweepDpopProofIds,
        Self::DeleteTenant,
        Self::DeleteTenantRows,
        Self::SigningKeys,
        Self::LogoutNotices,
        Self::WebhookDeliveries,
        Self::AuditErasures,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::SweepDpopProofIds => "sweep_dpop_proof_ids",
            Self::DeleteTenant => "delete_tenant",
            Self::DeleteTenantRows => "delete_tenant_rows",
            Self::LogoutNotices => "logout_notices",
            Self::SigningKeys => "signing_keys",
            Self::WebhookDeliveries => "webhook_deliveries",
            Self::AuditErasures => "audit_erasures",
        }
    }
}

/// A piece of work that was claimed: nobody else gets it before the lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueWork {
    pub tenant_id: TenantId,
    pub kind: DueWorkKind,
    /// How often it was claimed before.
    pub attempts: u32,
}

impl TenantScope {
    /// Done again at `due_at`, however often it was asked for before.
    pub async fn insert_due_work(
        &mut self,
        kind: DueWorkKind,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into due_work (tenant_id, kind, due_at, created_at) values ($1, $2, $3, $4)
             on conflict (tenant_id, kind) do update set due_at = excluded.due_at, attempts = 0",
            self.tenant_id(),
            kind.as_str(),
            OffsetDateTime::from(due_at),
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    /// It is done. In the transaction that did it.
    pub async fn finish_due_work(&mut self, kind: DueWorkKind) -> Result<(), StoreError> {
        let finished = sqlx::query!(
            "delete from due_work where tenant_id = $1 and kind = $2",
            self.tenant_id(),
            kind.as_str(),
        );
        answer!(self, finished, execute)?;
        Ok(())
    }
}

impl PlatformScope {
    /// In the transaction that makes or deletes the tenant.
    pub(crate) async fn insert_due_work(
        &mut self,
        tenant_id: TenantId,
        kind: DueWorkKind,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into due_work (tenant_id, kind, due_at, created_at) values ($1, $2, $3, $4)
             on conflict (tenant_id, kind) do update set due_at = excluded.due_at, attempts = 0",
            tenant_id.as_uuid(),
            kind.as_str(),
            OffsetDateTime::from(due_at),
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    /// It is not to be done any more.
    pub(crate) async fn delete_due_work(
        &mut self,
        tenant_id: TenantId,
        kind: DueWorkKind,
    ) -> Result<(), StoreError> {
        let deleted = sqlx::query!(
            "delete from due_work where tenant_id = $1 and kind = $2",
            tenant_id.as_uuid(),
            kind.as_str(),
        );
        answer!(self, deleted, execute)?;
        Ok(())
    }

    /// Takes work that is due, oldest first, and leases it until `lease_until`: a worker that dies
    /// leaves it to be claimed again. Replicas that claim at once get different pieces.
    pub async fn claim_due_work(
        &mut self,
        kind: DueWorkKind,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueWork>, StoreError> {
        let claimed = sqlx::query!(
            "update due_work set due_at = $3, attempts = attempts + 1
             where ctid = any (array(
                 select ctid from due_work where kind = $1 and due_at <= $2
                 order by due_at limit $4 for update skip locked))
             returning tenant_id, attempts",
            kind.as_str(),
            OffsetDateTime::from(now),
            OffsetDateTime::from(lease_until),
            i64::from(limit),
        );
        let rows = answer!(self, claimed, fetch_all)?;
        let works = rows.into_iter().map(|row| DueWork {
            tenant_id: TenantId::from_uuid(row.tenant_id),
            kind,
            attempts: u32::try_from(row.attempts - 1).unwrap_or(0),
        });
        Ok(works.collect())
    }
}
