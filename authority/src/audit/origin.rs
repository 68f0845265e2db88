//! Where a request came from, as its audit events say it.

use std::net::IpAddr;

use super::AuditEvent;

/// Nothing, where nobody asked from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Shown to the caller as `error_id`; the log lines carry it.
    pub request_id: Option<String>,
    pub address: Option<IpAddr>,
}

impl AuditEvent {
    #[must_use]
    pub fn origin(self, origin: &Origin) -> Self {
        self.request_id(origin.request_id.as_deref())
            .address(origin.address)
    }
}
