//! What a tenant allows, as far as it is not a rule of OAuth: today, who may register clients. (Who
//! vouches for a client is told by its origin: `protocol::client::Client::is_vouched_for`.)
//!
//! To add one more: a field of `TenantSettings` in `store`, a function here, its tests.

use store::{RegistrationPolicy, Tenant};

/// Row J1: whether clients may register themselves, and so whether metadata says where.
pub fn is_registration_open(tenant: &Tenant) -> bool {
    tenant.settings().registration_policy == RegistrationPolicy::Open
}
