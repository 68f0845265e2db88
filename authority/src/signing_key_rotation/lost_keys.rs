//! Key-encryption keys that are in use and not in the list: told at start, in words, instead of failing
//! at the first login of some tenant.

use std::fmt::Write as _;

use store::{KeyEncryptionKeyUse, SealedKeyName, StoreError};

use super::ActedBy;
use crate::Authority;
use crate::key_ring::KeyRingError;

const PAGE: u32 = 200;

/// What can no longer be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostKeys {
    pub lost: Vec<KeyEncryptionKeyUse>,
    /// The key-encryption key that seals.
    pub in_use: String,
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyEncryptionKeysError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Lost(#[from] LostKeys),
}

impl std::error::Error for LostKeys {}

impl std::fmt::Display for LostKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut lost = String::new();
        for (index, each) in self.lost.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _ = write!(
                lost,
                "{comma}{} ({} of {})",
                each.kek_id,
                counted(each.signing_keys, "signing key"),
                counted(each.tenants, "tenant"),
            );
        }
        write!(
            formatter,
            "signing keys are sealed under key-encryption keys that WRIT_ENCRYPTION_KEYS does not hold: {lost}; the first of the list is {}. \
             Put the missing keys back, behind the first, and run `writ keys reseal` before you take them away again. \
             Where they are lost for good, `writ keys remove-lost` gives those tenants new signing keys; their access tokens end with it",
            self.in_use
        )
    }
}

fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

impl Authority {
    /// Whether everything that is sealed can be opened. Asked at start.
    pub async fn verify_encryption_keys(&self) -> Result<(), VerifyEncryptionKeysError> {
        let lost = self.list_lost_kek_ids().await?;
        if lost.is_empty() {
            return Ok(());
        }
        let mut platform = self.database().platform().await?;
        // Keys of deleted tenants are not among these: nobody needs them.
        let lost = platform.count_signing_keys_under(&lost).await?;
        platform.commit().await?;
        if lost.is_empty() {
            return Ok(());
        }
        let in_use = self.key_ring().key_encryption().kek_id().to_owned();
        Err(LostKeys { lost, in_use }.into())
    }

    /// Removes every signing key that nobody can open any more. How many there were; a tenant whose active
    /// key was among them signs with a new one.
    pub async fn remove_lost_signing_keys(
        &self,
        by: impl Into<ActedBy>,
    ) -> Result<Vec<SealedKeyName>, KeyRingError> {
        let mut by = by.into();
        by.reason
            .get_or_insert_with(|| "its key-encryption key is lost".to_owned());
        let mut removed = Vec::new();
        for kek_id in self.list_lost_kek_ids().await? {
            let mut after = None;
            loop {
                let mut platform = self.database().platform().await?;
                let page = platform
                    .list_signing_keys_under(&kek_id, after.as_ref(), PAGE)
                    .await?;
                platform.commit().await?;
                let Some(last) = page.last().cloned() else {
                    break;
                };
                for name in page {
                    if self.remove_lost(&name, &by).await? {
                        removed.push(name);
                    }
                }
                after = Some(last);
            }
        }
        Ok(removed)
    }

    async fn remove_lost(&self, name: &SealedKeyName, by: &ActedBy) -> Result<bool, KeyRingError> {
        let Some(tenant) = self.find_standing_tenant(name.tenant_id).await? else {
            return Ok(false);
        };
        let removed = self.remove_signing_key(&tenant, &name.kid, by.clone());
        Ok(removed.await?.is_some())
    }

    async fn list_lost_kek_ids(&self) -> Result<Vec<String>, StoreError> {
        let mut platform = self.database().platform().await?;
        let mut kek_ids = platform.list_kek_ids().await?;
        platform.commit().await?;
        let key_encryption = self.key_ring().key_encryption();
        kek_ids.retain(|kek_id| !key_encryption.has_kek(kek_id));
        Ok(kek_ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_the_keys_how_much_is_lost_and_what_to_do() {
        let lost = |kek_id: &str, signing_keys, tenants| KeyEncryptionKeyUse {
            kek_id: kek_id.to_owned(),
            signing_keys,
            tenants,
        };
        let error = LostKeys {
            lost: vec![lost("0a1b2c3d", 3, 2), lost("ffffffff", 1, 1)],
            in_use: "12345678".to_owned(),
        };
        let told = error.to_string();
        for part in [
            "0a1b2c3d (3 signing keys of 2 tenants), ffffffff (1 signing key of 1 tenant)",
            "WRIT_ENCRYPTION_KEYS",
            "12345678",
            "writ keys reseal",
            "writ keys remove-lost",
        ] {
            assert!(told.contains(part), "{told}");
        }
    }
}
