//! The kind of thing that an operation is about, as a type: `TenantWrite<Clients>` is its access rule.
//!
//! To add one more: a variant of `protocol::AdminObject`, and its line below.

use protocol::AdminObject;

/// A kind of thing that is administered.
pub trait Kind: 'static {
    const OBJECT: AdminObject;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident,)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $kind;

            impl Kind for $kind {
                const OBJECT: AdminObject = AdminObject::$kind;
            }
        )+

        #[cfg(test)]
        const OBJECTS: &[AdminObject] = &[$(AdminObject::$kind),+];
    };
}

kinds! {
    /// The registry of tenants, settings, policies of registration, issuer hosts, quotas.
    Tenants,
    /// Resources, their credentials, what was refused, helpers.
    Resources,
    /// Clients, secrets, initial access tokens, known clients.
    Clients,
    /// People, groups, sessions, consents, what is exported of one.
    Users,
    /// Grants, families, reuses.
    Grants,
    SigningKeys,
    /// Versions of policies, explanations, simulations, decisions.
    Policies,
    Audit,
    Webhooks,
    /// Keys and memberships.
    AdminKeys,
    /// What is done to every tenant at once.
    Installation,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_type() {
        assert_eq!(OBJECTS, AdminObject::ALL);
    }
}
