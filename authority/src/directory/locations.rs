//! Which tenant a place or a slug belongs to.

use std::sync::Arc;

use protocol::ids::Slug;
use store::{StoreError, Tenant};

use super::{Directory, Remembered};
use crate::freshness::{Stamp, Topic};
use crate::published::fresh_or_last;

const MOST_TENANTS: usize = 20_000;
/// Places where nobody lives: scanners ask for these by the million.
const MOST_EMPTY: usize = 10_000;
const MAX_LOCATION_BYTES: usize = 2_048;

pub(super) struct Locations {
    by_location: Remembered<(String, String), Arc<Tenant>>,
    by_slug: Remembered<Slug, Arc<Tenant>>,
    system: Remembered<(), Arc<Tenant>>,
    empty: Remembered<(String, String), ()>,
}

impl Default for Locations {
    fn default() -> Self {
        Self {
            by_location: Remembered::new(MOST_TENANTS),
            by_slug: Remembered::new(MOST_TENANTS),
            system: Remembered::new(1),
            empty: Remembered::new(MOST_EMPTY),
        }
    }
}

impl Directory {
    /// The tenant of a request; suspended and deleted ones are not found. `host` in lower case with
    /// a port that is not the default one, `path` without a trailing slash.
    pub async fn find_tenant_by_location(
        &self,
        host: &str,
        path: &str,
    ) -> Result<Option<Arc<Tenant>>, StoreError> {
        if host.len() + path.len() > MAX_LOCATION_BYTES {
            return Ok(None);
        }
        let key = (host.to_owned(), path.to_owned());
        let is_live = self.may_remember();
        if is_live {
            if let Some(tenant) = self
                .locations
                .by_location
                .find(&key, |it| self.stamp_of(it))
            {
                return Ok(Some(tenant));
            }
            let all = self.freshness.stamp_of_all_tenants();
            if self.locations.empty.find(&key, |()| all).is_some() {
                return Ok(None);
            }
        }
        // Boxed: the answer from memory should not carry the state of a query about.
        Box::pin(self.load_location(key, is_live)).await
    }

    async fn load_location(
        &self,
        key: (String, String),
        is_live: bool,
    ) -> Result<Option<Arc<Tenant>>, StoreError> {
        let before = self.freshness.stamp_of_all_tenants();
        let mut scope = self.database.platform().await?;
        let found = scope
            .find_tenant_by_location(&key.0, &key.1)
            .await?
            .map(Arc::new);
        scope.commit().await?;
        if is_live {
            match &found {
                Some(tenant) => {
                    if let Some(stamp) = self.stamp_of_loaded(tenant, before) {
                        self.locations
                            .by_location
                            .insert(key, Arc::clone(tenant), stamp);
                    }
                }
                None => self.locations.empty.insert(key, (), before),
            }
        }
        Ok(found)
    }

    /// For discovery and JWKS, which go on while PostgreSQL does not answer: the last known tenant
    /// of this place.
    pub async fn find_published_tenant(
        &self,
        host: &str,
        path: &str,
    ) -> Result<Option<Arc<Tenant>>, StoreError> {
        let key = (host.to_owned(), path.to_owned());
        let last = self.locations.by_location.find_stale(&key).map(Some);
        fresh_or_last(self.find_tenant_by_location(host, path), last).await
    }

    /// Also suspended ones, as operators see them.
    pub async fn find_tenant_by_slug(
        &self,
        slug: &Slug,
    ) -> Result<Option<Arc<Tenant>>, StoreError> {
        let is_live = self.may_remember();
        if is_live && let Some(tenant) = self.locations.by_slug.find(slug, |it| self.stamp_of(it)) {
            return Ok(Some(tenant));
        }
        let before = self.freshness.stamp_of_all_tenants();
        let mut scope = self.database.platform().await?;
        let found = scope.find_tenant_by_slug(slug).await?.map(Arc::new);
        scope.commit().await?;
        if is_live
            && let Some(tenant) = &found
            && let Some(stamp) = self.stamp_of_loaded(tenant, before)
        {
            self.locations
                .by_slug
                .insert(slug.clone(), Arc::clone(tenant), stamp);
        }
        Ok(found)
    }

    /// The one whose users administer the installation, where there is one.
    pub async fn find_system_tenant(&self) -> Result<Option<Arc<Tenant>>, StoreError> {
        let is_live = self.may_remember();
        if is_live && let Some(tenant) = self.locations.system.find(&(), |it| self.stamp_of(it)) {
            return Ok(Some(tenant));
        }
        let before = self.freshness.stamp_of_all_tenants();
        let mut scope = self.database.platform().await?;
        let found = scope.find_system_tenant().await?.map(Arc::new);
        scope.commit().await?;
        if is_live
            && let Some(tenant) = &found
            && let Some(stamp) = self.stamp_of_loaded(tenant, before)
        {
            self.locations.system.insert((), Arc::clone(tenant), stamp);
        }
        Ok(found)
    }

    fn stamp_of(&self, tenant: &Arc<Tenant>) -> Stamp {
        self.freshness.stamp(tenant.id(), Topic::Tenant)
    }

    /// Whose stamp it is was not known before the load. It is the same as before the load if no
    /// tenant at all changed meanwhile; otherwise the answer is used once and not remembered.
    fn stamp_of_loaded(&self, tenant: &Arc<Tenant>, before: Stamp) -> Option<Stamp> {
        let stamp = self.stamp_of(tenant);
        (before == self.freshness.stamp_of_all_tenants()).then_some(stamp)
    }
}
