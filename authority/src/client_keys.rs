//! The public keys of clients and resource servers, ready to verify with: those in their row, and those
//! behind a `jwks_uri`, fetched when they are needed and kept for as long as HTTP allows, within bounds.
//!
//! An unknown name of a key means that keys were rotated, or that somebody guesses: it buys one fetch a
//! minute and client (row E12), shared by all who wait. A fetch that fails gives no keys: nothing old is
//! used beyond its time, and nobody is let in without a proof because keys could not be had.
//!
//! What it is not: the way out (`outbound`), or what a key is (`crypto::JwkSet`).

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crypto::{JwkSet, SigningAlgorithm};
use outbound::{FetchError, FetchKind, FetchRequest, Outbound};
use protocol::client::ClientKeys;
use protocol::client::keys::KeysError;
use protocol::clock::{Clock, Timestamp};
use protocol::ids::{ClientId, TenantId};
use quick_cache::sync::Cache;
use store::Tenant;
use tokio::sync::Mutex;

use crate::metrics::Metrics;

/// A set has 32 keys at most, some 2 KB each when parsed.
const MOST_SETS: usize = 2_048;
const SHORTEST_LIFETIME: Duration = Duration::from_mins(5);
const LONGEST_LIFETIME: Duration = Duration::from_hours(24);
/// Where the host says nothing.
const USUAL_LIFETIME: Duration = Duration::from_hours(1);
/// Row E12.
const REFETCH_INTERVAL: Duration = Duration::from_mins(1);
/// A host that failed is left alone for this long.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// Whose keys: the names of clients and of resource servers are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KeyOwnerKind {
    Client,
    ResourceServer,
}

/// Whose keys they are and where.
pub(crate) struct KeyOwner<'a> {
    pub tenant: &'a Tenant,
    pub kind: KeyOwnerKind,
    pub client_id: &'a ClientId,
    pub keys: &'a ClientKeys,
    pub parsed: &'a ParsedKeys,
    /// What the owner registered to sign with.
    pub algorithm: Option<SigningAlgorithm>,
}

/// Why there are no keys to verify with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeysFailure {
    /// Nothing was said about the keys: try again.
    Unreachable {
        /// By a fetch of this very call; else one a moment ago is remembered.
        was_fetched: bool,
    },
    /// What is at the address is no key set of ours to use.
    Unusable,
}

/// The keys of a row, parsed when they are first needed and as long as the row is remembered.
#[derive(Debug, Default)]
pub(crate) struct ParsedKeys(OnceLock<Result<Arc<JwkSet>, KeysError>>);

/// The sets that were fetched.
pub(crate) struct ClientKeySets {
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    sets: Cache<SetKey, Arc<Mutex<FetchedSet>>>,
}

/// All that the set depends on: a client that changes its address or algorithm begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SetKey {
    tenant_id: TenantId,
    kind: KeyOwnerKind,
    client_id: ClientId,
    uri: String,
    algorithm: Option<SigningAlgorithm>,
}

/// Locked while it is fetched, so that all who need it wait for one fetch.
#[derive(Default)]
struct FetchedSet {
    current: Option<(Arc<JwkSet>, Timestamp)>,
    failed: Option<(KeysFailure, Timestamp)>,
    refetched_at: Option<Timestamp>,
}

impl KeysFailure {
    /// As the next one hears it.
    const fn remembered(self) -> Self {
        match self {
            Self::Unreachable { .. } => Self::Unreachable { was_fetched: false },
            Self::Unusable => Self::Unusable,
        }
    }
}

impl ParsedKeys {
    fn of(&self, owner: &KeyOwner<'_>, jwks: &serde_json::Value) -> Result<Arc<JwkSet>, KeysError> {
        let parse = || JwkSet::new(jwks, owner.algorithm).map(Arc::new);
        self.0.get_or_init(parse).clone()
    }
}

impl FetchedSet {
    fn fresh(&self, now: Timestamp) -> Option<Arc<JwkSet>> {
        let (set, expires_at) = self.current.as_ref()?;
        (now < *expires_at).then(|| Arc::clone(set))
    }

    fn recent_failure(&self, now: Timestamp) -> Option<KeysFailure> {
        let (failure, failed_at) = self.failed?;
        (now < failed_at + RETRY_INTERVAL).then_some(failure)
    }

    fn failed_refetch(&self) -> Option<KeysFailure> {
        let (failure, failed_at) = self.failed?;
        self.refetched_at
            .is_some_and(|refetched_at| failed_at >= refetched_at)
            .then_some(failure)
    }

    fn may_refetch(&self, now: Timestamp) -> bool {
        self.refetched_at
            .is_none_or(|last| last + REFETCH_INTERVAL <= now)
    }
}

impl ClientKeySets {
    pub(crate) fn new(outbound: Outbound, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self {
            outbound,
            clock,
            metrics,
            sets: Cache::new(MOST_SETS),
        }
    }

    /// The keys to verify with now.
    pub(crate) async fn find(&self, owner: &KeyOwner<'_>) -> Result<Arc<JwkSet>, KeysFailure> {
        let uri = match owner.keys {
            ClientKeys::None => return Err(KeysFailure::Unusable),
            ClientKeys::Inline(jwks) => {
                let parsed = owner.parsed.of(owner, jwks);
                return parsed.map_err(|_| KeysFailure::Unusable);
            }
            ClientKeys::Uri(uri) => uri,
        };
        let slot = self.slot(owner, uri);
        let mut kept = slot.lock().await;
        let now = self.clock.now();
        if let Some(set) = kept.fresh(now) {
            return Ok(set);
        }
        if let Some(failure) = kept.recent_failure(now) {
            return Err(failure);
        }
        self.fetch(owner, uri, &mut kept).await
    }

    /// After `known` did not have the key that is named: newer ones, if there are any and one may look.
    pub(crate) async fn find_newer(
        &self,
        owner: &KeyOwner<'_>,
        known: &Arc<JwkSet>,
    ) -> Result<Option<Arc<JwkSet>>, KeysFailure> {
        let Some(uri) = owner.keys.uri() else {
            return Ok(None);
        };
        let slot = self.slot(owner, uri);
        let mut kept = slot.lock().await;
        let now = self.clock.now();
        // Somebody else looked while this one waited.
        if let Some(set) = kept.fresh(now).filter(|set| !Arc::ptr_eq(set, known)) {
            return Ok(Some(set));
        }
        if !kept.may_refetch(now) {
            // Who looked last may have found nobody there: then it is not known that there is no such key.
            return kept.failed_refetch().map_or(Ok(None), Err);
        }
        kept.refetched_at = Some(now);
        self.fetch(owner, uri, &mut kept).await.map(Some)
    }

    fn slot(&self, owner: &KeyOwner<'_>, uri: &str) -> Arc<Mutex<FetchedSet>> {
        let key = SetKey {
            tenant_id: owner.tenant.id(),
            kind: owner.kind,
            client_id: owner.client_id.clone(),
            uri: uri.to_owned(),
            algorithm: owner.algorithm,
        };
        let new = || Ok::<_, Infallible>(Arc::default());
        match self.sets.get_or_insert_with(&key, new) {
            Ok(slot) => slot,
        }
    }

    async fn fetch(
        &self,
        owner: &KeyOwner<'_>,
        uri: &str,
        kept: &mut FetchedSet,
    ) -> Result<Arc<JwkSet>, KeysFailure> {
        let request = FetchRequest {
            url: uri,
            kind: FetchKind::Jwks,
            is_known: true,
            share: owner.tenant.id().as_uuid().as_u128(),
            issuer_is_loopback: owner.tenant.issuer().is_loopback(),
        };
        let fetched = self.outbound.fetch(&request).await;
        let now = self.clock.now();
        let outcome = match &fetched {
            Ok(fetched) => JwkSet::from_json(&fetched.body, owner.algorithm)
                .map(|set| (Arc::new(set), fetched.cache))
                .map_err(|_| (KeysFailure::Unusable, "invalid")),
            Err(error) => Err((failure_of(*error), error.reason())),
        };
        let word = outcome
            .as_ref()
            .map_or_else(|(_, reason)| *reason, |_| "fetched");
        self.metrics
            .outbound_fetches
            .with_label_values(&[FetchKind::Jwks.as_str(), word])
            .inc();
        match outcome {
            Ok((set, cache)) => {
                let lifetime = cache.clamped(SHORTEST_LIFETIME, LONGEST_LIFETIME, USUAL_LIFETIME);
                kept.current = Some((Arc::clone(&set), now + lifetime));
                kept.failed = None;
                Ok(set)
            }
            Err((failure, reason)) => {
                tracing::info!(client_id = %owner.client_id, reason, "no keys from a jwks_uri");
                kept.failed = Some((failure.remembered(), now));
                Err(failure)
            }
        }
    }
}

fn failure_of(error: FetchError) -> KeysFailure {
    if error.is_trouble() {
        KeysFailure::Unreachable { was_fetched: true }
    } else {
        KeysFailure::Unusable
    }
}
