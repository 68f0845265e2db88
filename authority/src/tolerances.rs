//! What was let pass on purpose is seen: by a counter here, and in the audit event of the request
//! ([`crate::audit::AuditEvent::tolerances`]).
//!
//! Not here: what may be let pass (`protocol::client::tolerance`), and who decides it: the tenant's
//! switches and the catalogue, each at its own rule.

use protocol::client::UsedTolerances;

use crate::Authority;

impl Authority {
    /// When the request has got what it wanted.
    pub fn count_tolerances(&self, used: &UsedTolerances) {
        for tolerance in used.iter() {
            self.metrics()
                .tolerances_used
                .with_label_values(&[tolerance.as_str()])
                .inc();
        }
    }
}
