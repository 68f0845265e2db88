//! The logos of clients: fetched through the guard when a consent page shows one, and kept for a while,
//! so that no browser is sent to a client's own host (row K14).
//!
//! What an image is, is decided where it is fetched (`outbound::FetchKind::Logo`).

use std::sync::Arc;
use std::time::Duration;

use outbound::{FetchKind, FetchRequest};
use protocol::clock::Timestamp;
use store::Tenant;

use super::flights::Flights;
use super::tenant_shares::TenantShares;
use crate::Authority;

/// 256 KB each at most: 16 MB in all.
const MOST_LOGOS: usize = 64;
const MOST_LOGOS_PER_TENANT: usize = 16;
const MOST_FETCHES: usize = 16;
const MOST_FETCHES_PER_TENANT: usize = 4;

const LEAST_LIFETIME: Duration = Duration::from_hours(1);
const MOST_LIFETIME: Duration = Duration::from_hours(24);
/// That there is none is asked again after this.
const LIFETIME_OF_NONE: Duration = Duration::from_mins(1);

/// An image as it was served; a raster one, its type checked against its bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Logo {
    pub image: Vec<u8>,
    pub media_type: String,
}

#[derive(Clone)]
struct KeptLogo {
    logo: Option<Arc<Logo>>,
    expires_at: Timestamp,
}

pub(super) struct Logos {
    kept: TenantShares<String, KeptLogo>,
    flights: Arc<Flights<String, KeptLogo>>,
}

impl Default for Logos {
    fn default() -> Self {
        Self {
            kept: TenantShares::new(MOST_LOGOS, MOST_LOGOS_PER_TENANT),
            flights: Flights::new(MOST_FETCHES, MOST_FETCHES_PER_TENANT),
        }
    }
}

impl Authority {
    /// The image at a client's `logo_uri`. `None`: a page looks good without.
    pub async fn find_client_logo(&self, tenant: &Tenant, logo_uri: &str) -> Option<Arc<Logo>> {
        let logos = &self.client_documents().logos;
        if let Some(kept) = logos.kept.find(tenant.id(), logo_uri)
            && self.now() < kept.expires_at
        {
            return kept.logo;
        }
        let work = || {
            let documents = Arc::clone(self.client_documents());
            let (tenant, logo_uri, now) = (tenant.clone(), logo_uri.to_owned(), self.now());
            async move {
                let request = FetchRequest {
                    url: &logo_uri,
                    kind: FetchKind::Logo,
                    is_known: false,
                    share: tenant.id().as_uuid().as_u128(),
                    issuer_is_loopback: tenant.issuer().is_loopback(),
                };
                let kept = match documents.fetch_counted(&request).await {
                    Ok(fetched) => KeptLogo {
                        expires_at: now
                            + fetched
                                .cache
                                .clamped(LEAST_LIFETIME, MOST_LIFETIME, MOST_LIFETIME),
                        logo: Some(Arc::new(Logo {
                            image: fetched.body,
                            media_type: fetched.media_type,
                        })),
                    },
                    Err(error) => {
                        tracing::info!(logo_uri, reason = error.reason(), "a logo is left out");
                        KeptLogo {
                            logo: None,
                            expires_at: now + LIFETIME_OF_NONE,
                        }
                    }
                };
                documents
                    .logos
                    .kept
                    .insert(tenant.id(), logo_uri, kept.clone());
                kept
            }
        };
        let flights = &logos.flights;
        let landed = flights.join(tenant.id(), logo_uri.to_owned(), work).await;
        landed.ok().and_then(|kept| kept.logo)
    }
}
