//! What the system tenant may not become: gone, silent, or open to strangers. Its users administer everything, and a
//! client that nobody vouches for must not get to ask them for their rights.

use protocol::Slug;
use protocol::client::registration::RegistrationPolicy;
use store::{DocumentMode, Tenant, TenantSettings};

use crate::problem::{Faults, Problem};

/// Its name is taken from the start, though it may be made later.
pub fn check_slug(faults: &mut Faults, field: &str, slug: &Slug) {
    if slug.is_reserved() {
        let detail = format!(
            "{slug} is the tenant whose users administer the installation; WRIT_ADMIN_URL makes it."
        );
        faults.add(field, detail);
    }
}

/// Without it nobody could sign in to administer.
pub fn refuse_to_end(tenant: &Tenant) -> Result<(), Problem> {
    if tenant.is_system() {
        let detail = "The system tenant is neither suspended nor deleted: its users administer the installation. \
             Take WRIT_ADMIN_URL away, and keys alone are accepted.";
        return Err(Problem::conflicting_state(detail));
    }
    Ok(())
}

pub fn check_settings(tenant: &Tenant, settings: &TenantSettings) -> Result<(), Problem> {
    if !tenant.is_system() {
        return Ok(());
    }
    if settings.registration_policy != RegistrationPolicy::Off {
        let detail = "Clients do not register themselves at the system tenant: leave registration_policy off.";
        return Err(Problem::conflict("registration_policy", detail));
    }
    if settings.client_documents.mode != DocumentMode::Off {
        let detail = "Clients do not come by documents of theirs to the system tenant: leave client_document_policy off.";
        return Err(Problem::conflict("client_document_policy", detail));
    }
    Ok(())
}
