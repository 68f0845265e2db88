//! The configuration of tenants, remembered: which tenant a request is for, its clients, resources,
//! the state of its users and the credentials of its resource servers.
//!
//! What it is: a bounded memory in front of `store`. While `freshness` is not live every answer
//! reads PostgreSQL; an entry is good only while nothing of its tenant and topic changed since
//! before it was loaded. Unknown names of clients and credentials are never remembered, so that
//! nobody can fill the memory with them; unknown locations are, since anybody's browser asks.
//!
//! What it is not: live state. Grants, codes, sessions and refresh tokens are always read.
//!
//! To add one more kind: a `Remembered` field, a `find_` beside the others, a topic in `freshness`.

mod cache;
mod known;
mod locations;
mod people;
mod policies;

use std::sync::Arc;

use protocol::ids::{ClientId, TenantId, UserId};
use protocol::resource::{Resource, Resources};
use store::{Database, StoreError, Tenant};

pub(crate) use cache::Remembered;
pub use known::{KnownClient, KnownResourceCredential};
pub use people::KnownPerson;
pub use policies::PoliciesInForce;

use crate::freshness::{Freshness, Topic};
use crate::metrics::Metrics;
use crate::published::fresh_or_last;
use locations::Locations;

const MOST_CLIENTS: usize = 50_000;
const MOST_TENANTS_RESOURCES: usize = 20_000;
const MOST_PEOPLE: usize = 100_000;
const MOST_CREDENTIALS: usize = 20_000;
const RESOURCES_PER_PAGE: u32 = 1_000;

/// What is remembered of every tenant.
pub struct Directory {
    database: Database,
    freshness: Arc<Freshness>,
    metrics: Arc<Metrics>,
    locations: Locations,
    clients: Remembered<(TenantId, ClientId), Arc<KnownClient>>,
    resources: Remembered<TenantId, Arc<Resources>>,
    people: Remembered<(TenantId, UserId), people::RememberedPerson>,
    credentials: Remembered<(TenantId, ClientId), Arc<KnownResourceCredential>>,
    policies: policies::Policies,
}

impl Directory {
    pub(crate) fn new(
        database: Database,
        freshness: Arc<Freshness>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            database,
            freshness,
            metrics,
            locations: Locations::default(),
            clients: Remembered::new(MOST_CLIENTS),
            resources: Remembered::new(MOST_TENANTS_RESOURCES),
            people: Remembered::new(MOST_PEOPLE),
            credentials: Remembered::new(MOST_CREDENTIALS),
            policies: policies::Policies::default(),
        }
    }

    /// The client of this name, enabled or not.
    pub async fn find_client(
        &self,
        tenant: &Tenant,
        client_id: &ClientId,
    ) -> Result<Option<Arc<KnownClient>>, StoreError> {
        let stamp = self.freshness.stamp(tenant.id(), Topic::Client);
        let is_live = self.may_remember();
        let key = (tenant.id(), client_id.clone());
        if is_live && let Some(known) = self.clients.find(&key, |_| stamp) {
            return Ok(Some(known));
        }
        let mut scope = self.database.tenant(tenant).await?;
        let found = scope.find_client(client_id).await?;
        scope.commit().await?;
        let known = found.map(|record| Arc::new(KnownClient::new(record)));
        if let (true, Some(known)) = (is_live, &known) {
            self.clients.insert(key, Arc::clone(known), stamp);
        }
        Ok(known)
    }

    /// All resources of the tenant, ready to resolve what a request calls them.
    pub async fn list_resources(&self, tenant: &Tenant) -> Result<Arc<Resources>, StoreError> {
        let stamp = self.freshness.stamp(tenant.id(), Topic::Resource);
        let is_live = self.may_remember();
        if is_live && let Some(known) = self.resources.find(&tenant.id(), |_| stamp) {
            return Ok(known);
        }
        let resources = Arc::new(Resources::new(Box::pin(self.read_resources(tenant)).await?));
        if is_live {
            self.resources
                .insert(tenant.id(), Arc::clone(&resources), stamp);
        }
        Ok(resources)
    }

    /// The same, for what is published: the last known copy while PostgreSQL does not answer.
    pub async fn list_published_resources(
        &self,
        tenant: &Tenant,
    ) -> Result<Arc<Resources>, StoreError> {
        let last = self.resources.find_stale(&tenant.id());
        fresh_or_last(self.list_resources(tenant), last).await
    }

    /// What a resource server introspects with.
    pub async fn find_resource_credential(
        &self,
        tenant: &Tenant,
        client_id: &ClientId,
    ) -> Result<Option<Arc<KnownResourceCredential>>, StoreError> {
        let stamp = self.freshness.stamp(tenant.id(), Topic::Resource);
        let is_live = self.may_remember();
        let key = (tenant.id(), client_id.clone());
        if is_live && let Some(known) = self.credentials.find(&key, |_| stamp) {
            return Ok(Some(known));
        }
        let mut scope = self.database.tenant(tenant).await?;
        let found = scope.find_resource_credential(client_id).await?;
        scope.commit().await?;
        let known = found.map(|credential| Arc::new(KnownResourceCredential::new(credential)));
        if let (true, Some(known)) = (is_live, &known) {
            self.credentials.insert(key, Arc::clone(known), stamp);
        }
        Ok(known)
    }

    async fn read_resources(&self, tenant: &Tenant) -> Result<Vec<Resource>, StoreError> {
        let mut scope = self.database.tenant(tenant).await?;
        let mut all: Vec<Resource> = Vec::new();
        loop {
            let after = all.last().map(|resource| resource.resource_id);
            let page = scope.list_resources(after, RESOURCES_PER_PAGE).await?;
            let is_last = page.len() < RESOURCES_PER_PAGE as usize;
            all.extend(page.into_iter().map(|record| record.resource));
            if is_last {
                scope.commit().await?;
                return Ok(all);
            }
        }
    }

    /// Asked once, before the look-up: an answer that was loaded while we were not live is not
    /// remembered, even if we are live again when it arrives.
    fn may_remember(&self) -> bool {
        let is_live = self.freshness.is_live();
        if !is_live {
            self.metrics.cache_bypasses.inc();
        }
        is_live
    }
}
