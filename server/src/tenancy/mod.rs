//! Whose request it is: (host, path) → endpoint and tenant, before any credential is read.
//!
//! Not here: which hosts and paths a tenant may have (`protocol::issuer`), or caching (`authority::
//! directory`). A suspended tenant resolves to nothing, like one that never was.

mod tenant_request;

use std::sync::Arc;

use store::{StoreError, Tenant};

pub use tenant_request::TenantRequest;

use crate::routes::{self, Endpoint};
use crate::state::AppState;

/// An endpoint of a tenant.
pub struct Found {
    pub endpoint: Endpoint,
    pub tenant: Arc<Tenant>,
    /// Which thing of the endpoint's, where its URL says so.
    pub segment: Option<String>,
}

/// Looks every reading of the path up, exactly. An error names the endpoint that was asked for, so
/// that a person gets a page.
pub async fn find(
    state: &AppState,
    host: &str,
    path: &str,
) -> Result<Option<Found>, (Endpoint, StoreError)> {
    let directory = state.authority.directory();
    for candidate in routes::candidates(path) {
        let endpoint = candidate.endpoint;
        let found = if endpoint.is_published() {
            directory
                .find_published_tenant(host, candidate.issuer_path)
                .await
        } else {
            directory
                .find_tenant_by_location(host, candidate.issuer_path)
                .await
        };
        match found {
            Ok(Some(tenant)) => {
                return Ok(Some(Found {
                    endpoint,
                    tenant,
                    segment: candidate.segment.map(str::to_owned),
                }));
            }
            Ok(None) => {}
            Err(error) => return Err((endpoint, error)),
        }
    }
    Ok(None)
}
