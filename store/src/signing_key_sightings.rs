//! Which resource was shown which signing key, at the JWKS URL of its own.
//!
//! Not here: noting it (`authority::sightings`), and how long a rotation waits for it
//! (`protocol::signing_key_schedule`).

use protocol::{ResourceId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeySighting {
    pub resource_id: ResourceId,
    pub kid: String,
    /// The first time.
    pub first_seen_at: Timestamp,
}

impl TenantScope {
    /// How many were new. Of resources and keys that are gone meanwhile nothing is kept.
    pub async fn insert_signing_key_sightings(
        &mut self,
        sightings: &[SigningKeySighting],
    ) -> Result<u64, StoreError> {
        let resources: Vec<Uuid> = sightings
            .iter()
            .map(|one| one.resource_id.as_uuid())
            .collect();
        let kids: Vec<String> = sightings.iter().map(|one| one.kid.clone()).collect();
        let times: Vec<OffsetDateTime> = sightings
            .iter()
            .map(|one| one.first_seen_at.into())
            .collect();
        let inserted = sqlx::query!(
            "insert into signing_key_sightings (tenant_id, resource_id, kid, first_seen_at)
             select k.tenant_id, r.resource_id, k.kid, seen.first_seen_at
             from unnest($2::uuid[], $3::text[], $4::timestamptz[])
                 as seen (resource_id, kid, first_seen_at)
             join resources r on r.tenant_id = $1 and r.resource_id = seen.resource_id
             join signing_keys k on k.tenant_id = $1 and k.kid = seen.kid
             on conflict do nothing",
            self.tenant_id(),
            &resources,
            &kids,
            &times,
        );
        Ok(answer!(self, inserted, execute)?.rows_affected())
    }

    /// All of them: a handful of keys, and the resources that use their URL.
    pub async fn list_signing_key_sightings(
        &mut self,
    ) -> Result<Vec<SigningKeySighting>, StoreError> {
        let rows = sqlx::query!(
            "select resource_id, kid, first_seen_at from signing_key_sightings
             where tenant_id = $1 order by kid, resource_id",
            self.tenant_id(),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let sightings = rows.into_iter().map(|row| SigningKeySighting {
            resource_id: ResourceId::from_uuid(row.resource_id),
            kid: row.kid,
            first_seen_at: row.first_seen_at.into(),
        });
        Ok(sightings.collect())
    }

    /// The next keys that a resource has not been shown yet, though it asks for its keys at its own URL:
    /// it was shown one that signs now.
    pub async fn list_awaited_signing_keys(&mut self) -> Result<Vec<String>, StoreError> {
        let kids = sqlx::query_scalar!(
            "select k.kid from signing_keys k
             where k.tenant_id = $1 and k.state = 'next' and exists (
                 select from signing_keys a
                 join signing_key_sightings s on s.tenant_id = a.tenant_id and s.kid = a.kid
                 where a.tenant_id = $1 and a.state = 'active' and not exists (
                     select from signing_key_sightings n
                     where n.tenant_id = $1 and n.resource_id = s.resource_id and n.kid = k.kid))",
            self.tenant_id(),
        );
        answer!(self, kids, fetch_all)
    }
}
