//! What a tenant allows, as far as it is not a rule of OAuth.
//!
//! Two things: switches, which are columns of the tenant (who may register clients and within what, which
//! tolerances hold; below), and policies, which are texts in Cedar that decide scope by scope (the modules).
//! (Who vouches for a client is told by its origin: `protocol::client::Client::is_vouched_for`.)
//!
//! What it is not: the flows that ask. They make a [`DecisionRequest`] and act on the [`Decision`].
//!
//! To add one more switch: a field of `TenantSettings` in `store`, a function here, its tests. One more fact that
//! policies may speak of: `request`.

mod compiled;
mod decision;
mod engine;
mod entities;
mod errors;
mod head;
mod limits;
#[cfg(test)]
mod proofs;
mod reading;
mod request;
mod vocabulary;

pub use compiled::{CompiledPolicies, DEFAULT_POLICIES, PolicyEffect, PolicySummary, compile};
pub use decision::{
    DecidingPolicy, Decision, Obligation, Outcome, PolicyFailure, PolicyLayer, Verdict,
};
pub use engine::Engine;
pub use errors::{PolicyError, PolicyErrors};
pub use limits::{MAX_OPERATORS, MAX_POLICIES, MAX_TEXT_BYTES};
pub use request::{
    AuthenticationFacts, ClientFacts, ContextFacts, DecisionRequest, PolicyAction, PrincipalFacts,
    ResourceFacts, ScopeFacts, UserFacts,
};
pub use vocabulary::SCHEMA_TEXT;

use protocol::client::metadata_document::DocumentUrl;
use protocol::client::registration::{RegistrationPolicy, SelfRegistration};
use protocol::client::{Client, ClientOrigin, DeviceAuthorizationMode};
use store::{DocumentMode, Tenant};

/// Row J1: who may register clients, and so whether metadata says where.
pub fn registration_policy(tenant: &Tenant) -> RegistrationPolicy {
    tenant.settings().registration_policy
}

/// Within what a client registers itself; `current` is what there is before an update.
pub fn self_registration<'a>(
    tenant: &'a Tenant,
    current: Option<&'a Client>,
) -> SelfRegistration<'a> {
    let settings = tenant.settings();
    SelfRegistration {
        redirect_hosts: settings.registration.redirect_hosts.as_deref(),
        allows_loopback: settings.registration.allows_loopback,
        scopes: settings.registration.scopes.as_ref(),
        infers_secret: settings.tolerances.confidential_without_pkce,
        allows_device: settings.device_authorization == DeviceAuthorizationMode::Open,
        current,
    }
}

/// Row C1: only for clients that authenticate; that is `protocol`'s rule.
pub fn tolerates_missing_challenge(tenant: &Tenant) -> bool {
    tenant.settings().tolerances.confidential_without_pkce
}

/// Why the tenant does not take a client that describes itself by a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentRefusal {
    #[error(
        "this tenant takes no clients that name a metadata document; ask its administrator for a client_id"
    )]
    Off,
    #[error("this tenant does not take clients of this domain; ask its administrator to allow it")]
    Domain,
}

/// Row K15: whose documents may be fetched at all. Asked before anything is.
pub fn check_document(tenant: &Tenant, url: &DocumentUrl) -> Result<(), DocumentRefusal> {
    let policy = &tenant.settings().client_documents;
    let is_listed = || {
        let mut domains = policy.domains.iter();
        domains.any(|domain| is_within(url.host(), domain))
    };
    match policy.mode {
        DocumentMode::Open => Ok(()),
        DocumentMode::Off => Err(DocumentRefusal::Off),
        DocumentMode::AllowList if is_listed() => Ok(()),
        DocumentMode::DenyList if !is_listed() => Ok(()),
        DocumentMode::AllowList | DocumentMode::DenyList => Err(DocumentRefusal::Domain),
    }
}

/// Row K15: what such a client was granted counts as long as the tenant takes it. Nothing is fetched.
pub fn check_origin(tenant: &Tenant, client: &Client) -> Result<(), DocumentRefusal> {
    if client.origin != ClientOrigin::Document {
        return Ok(());
    }
    let url = DocumentUrl::parse(&client.client_id).map_err(|_| DocumentRefusal::Domain)?;
    check_document(tenant, &url)
}

/// Whether metadata says that such clients are taken.
pub fn takes_client_documents(tenant: &Tenant) -> bool {
    tenant.settings().client_documents.mode != DocumentMode::Off
}

/// A domain stands for itself and for what is below it; both in lower-case ASCII.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_stands_for_itself_and_its_subdomains() {
        assert!(is_within("client.example", "client.example"));
        assert!(is_within("a.b.client.example", "client.example"));
        assert!(!is_within("notclient.example", "client.example"));
        assert!(!is_within("client.example.evil.test", "client.example"));
        assert!(!is_within("example", "client.example"));
    }
}
