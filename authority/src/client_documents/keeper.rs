//! Where a copy of a document comes from: this replica's memory, the client's row, or its host.
//!
//! Within its HTTP lifetime a copy is used as it is. Afterwards its host is asked; only when the host has
//! trouble may the copy serve on, and never for longer than a week since it was fetched. A host that says
//! "gone", or serves something else, ends the copy.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use outbound::{FetchError, FetchRequest, Outbound};
use protocol::client::metadata_document::{DocumentFault, DocumentUrl};
use protocol::clock::{Clock, Timestamp};
use protocol::ids::TenantId;
use store::Tenant;

use super::flights::{Flights, NoAnswer};
use super::logos::Logos;
use super::tenant_shares::TenantShares;
use super::{DocumentCopy, DocumentError, read};
use crate::Authority;
use crate::limits::Limit;
use crate::metrics::Metrics;

/// Some 6 KB each.
const MOST_DOCUMENTS: usize = 4_096;
const MOST_DOCUMENTS_PER_TENANT: usize = 512;
/// Twice: for documents of known clients, and for those that strangers name. `outbound` has fewer places.
const MOST_FETCHES: usize = 64;
const MOST_FETCHES_PER_TENANT: usize = 16;

const LEAST_LIFETIME: Duration = Duration::from_mins(1);
const MOST_LIFETIME: Duration = Duration::from_hours(24);
/// Where the host says nothing.
const UNSTATED_LIFETIME: Duration = Duration::from_hours(1);
/// For how long after its fetch a copy may stand in for its host.
const LONGEST_STALENESS: Duration = Duration::from_hours(7 * 24);

/// What is known of a document here.
#[derive(Clone)]
enum Kept {
    Good(Arc<DocumentCopy>),
    /// Its host ended it then: an older copy, wherever it lies, may not serve any more.
    Ended(Timestamp),
}

type DocumentFlights = Arc<Flights<String, Result<Arc<DocumentCopy>, FetchFailure>>>;

#[derive(Clone)]
enum FetchFailure {
    Fetch(FetchError),
    Invalid(DocumentFault),
}

/// One per replica.
pub(crate) struct ClientDocuments {
    copies: TenantShares<String, Kept>,
    flights_of_known: DocumentFlights,
    flights_of_new: DocumentFlights,
    pub(super) logos: Logos,
    pub(super) outbound: Outbound,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl ClientDocuments {
    pub(crate) fn new(
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self {
            copies: TenantShares::new(MOST_DOCUMENTS, MOST_DOCUMENTS_PER_TENANT),
            flights_of_known: Flights::new(MOST_FETCHES, MOST_FETCHES_PER_TENANT),
            flights_of_new: Flights::new(MOST_FETCHES, MOST_FETCHES_PER_TENANT),
            logos: Logos::default(),
            outbound,
            clock,
            metrics,
        })
    }

    pub(crate) const fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    pub(super) fn keep(&self, tenant_id: TenantId, url: &DocumentUrl, copy: Arc<DocumentCopy>) {
        self.copies
            .insert(tenant_id, url.as_str().to_owned(), Kept::Good(copy));
    }

    /// One fetch for all who ask meanwhile.
    async fn fetch(
        self: &Arc<Self>,
        tenant: &Tenant,
        url: &DocumentUrl,
        has_row: bool,
        has_older: bool,
    ) -> Result<Arc<DocumentCopy>, DocumentError> {
        let work = || {
            let (documents, tenant, url) = (Arc::clone(self), tenant.clone(), url.clone());
            async move { documents.fetch_now(&tenant, &url, has_row, has_older).await }
        };
        let flights = if has_row {
            &self.flights_of_known
        } else {
            &self.flights_of_new
        };
        let key = url.as_str().to_owned();
        match flights.join(tenant.id(), key, work).await {
            Ok(Ok(copy)) => Ok(copy),
            Ok(Err(FetchFailure::Invalid(fault))) => Err(DocumentError::Invalid(fault)),
            Ok(Err(FetchFailure::Fetch(FetchError::Busy))) | Err(NoAnswer::Full) => {
                Err(DocumentError::Busy)
            }
            Ok(Err(FetchFailure::Fetch(error))) => Err(DocumentError::Unreachable(error)),
            Err(NoAnswer::Died) => {
                tracing::error!("a fetch of a document ended badly");
                Err(DocumentError::Busy)
            }
        }
    }

    async fn fetch_now(
        &self,
        tenant: &Tenant,
        url: &DocumentUrl,
        has_row: bool,
        has_older: bool,
    ) -> Result<Arc<DocumentCopy>, FetchFailure> {
        let fetched = self.ask_host(tenant, url, has_row).await;
        let ends_older = match &fetched {
            Ok(copy) => {
                self.keep(tenant.id(), url, Arc::clone(copy));
                false
            }
            Err(FetchFailure::Fetch(error)) => !error.is_trouble(),
            Err(FetchFailure::Invalid(_)) => true,
        };
        // Only where there is a copy to end: errors themselves are not remembered (row K10).
        if ends_older && has_older {
            let ended = Kept::Ended(self.clock.now());
            self.copies
                .insert(tenant.id(), url.as_str().to_owned(), ended);
        }
        fetched
    }

    async fn ask_host(
        &self,
        tenant: &Tenant,
        url: &DocumentUrl,
        has_row: bool,
    ) -> Result<Arc<DocumentCopy>, FetchFailure> {
        let now = self.clock.now();
        let fetched = self
            .fetch_counted(&super::fetch_request(tenant, url, has_row))
            .await
            .map_err(FetchFailure::Fetch)?;
        read(tenant, url, &fetched.body).map_err(FetchFailure::Invalid)?;
        let text = String::from_utf8(fetched.body)
            .map_err(|_| FetchFailure::Invalid(DocumentFault::NotUtf8))?;
        let lifetime = fetched
            .cache
            .clamped(LEAST_LIFETIME, MOST_LIFETIME, UNSTATED_LIFETIME);
        Ok(Arc::new(DocumentCopy {
            text,
            fetched_at: now,
            expires_at: now + lifetime,
            is_stored: AtomicBool::new(false),
        }))
    }

    pub(super) async fn fetch_counted(
        &self,
        request: &FetchRequest<'_>,
    ) -> Result<outbound::Fetched, FetchError> {
        let fetched = self.outbound.fetch(request).await;
        let outcome = fetched
            .as_ref()
            .map_or_else(FetchError::reason, |_| "fetched");
        self.metrics
            .outbound_fetches
            .with_label_values(&[request.kind.as_str(), outcome])
            .inc();
        fetched
    }
}

impl Authority {
    /// The copy to go by. `has_row`: the client is known, so that its row may have one.
    pub(super) async fn find_document(
        &self,
        tenant: &Tenant,
        url: &DocumentUrl,
        has_row: bool,
        address: IpAddr,
    ) -> Result<Arc<DocumentCopy>, DocumentError> {
        let now = self.now();
        let documents = self.client_documents();
        let kept = documents.copies.find(tenant.id(), url.as_str());
        if let Some(Kept::Good(copy)) = &kept
            && copy.is_fresh(now)
        {
            self.count_document("remembered");
            return Ok(Arc::clone(copy));
        }
        let older = self.last_good_copy(tenant, url, kept, has_row).await?;
        if let Some(copy) = &older
            && copy.is_fresh(now)
        {
            self.count_document("stored");
            documents.keep(tenant.id(), url, Arc::clone(copy));
            return Ok(Arc::clone(copy));
        }
        // Whoever asks for what we know already is not counted. Over all tenants: the hosts are everybody's.
        self.limits()
            .take_by_address(Limit::DocumentAddress, None, address)
            .await?;
        let error = match documents.fetch(tenant, url, has_row, older.is_some()).await {
            Ok(copy) => {
                self.count_document("fetched");
                return Ok(copy);
            }
            Err(error) => error,
        };
        let is_trouble = match &error {
            DocumentError::Unreachable(error) => error.is_trouble(),
            DocumentError::Busy => true,
            _ => false,
        };
        match older {
            Some(copy) if is_trouble && now < copy.fetched_at + LONGEST_STALENESS => {
                tracing::warn!(
                    client_id = url.as_str(),
                    reason = error.reason(),
                    "the last good copy of a client's document stands in for its host"
                );
                self.count_document("stale");
                Ok(copy)
            }
            _ => Err(error),
        }
    }

    /// The later one of what is remembered and what the row has, unless its host has ended it.
    async fn last_good_copy(
        &self,
        tenant: &Tenant,
        url: &DocumentUrl,
        kept: Option<Kept>,
        has_row: bool,
    ) -> Result<Option<Arc<DocumentCopy>>, DocumentError> {
        let stored = if has_row {
            self.find_stored_document(tenant, url.client_id()).await?
        } else {
            None
        };
        // What an earlier version stored may be refused by the rules of this one.
        let stored = stored.filter(|copy| read(tenant, url, copy.text.as_bytes()).is_ok());
        Ok(match (kept, stored) {
            (Some(Kept::Good(kept)), Some(stored)) if stored.fetched_at <= kept.fetched_at => {
                Some(kept)
            }
            (Some(Kept::Good(kept)), None) => Some(kept),
            (Some(Kept::Ended(at)), Some(stored)) if stored.fetched_at <= at => None,
            (_, stored) => stored.map(Arc::new),
        })
    }
}
