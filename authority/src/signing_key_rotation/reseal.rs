//! Sealing private keys anew, under the first key-encryption key of the list: after one was put in front,
//! and before an old one is taken away.
//!
//! Only rows under another key are touched, a tenant at a time in a short transaction, each guarded by
//! what it was sealed under: safe beside running servers, and safe to stop and run again.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::ids::TenantId;
use store::{SealedKeyName, SigningKeyRecord, StoreError, Tenant, TenantState};

use super::ActedBy;
use crate::Authority;
use crate::audit::EventType;
use crate::key_ring::{KeyRingError, from_row};

const PAGE: u32 = 200;

/// What it came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResealReport {
    /// The key-encryption key that everything is sealed under now.
    pub kek_id: String,
    pub resealed: u64,
    /// Of how many tenants.
    pub tenants: u64,
    /// Still under other keys, of all tenants: run it again, or see `failed`.
    pub left: u64,
    pub failed: Vec<FailedReseal>,
}

/// A key that could not be opened, and so not be sealed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedReseal {
    /// The tenant's slug.
    pub tenant: String,
    pub kid: String,
    pub kek_id: String,
    pub reason: String,
}

impl Authority {
    /// Of one tenant or of all, and about so many keys at most.
    pub async fn reseal_signing_keys(
        &self,
        only: Option<&Tenant>,
        by: impl Into<ActedBy>,
        limit: u32,
    ) -> Result<ResealReport, KeyRingError> {
        let by = by.into();
        let mut report = ResealReport {
            kek_id: self.key_ring().key_encryption().kek_id().to_owned(),
            ..ResealReport::default()
        };
        match only {
            Some(tenant) => self.reseal_tenant(tenant, &by, &mut report).await?,
            None => {
                for kek_id in self.list_other_kek_ids(&report.kek_id).await? {
                    self.reseal_from(&kek_id, &by, limit, &mut report).await?;
                }
            }
        }
        report.left = self.count_left(&report.kek_id).await?;
        Ok(report)
    }

    async fn list_other_kek_ids(&self, own: &str) -> Result<Vec<String>, StoreError> {
        let mut platform = self.database().platform().await?;
        let mut kek_ids = platform.list_kek_ids().await?;
        platform.commit().await?;
        kek_ids.retain(|kek_id| kek_id != own);
        Ok(kek_ids)
    }

    async fn count_left(&self, own: &str) -> Result<u64, StoreError> {
        let others = self.list_other_kek_ids(own).await?;
        let mut platform = self.database().platform().await?;
        let uses = platform.count_signing_keys_under(&others).await?;
        platform.commit().await?;
        Ok(uses.iter().map(|each| each.signing_keys).sum())
    }

    /// Every key under this one, page by page.
    async fn reseal_from(
        &self,
        kek_id: &str,
        by: &ActedBy,
        limit: u32,
        report: &mut ResealReport,
    ) -> Result<(), KeyRingError> {
        let mut after: Option<SealedKeyName> = None;
        while report.resealed < u64::from(limit) {
            let mut platform = self.database().platform().await?;
            let page = platform
                .list_signing_keys_under(kek_id, after.as_ref(), PAGE)
                .await?;
            platform.commit().await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            let tenants: BTreeMap<_, TenantId> = page
                .iter()
                .map(|name| (name.tenant_id.as_uuid(), name.tenant_id))
                .collect();
            for tenant_id in tenants.into_values() {
                if let Some(tenant) = self.find_standing_tenant(tenant_id).await? {
                    self.reseal_tenant(&tenant, by, report).await?;
                }
            }
            after = Some(last.clone());
        }
        Ok(())
    }

    pub(super) async fn find_standing_tenant(
        &self,
        id: TenantId,
    ) -> Result<Option<Tenant>, StoreError> {
        let mut platform = self.database().platform().await?;
        let tenant = platform.find_tenant(id).await?;
        platform.commit().await?;
        // The keys of a deleted one are about to be removed.
        Ok(tenant.filter(|tenant| tenant.state() != TenantState::Deleted))
    }

    async fn reseal_tenant(
        &self,
        tenant: &Tenant,
        by: &ActedBy,
        report: &mut ResealReport,
    ) -> Result<(), KeyRingError> {
        let mut scope = self.database().tenant(tenant).await?;
        let mut keys = scope.list_signing_keys().await?;
        scope.commit().await?;
        keys.retain(|key| key.kek_id != report.kek_id);
        let mut resealed = Vec::with_capacity(keys.len());
        for key in keys {
            let (kid, from) = (key.kid.clone(), key.kek_id.clone());
            match self.reseal_one(tenant, key).await {
                Ok(sealed) => resealed.push((from, sealed)),
                Err(KeyRingError::Key(error)) => {
                    self.count_key_change("failed");
                    let known = report.failed.iter().any(|failed| failed.kid == kid);
                    if !known {
                        report.failed.push(FailedReseal {
                            tenant: tenant.slug().to_string(),
                            kid,
                            kek_id: from,
                            reason: error.to_string(),
                        });
                    }
                }
                Err(other) => return Err(other),
            }
        }
        let written = self.write_resealed(tenant, by, &resealed).await?;
        report.resealed += written;
        report.tenants += u64::from(written > 0);
        Ok(())
    }

    /// Opening and sealing may block.
    async fn reseal_one(
        &self,
        tenant: &Tenant,
        key: SigningKeyRecord,
    ) -> Result<crypto::SealedSigningKey, KeyRingError> {
        let (tenant_id, row) = (tenant.id(), from_row(key)?);
        let key_encryption = Arc::clone(self.key_ring().key_encryption());
        let resealing = move || row.reseal(tenant_id, key_encryption.as_ref());
        let resealed = tokio::task::spawn_blocking(resealing).await;
        Ok(resealed.map_err(|_| KeyRingError::Interrupted)??)
    }

    async fn write_resealed(
        &self,
        tenant: &Tenant,
        by: &ActedBy,
        resealed: &[(String, crypto::SealedSigningKey)],
    ) -> Result<u64, KeyRingError> {
        if resealed.is_empty() {
            return Ok(0);
        }
        let mut written = 0;
        let mut scope = self.database().tenant(tenant).await?;
        scope.lock_signing_keys().await?;
        for (from, key) in resealed {
            let is_written = scope
                .reseal_signing_key(&key.kid, from, &key.sealed_private_key, &key.kek_id)
                .await?;
            // Another run was faster, or the key is gone.
            if !is_written {
                continue;
            }
            written += 1;
            let details = [("from", from.as_str()), ("to", key.kek_id.as_str())];
            let event = by.event(
                EventType::SigningKeyResealed,
                self.now(),
                &key.kid,
                &details,
            );
            scope
                .insert_audit_event(&event.into_row(self.random()))
                .await?;
        }
        scope.commit().await?;
        for _ in 0..written {
            self.count_key_change("resealed");
        }
        Ok(written)
    }
}
