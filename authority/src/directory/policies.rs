//! Which policies decide for a tenant, compiled: the guard rails above all tenants, and its own.
//!
//! A version's text never changes, so what was compiled is good for ever; what is remembered per tenant is the
//! number of the version in force, and that only while nothing changed. Tenants that wrote no policies share one
//! compiled set. Of the others so many are kept as fit into [`MOST_TEXT_BYTES`]; the rest is compiled when asked.

use std::sync::Arc;

use protocol::ids::TenantId;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use store::{PolicyVersion, StoreError, Tenant};

use super::{Directory, Remembered};
use crate::freshness::Topic;
use crate::policy::{self, CompiledPolicies, Engine, PolicyLayer};

const MOST_TENANTS: usize = 20_000;
/// Of the texts of what is kept compiled; compiled they are some twenty times as large.
const MOST_TEXT_BYTES: u64 = 4 * 1024 * 1024;
/// A set of one line costs something too.
const SMALLEST_WEIGHT: u64 = 1_024;
const EXPECTED_SETS: usize = 1_000;
/// Where nothing was written yet.
const NO_VERSION: i64 = 0;

/// What decides for one tenant at a moment.
#[derive(Clone, Debug)]
pub struct PoliciesInForce {
    pub engine: Engine,
    /// None: the tenant wrote none, and has what every tenant begins with.
    pub version: Option<i64>,
    /// None: there are none.
    pub guard_rails_version: Option<i64>,
}

/// Whose version it is: a tenant's, or the platform's.
type VersionKey = (Option<TenantId>, i64);

#[derive(Clone)]
struct TextWeight;

impl Weighter<VersionKey, Arc<CompiledPolicies>> for TextWeight {
    fn weight(&self, _: &VersionKey, compiled: &Arc<CompiledPolicies>) -> u64 {
        SMALLEST_WEIGHT + u64::try_from(compiled.text_bytes()).unwrap_or(u64::MAX)
    }
}

/// What is remembered of policies.
pub(super) struct Policies {
    versions: Remembered<TenantId, i64>,
    guard_rails: Remembered<(), (i64, Arc<CompiledPolicies>)>,
    compiled: Cache<VersionKey, Arc<CompiledPolicies>, TextWeight>,
    no_guard_rails: Arc<CompiledPolicies>,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            versions: Remembered::new(MOST_TENANTS),
            guard_rails: Remembered::new(1),
            compiled: Cache::with_weighter(EXPECTED_SETS, MOST_TEXT_BYTES, TextWeight),
            no_guard_rails: Arc::new(CompiledPolicies::empty(PolicyLayer::Platform)),
        }
    }
}

impl Policies {
    /// Compiled already, or nothing that had to be.
    fn find_compiled(&self, key: VersionKey) -> Option<Arc<CompiledPolicies>> {
        match key {
            (Some(_), NO_VERSION) => Some(CompiledPolicies::default_of_tenants()),
            key => self.compiled.get(&key),
        }
    }
}

impl Directory {
    /// What decides for this tenant now.
    pub async fn find_policies(&self, tenant: &Tenant) -> Result<Arc<PoliciesInForce>, StoreError> {
        // Who administers is not for whoever writes guard rails: the system tenant's own policies take everything.
        let (guard_rails_version, guard_rails) = if tenant.is_system() {
            (NO_VERSION, Arc::clone(&self.policies.no_guard_rails))
        } else {
            self.find_guard_rails().await?
        };
        let (version, policies) = self.find_policies_of_tenant(tenant).await?;
        let written = |version| (version != NO_VERSION).then_some(version);
        Ok(Arc::new(PoliciesInForce {
            engine: Engine::new(guard_rails, policies),
            version: written(version),
            guard_rails_version: written(guard_rails_version),
        }))
    }

    async fn find_policies_of_tenant(
        &self,
        tenant: &Tenant,
    ) -> Result<(i64, Arc<CompiledPolicies>), StoreError> {
        let stamp = self.freshness.stamp(tenant.id(), Topic::Policy);
        let is_live = self.may_remember();
        let key = |version| (Some(tenant.id()), version);
        if is_live
            && let Some(version) = self.policies.versions.find(&tenant.id(), |_| stamp)
            && let Some(compiled) = self.policies.find_compiled(key(version))
        {
            return Ok((version, compiled));
        }
        // Boxed: the answer from memory should not carry the state of a query about.
        let (version, compiled) = Box::pin(self.read_policies_of_tenant(tenant)).await?;
        if is_live {
            self.policies.versions.insert(tenant.id(), version, stamp);
        }
        Ok((version, compiled))
    }

    async fn read_policies_of_tenant(
        &self,
        tenant: &Tenant,
    ) -> Result<(i64, Arc<CompiledPolicies>), StoreError> {
        let mut scope = self.database.tenant(tenant).await?;
        let version = scope.find_active_policy_number().await?;
        let key = (Some(tenant.id()), version);
        if let Some(compiled) = self.policies.find_compiled(key) {
            scope.commit().await?;
            return Ok((version, compiled));
        }
        // The newest, which may be newer than the number that was just read.
        let found = scope.find_active_policy_version().await?;
        scope.commit().await?;
        let Some(found) = found else {
            return Ok((NO_VERSION, CompiledPolicies::default_of_tenants()));
        };
        let version = found.version;
        let compiled = self.compile(found, PolicyLayer::Tenant).await;
        let key = (Some(tenant.id()), version);
        self.policies.compiled.insert(key, Arc::clone(&compiled));
        Ok((version, compiled))
    }

    /// What forbids above all tenants now.
    async fn find_guard_rails(&self) -> Result<(i64, Arc<CompiledPolicies>), StoreError> {
        let stamp = self.freshness.stamp_of_guard_rails();
        let is_live = self.may_remember();
        if is_live && let Some(known) = self.policies.guard_rails.find(&(), |_| stamp) {
            return Ok(known);
        }
        // Boxed: the answer from memory should not carry the state of a query about.
        let read = Box::pin(self.read_guard_rails()).await?;
        if is_live {
            self.policies.guard_rails.insert((), read.clone(), stamp);
        }
        Ok(read)
    }

    async fn read_guard_rails(&self) -> Result<(i64, Arc<CompiledPolicies>), StoreError> {
        let mut scope = self.database.platform().await?;
        let found = scope.find_active_guard_rails().await?;
        scope.commit().await?;
        let Some(found) = found else {
            return Ok((NO_VERSION, Arc::clone(&self.policies.no_guard_rails)));
        };
        let (version, key) = (found.version, (None, found.version));
        if let Some(compiled) = self.policies.find_compiled(key) {
            return Ok((version, compiled));
        }
        let compiled = self.compile(found, PolicyLayer::Platform).await;
        self.policies.compiled.insert(key, Arc::clone(&compiled));
        Ok((version, compiled))
    }

    /// A stored text was good when it was written. If this version of Writ refuses it, everything is denied and
    /// the log says why.
    async fn compile(&self, found: PolicyVersion, layer: PolicyLayer) -> Arc<CompiledPolicies> {
        let version = found.version;
        let Some(text) = found.policies else {
            return CompiledPolicies::default_of_tenants();
        };
        let (outcome, compiled) = match policy::compile(&text, layer).await {
            Ok(compiled) => ("compiled", compiled),
            Err(errors) => {
                let layer_name = layer.as_str();
                tracing::error!(version, layer = layer_name, %errors, "stored policies cannot be used");
                let broken = CompiledPolicies::broken(layer, &errors.to_string());
                ("refused", Arc::new(broken))
            }
        };
        let compilations = &self.metrics.policy_compilations;
        compilations.with_label_values(&[outcome]).inc();
        compiled
    }
}
