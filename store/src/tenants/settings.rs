//! What an operator may set for a tenant, and what holds where nothing was set.

use std::time::Duration;

use protocol::client::DeviceAuthorizationMode;
use protocol::client::registration::RegistrationPolicy;
use protocol::signing_key_schedule::SigningKeySettings;
use protocol::{ResourceId, ScopeSet, SigningAlgorithm};
use serde::{Deserialize, Serialize};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of one another"
)]
pub struct TenantSettings {
    pub registration_policy: RegistrationPolicy,
    pub registration: RegistrationRules,
    /// Whose software statements are believed (RFC 7591 §2.3).
    pub software_statements: Vec<SoftwareStatementIssuer>,
    /// A registration without one is refused.
    pub is_software_statement_required: bool,
    pub client_documents: ClientDocumentPolicy,
    pub tolerances: TenantTolerances,
    pub access_token_lifetime: Duration,
    pub refresh_idle_lifetime: Duration,
    pub refresh_absolute_lifetime: Duration,
    /// How long a spent refresh token still answers with its successor.
    pub refresh_grace_window: Duration,
    pub browser_session_lifetime: Duration,
    pub default_resource: Option<ResourceId>,
    /// Private-use redirect URIs that clients may register, exact.
    pub private_use_redirect_uris: Vec<String>,
    /// What access tokens are signed with; ID tokens are RS256 beside it.
    pub signing_algorithm: SigningAlgorithm,
    /// How long a key signs.
    pub signing_key_rotation_interval: Duration,
    /// How long a key is published before it signs.
    pub signing_key_lead: Duration,
    /// How much longer a rotation waits for resources that have not fetched the next key yet.
    pub signing_key_wait: Duration,
    /// Public clients' always rotate (RFC 9700 §4.14.2).
    pub rotates_confidential_refresh_tokens: bool,
    /// RFC 9449 §8: proofs carry a nonce of ours.
    pub is_dpop_nonce_required: bool,
    /// RFC 9126 §5: authorization requests come by PAR only.
    pub is_par_required: bool,
    pub device_authorization: DeviceAuthorizationMode,
}

/// What a registration may ask for, and how many there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationRules {
    /// Hosts of https redirect URIs, in lower case. None: any.
    pub redirect_hosts: Option<Vec<String>>,
    pub allows_loopback: bool,
    /// What a registered client can have at most. None: whatever the resources have.
    pub scopes: Option<ScopeSet>,
    pub max_clients: u32,
    /// A registration that never led to a grant goes after this.
    pub unused_lifetime: Duration,
}

/// Who vouches for software by signed statements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftwareStatementIssuer {
    pub issuer: String,
    /// A JWK set of public keys.
    pub jwks: serde_json::Value,
}

/// Whose metadata documents are fetched at all; decided before any fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientDocumentPolicy {
    pub mode: DocumentMode,
    /// What the lists list: a domain stands for itself and its subdomains. Lower case, punycode.
    pub domains: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DocumentMode {
    #[default]
    Open,
    /// Only the domains of the list.
    AllowList,
    /// All but the domains of the list.
    DenyList,
    Off,
}

/// Compatibility switches: each lets something pass that a specification forbids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of one another"
)]
pub struct TenantTolerances {
    pub json_token_body: bool,
    pub confidential_without_pkce: bool,
    pub token_endpoint_audience: bool,
    pub unauthenticated_introspection: bool,
}

impl TenantSettings {
    pub fn signing_keys(&self) -> SigningKeySettings {
        SigningKeySettings {
            algorithm: self.signing_algorithm,
            rotation_interval: self.signing_key_rotation_interval,
            lead: self.signing_key_lead,
            wait: self.signing_key_wait,
        }
    }

    /// Whether the next step of the signing keys may be due earlier than these other settings had it.
    pub(crate) fn has_other_key_schedule(&self, other: &Self) -> bool {
        self.signing_keys() != other.signing_keys()
    }
}

impl Default for TenantSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            registration_policy: RegistrationPolicy::Open,
            registration: RegistrationRules::default(),
            software_statements: Vec::new(),
            is_software_statement_required: false,
            client_documents: ClientDocumentPolicy::default(),
            tolerances: TenantTolerances::default(),
            access_token_lifetime: Duration::from_mins(15),
            refresh_idle_lifetime: 30 * DAY,
            refresh_absolute_lifetime: 365 * DAY,
            refresh_grace_window: Duration::from_mins(1),
            browser_session_lifetime: Duration::from_hours(12),
            default_resource: None,
            private_use_redirect_uris: Vec::new(),
            signing_algorithm: SigningAlgorithm::Rs256,
            signing_key_rotation_interval: 30 * DAY,
            signing_key_lead: DAY,
            signing_key_wait: Duration::ZERO,
            rotates_confidential_refresh_tokens: true,
            is_dpop_nonce_required: false,
            is_par_required: false,
            device_authorization: DeviceAuthorizationMode::VouchedFor,
        }
    }
}

/// Columns of tenants that are older than these settings hold the same values.
impl Default for RegistrationRules {
    fn default() -> Self {
        Self {
            redirect_hosts: None,
            allows_loopback: true,
            scopes: None,
            max_clients: 10_000,
            unused_lifetime: Duration::from_hours(7 * 24),
        }
    }
}

impl DocumentMode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::AllowList => "allow_list",
            Self::DenyList => "deny_list",
            Self::Off => "off",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::AllowList, Self::DenyList, Self::Off]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }
}
