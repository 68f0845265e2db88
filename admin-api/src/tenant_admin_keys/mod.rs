//! Admin keys of one tenant, for its own administrators: they see and make no keys but its.

pub mod create;
pub mod find;
pub mod list;
pub mod revoke;
pub mod rotate;
pub mod update;

use store::Tenant;

use crate::problem::Problem;

/// The system tenant's things are changed by whoever may do everything, and by nobody less: a key that is for that
/// tenant alone could do nothing.
pub(crate) fn refuse_system_tenant(tenant: &Tenant) -> Result<(), Problem> {
    if tenant.is_system() {
        let detail = "The system tenant is administered by keys and people of the platform, and has none of its own.";
        return Err(Problem::conflicting_state(detail));
    }
    Ok(())
}
