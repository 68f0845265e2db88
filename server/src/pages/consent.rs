//! The view of the consent page (`templates/consent.html`): who asks, for what, and where the
//! answer goes.
//!
//! Not here: whether consent is needed, or may be remembered (`protocol::authorization::consent`).
//! To show one more thing: a field here, a line in the template.

use askama::Template;

use super::Frame;
use super::login::{Failure, ReturnsTo};

#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    pub frame: Frame,
    /// Where the form goes: our own `{issuer}/consent`.
    pub action: String,
    /// The pending authorization, sealed for this session.
    pub pending: String,
    pub username: String,
    pub client_name: String,
    /// Where our own origin shows its logo; without one its first letter stands there.
    pub logo: Option<String>,
    pub client_initial: String,
    /// The host that the client names as its own, and whether that is more than a claim.
    pub client_host: Option<String>,
    pub is_host_proven: bool,
    /// Who vouches for the client, in two words and in one sentence.
    pub badge: String,
    pub vouched: String,
    pub is_unverified: bool,
    /// Nowhere, where a device waits for the answer.
    pub returns_to: Option<ReturnsTo>,
    pub is_private_scheme: bool,
    /// Every redirect URI of the client stays on the device: any program there can pose as it.
    pub is_device_only: bool,
    pub is_remembered: bool,
    pub device: Option<DeviceView>,
    pub resources: Vec<ResourceView>,
    pub scopes: Vec<ScopeView>,
    /// What the tenant's policies keep back, and the name of the decision for its administrator.
    pub withheld: Vec<String>,
    pub error_id: String,
    pub failure: Option<Failure>,
}

/// Where and when a device asked (RFC 8628).
#[derive(Debug, Clone)]
pub struct DeviceView {
    pub address: String,
    pub minutes_ago: u64,
    /// From another address than this browser's.
    pub is_elsewhere: bool,
}

#[derive(Debug, Clone)]
pub struct ResourceView {
    pub name: String,
    pub identifier: String,
}

#[derive(Debug, Clone)]
pub struct ScopeView {
    pub name: String,
    pub description: String,
    pub is_chosen: bool,
}
