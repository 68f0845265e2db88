//! Which key-encryption keys are in use, across tenants: for start-up, for resealing, for the age of the
//! oldest key. The platform role sees these columns of `signing_keys` and no others.
//!
//! What it is not: a way to the keys themselves; those are their tenants'.

use protocol::{TenantId, Timestamp};
use uuid::Uuid;

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::answer;

/// How much is sealed under one key-encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEncryptionKeyUse {
    pub kek_id: String,
    pub signing_keys: u64,
    pub tenants: u64,
}

/// A signing key and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKeyName {
    pub tenant_id: TenantId,
    pub kid: String,
}

impl PlatformScope {
    /// The ids of all that seal something: one step along an index for each, however many keys there are.
    pub async fn list_kek_ids(&mut self) -> Result<Vec<String>, StoreError> {
        let listed = sqlx::query_scalar!(
            r#"with recursive keks as (
                   select min(kek_id) as kek_id from signing_keys
                   union all
                   select (select min(s.kek_id) from signing_keys s where s.kek_id > keks.kek_id)
                   from keks where keks.kek_id is not null)
               select kek_id as "kek_id!" from keks where kek_id is not null"#,
        );
        answer!(self, listed, fetch_all)
    }

    /// What is sealed under these, of tenants that are not deleted.
    pub async fn count_signing_keys_under(
        &mut self,
        kek_ids: &[String],
    ) -> Result<Vec<KeyEncryptionKeyUse>, StoreError> {
        let counted = sqlx::query!(
            r#"select s.kek_id, count(*) as "signing_keys!", count(distinct s.tenant_id) as "tenants!"
               from signing_keys s
               where s.kek_id = any($1)
                 and (select t.state from tenants t where t.tenant_id = s.tenant_id) <> 'deleted'
               group by s.kek_id order by s.kek_id"#,
            kek_ids,
        );
        let rows = answer!(self, counted, fetch_all)?;
        let uses = rows.into_iter().map(|row| KeyEncryptionKeyUse {
            kek_id: row.kek_id,
            signing_keys: u64::try_from(row.signing_keys).unwrap_or(0),
            tenants: u64::try_from(row.tenants).unwrap_or(0),
        });
        Ok(uses.collect())
    }

    /// Keys sealed under this one, a page at a time.
    pub async fn list_signing_keys_under(
        &mut self,
        kek_id: &str,
        after: Option<&SealedKeyName>,
        limit: u32,
    ) -> Result<Vec<SealedKeyName>, StoreError> {
        let (tenant_id, kid) = after.map_or((Uuid::nil(), ""), |name| {
            (name.tenant_id.as_uuid(), name.kid.as_str())
        });
        let listed = sqlx::query!(
            "select tenant_id, kid from signing_keys
             where kek_id = $1 and (tenant_id, kid) > ($2, $3) order by tenant_id, kid limit $4",
            kek_id,
            tenant_id,
            kid,
            i64::from(limit),
        );
        let rows = answer!(self, listed, fetch_all)?;
        let names = rows.into_iter().map(|row| SealedKeyName {
            tenant_id: TenantId::from_uuid(row.tenant_id),
            kid: row.kid,
        });
        Ok(names.collect())
    }

    /// Since when the oldest of all active keys signs.
    pub async fn find_oldest_signing_key(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let oldest = sqlx::query_scalar!(
            "select min(activated_at) from signing_keys where state = 'active'"
        );
        Ok(answer!(self, oldest, fetch_one)?.map(Into::into))
    }
}
