//! What the fetches of one class may use, apart from those of every other: a stranger who has
//! documents looked up spends nothing that the keys and documents of known clients need.
//!
//! What it is not: an order of importance. No lane lends to another, so none can be talked out of
//! its own.
//!
//! How to add one more: a variant of [`Class`], and its places in `Limits`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::budget::{Budget, Budgets, Place};
use crate::fetch::{FetchError, FetchKind, FetchRequest};
use crate::world::{HostBudgets, Limits, Places};

/// Fetches that may hinder each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Jwks,
    /// Somebody consented to this client once.
    KnownDocument,
    /// Anybody may ask for these, before they have signed in.
    NewDocument,
    Logo,
    LogoutNotice,
    Webhook,
    McpServer,
    IssuerHost,
}

impl Class {
    pub fn of(request: &FetchRequest<'_>) -> Self {
        match request.kind {
            FetchKind::Jwks => Self::Jwks,
            FetchKind::MetadataDocument if request.is_known => Self::KnownDocument,
            FetchKind::MetadataDocument => Self::NewDocument,
            FetchKind::Logo => Self::Logo,
            FetchKind::LogoutNotice => Self::LogoutNotice,
            FetchKind::Webhook => Self::Webhook,
            FetchKind::McpServer => Self::McpServer,
            FetchKind::IssuerHost => Self::IssuerHost,
        }
    }
}

pub(crate) struct Lanes([Lane; 8]);

struct Lane {
    places: Arc<Semaphore>,
    shares: Arc<Budgets>,
    hosts_of_shares: Arc<Budgets>,
    hosts: Arc<Budgets>,
    addresses: Arc<Budgets>,
}

/// Room for one fetch, given back when dropped. Whoever begins what cannot be called off keeps it
/// until that has ended.
pub(crate) struct Admission {
    _place: OwnedSemaphorePermit,
    _counted: [Place; 3],
}

impl Lanes {
    pub fn new(limits: &Limits) -> Self {
        let lane = |places| Lane::new(places, limits.hosts());
        Self([
            lane(limits.jwks),
            lane(limits.known_documents),
            lane(limits.new_documents),
            lane(limits.logos),
            lane(limits.logout_notices),
            Lane::new(limits.webhooks, limits.webhook_hosts),
            lane(limits.mcp_servers),
            lane(limits.issuer_hosts),
        ])
    }

    fn lane(&self, class: Class) -> &Lane {
        let [
            jwks,
            known_documents,
            new_documents,
            logos,
            logout_notices,
            webhooks,
            mcp_servers,
            issuer_hosts,
        ] = &self.0;
        match class {
            Class::Jwks => jwks,
            Class::KnownDocument => known_documents,
            Class::NewDocument => new_documents,
            Class::Logo => logos,
            Class::LogoutNotice => logout_notices,
            Class::Webhook => webhooks,
            Class::McpServer => mcp_servers,
            Class::IssuerHost => issuer_hosts,
        }
    }

    /// Nobody waits for a place: a fetch that cannot begin now is trouble like any other.
    pub fn admit(
        &self,
        class: Class,
        share: u128,
        host: &str,
        now: Duration,
    ) -> Result<Admission, FetchError> {
        let lane = self.lane(class);
        let place = Arc::clone(&lane.places).try_acquire_owned();
        Ok(Admission {
            _place: place.map_err(|_| FetchError::Busy)?,
            _counted: [
                admit(&lane.shares, share, now)?,
                // Before the host's own: who has spent their part takes nothing from the rest.
                admit(&lane.hosts_of_shares, (share, host), now)?,
                admit(&lane.hosts, host, now)?,
            ],
        })
    }

    /// All of them, each once.
    pub fn admit_addresses(
        &self,
        class: Class,
        addresses: Vec<u128>,
        now: Duration,
    ) -> Result<Vec<Place>, FetchError> {
        let lane = self.lane(class);
        addresses
            .into_iter()
            .map(|address| admit(&lane.addresses, address, now))
            .collect()
    }
}

impl Lane {
    fn new(places: Places, hosts: HostBudgets) -> Self {
        let of_share = Budget {
            concurrent: places.per_share,
            // What a share begins in a minute is bounded by hosts and addresses.
            per_minute: u32::MAX,
        };
        Self {
            places: Arc::new(Semaphore::new(places.concurrent)),
            shares: Budgets::new(of_share),
            hosts_of_shares: Budgets::new(hosts.per_host_and_share),
            hosts: Budgets::new(hosts.per_host),
            addresses: Budgets::new(hosts.per_address),
        }
    }
}

fn admit(
    budgets: &Arc<Budgets>,
    subject: impl std::hash::Hash,
    now: Duration,
) -> Result<Place, FetchError> {
    budgets.admit(subject, now).ok_or(FetchError::Busy)
}
