//! Which resource was shown which signing keys, noted in memory and written every few seconds.
//!
//! What it is for: a rotation may wait until the resources that have a JWKS URL of their own and use it
//! have fetched the next key. What it is not: a proof. Anybody may ask at that URL, so nothing is refused
//! by it, and a rotation waits within bounds alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crypto::VerificationKey;
use protocol::clock::Timestamp;
use protocol::ids::{ResourceId, TenantId};
use store::{Database, SigningKeySighting, StoreError, Tenant};

use crate::Authority;
use crate::key_ring::ReadyJwks;

const FLUSH_INTERVAL: Duration = Duration::from_secs(5);
/// Beyond this the memory begins anew: what is noted twice is written once.
const MOST_NOTED: usize = 50_000;

/// What this replica showed, and has not written yet.
#[derive(Default)]
pub(crate) struct Sightings {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The ETag of the set that a resource was shown last: it says which keys are in it.
    noted: HashMap<(TenantId, ResourceId), String>,
    waiting: HashMap<TenantId, (Tenant, Vec<SigningKeySighting>)>,
}

/// What a resource was shown, and when.
#[derive(Clone, Copy)]
struct Seen<'a> {
    keys: &'a [VerificationKey],
    at: Timestamp,
}

impl Sightings {
    fn is_noted(&self, tenant: &Tenant, resource_id: ResourceId, jwks: &ReadyJwks) -> bool {
        self.lock().noted.get(&(tenant.id(), resource_id)) == Some(&jwks.etag)
    }

    fn note(&self, tenant: &Tenant, resource_id: ResourceId, etag: &str, seen: Seen<'_>) {
        let key = (tenant.id(), resource_id);
        let mut state = self.lock();
        if state.noted.len() >= MOST_NOTED {
            state.noted.clear();
        }
        state.noted.insert(key, etag.to_owned());
        let (_, waiting) = state
            .waiting
            .entry(tenant.id())
            .or_insert_with(|| (tenant.clone(), Vec::new()));
        waiting.extend(seen.keys.iter().map(|key| SigningKeySighting {
            resource_id,
            kid: key.kid().to_owned(),
            first_seen_at: seen.at,
        }));
    }

    fn take_waiting(&self) -> Vec<(Tenant, Vec<SigningKeySighting>)> {
        std::mem::take(&mut self.lock().waiting)
            .into_values()
            .collect()
    }

    /// What could not be written: it is noted again when it is shown again.
    fn forget(&self, tenant: &Tenant, sightings: &[SigningKeySighting]) {
        let mut state = self.lock();
        for sighting in sightings {
            state.noted.remove(&(tenant.id(), sighting.resource_id));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authority {
    /// The tenant's public keys, for a resource that asks at its own URL. `None` where there is no such
    /// resource.
    pub async fn show_jwks_to(
        &self,
        tenant: &Tenant,
        resource_id: ResourceId,
    ) -> Result<Option<Arc<ReadyJwks>>, StoreError> {
        let resources = self.directory().list_published_resources(tenant).await?;
        if resources.find(resource_id).is_none() {
            return Ok(None);
        }
        // Noted is what was shown, be it the last known copy: nobody waits for PostgreSQL twice.
        let keys = self.key_ring().find_published_keys(tenant).await?;
        let jwks = keys.jwks();
        if !self.sightings().is_noted(tenant, resource_id, jwks) {
            let seen = Seen {
                keys: keys.verification_keys(),
                at: self.now(),
            };
            self.sightings().note(tenant, resource_id, &jwks.etag, seen);
        }
        Ok(Some(Arc::clone(jwks)))
    }

    /// Writes what was noted since the last time.
    pub async fn flush_sightings(&self) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        for (tenant, sightings) in self.sightings().take_waiting() {
            // After a failure the others are not tried: most likely PostgreSQL is away.
            if outcome.is_ok() {
                let written = write(self.database(), &tenant, &sightings).await;
                outcome = written.map(|new| self.metrics().signing_key_sightings.inc_by(new));
            }
            if outcome.is_err() {
                self.sightings().forget(&tenant, &sightings);
            }
        }
        outcome
    }

    /// Until the process ends.
    pub(crate) async fn run_sightings(&self) {
        let mut ticks = tokio::time::interval(FLUSH_INTERVAL);
        loop {
            ticks.tick().await;
            if let Err(error) = self.flush_sightings().await {
                tracing::debug!(%error, "what resources were shown was not written");
            }
        }
    }
}

async fn write(
    database: &Database,
    tenant: &Tenant,
    sightings: &[SigningKeySighting],
) -> Result<u64, StoreError> {
    let mut scope = database.tenant(tenant).await?;
    let new = scope.insert_signing_key_sightings(sightings).await?;
    scope.commit().await?;
    Ok(new)
}
