//! What every request of this process shares.
//!
//! Not here: anything about one request (`tenancy::TenantRequest`) or one tenant (`authority`).
//! To add one more thing: a field, set in `application`.

use std::sync::Arc;

use authority::Authority;

use crate::discovery::ReadyMetadata;
use crate::http::client_address::TrustedProxies;
use crate::http::request_id::RequestIds;
use crate::isolation::IsolationGate;
use crate::metrics::HttpMetrics;

/// One per process, behind an `Arc`.
pub struct AppState {
    pub authority: Arc<Authority>,
    /// `WRIT_PUBLIC_URL`, without a trailing slash.
    pub public_url: String,
    /// Whose forwarded headers count (row R3); nobody's by default.
    pub trusted_proxies: TrustedProxies,
    pub request_ids: RequestIds,
    pub(crate) isolation: IsolationGate,
    pub(crate) metadata: ReadyMetadata,
    pub(crate) http_metrics: HttpMetrics,
}

impl AppState {
    /// Whether browsers may be told to come back by https only.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}
