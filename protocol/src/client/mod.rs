//! Clients: who asks for tokens. Public ones keep no secret, confidential ones authenticate.
//!
//! `authentication` reads credentials from a request, `registration` is RFC 7591, `metadata` holds the
//! rules that every way of becoming a client shares, `assertion` those of `private_key_jwt`, `keys` where
//! its keys are, `tolerance` what may be let pass on purpose, and `catalogue` which clients we know.

pub mod assertion;
pub mod authentication;
pub mod catalogue;
pub mod keys;
pub mod metadata;
pub mod metadata_document;
pub mod registration;
pub mod tolerance;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{ClientId, ClientKey, ResourceId};
use crate::redirect_uri::{RedirectUri, RedirectUriKind};
use crate::scope::ScopeSet;
use crate::signing_algorithm::SigningAlgorithm;

pub use assertion::AssertionAlgorithm;
pub use keys::ClientKeys;
pub use tolerance::{Tolerance, UsedTolerances};

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$about])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use wire_enum;

wire_enum! {
    /// Where a client came from; only static ones are vouched for by somebody.
    ClientOrigin { Static = "static", Registered = "registered", Document = "document" }
}

wire_enum! {
    /// The grants that answer today (RFC 7591 §2 names).
    GrantType {
        AuthorizationCode = "authorization_code",
        RefreshToken = "refresh_token",
        ClientCredentials = "client_credentials",
        /// RFC 8628 §3.4.
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
    }
}

wire_enum! {
    /// How a client proves itself at the token endpoint (RFC 7591 §2 names).
    AuthMethod {
        None = "none",
        ClientSecretBasic = "client_secret_basic",
        ClientSecretPost = "client_secret_post",
        PrivateKeyJwt = "private_key_jwt",
    }
}

wire_enum! {
    /// OpenID Connect Registration §2.
    ApplicationType { Web = "web", Native = "native" }
}

wire_enum! {
    /// Whose device requests (RFC 8628) a tenant takes: of nobody, of the clients that somebody of the
    /// tenant entered, or of all.
    DeviceAuthorizationMode { Off = "off", VouchedFor = "vouched_for", Open = "open" }
}

impl DeviceAuthorizationMode {
    pub fn allows(self, client: &Client) -> bool {
        match self {
            Self::Off => false,
            Self::VouchedFor => client.is_vouched_for(),
            Self::Open => true,
        }
    }
}

impl AuthMethod {
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }

    /// A client that proves nothing any more gets nothing more from what was granted to it while it did.
    /// A key for a secret, or the reverse, is its administrator's exchange and no loss.
    pub const fn is_weaker_than(self, pinned: Self) -> bool {
        matches!(self, Self::None) && !matches!(pinned, Self::None)
    }
}

/// A client as the rules see it; its secrets stay in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that are independent of one another"
)]
pub struct Client {
    pub key: ClientKey,
    pub client_id: ClientId,
    pub origin: ClientOrigin,
    pub name: Option<String>,
    pub redirect_uris: Vec<RedirectUri>,
    pub grant_types: Vec<GrantType>,
    pub auth_method: AuthMethod,
    pub application_type: ApplicationType,
    /// What it registered for; none means no limit of its own.
    pub scopes: Option<ScopeSet>,
    /// The resources it may use; none means every one of the tenant.
    pub resources: Option<Vec<ResourceId>>,
    pub default_resource: Option<ResourceId>,
    pub is_enabled: bool,
    pub access_token_lifetime: Option<Duration>,
    pub refresh_idle_lifetime: Option<Duration>,
    pub refresh_absolute_lifetime: Option<Duration>,
    /// What its assertions are verified with.
    pub keys: ClientKeys,
    /// Only this one, where it registered one (RFC 7591 §2, `token_endpoint_auth_signing_alg`).
    pub assertion_algorithm: Option<AssertionAlgorithm>,
    /// It wants its tokens bound to its key, always (RFC 9449 §5.2, `dpop_bound_access_tokens`).
    pub is_dpop_bound: bool,
    /// RFC 9126 §6, `require_pushed_authorization_requests`.
    pub is_par_required: bool,
    /// Where a person may be sent after signing out, exactly (RP-Initiated Logout §3.1).
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told of sign-outs (Back-Channel Logout §2.2).
    pub backchannel_logout_uri: Option<String>,
    /// A logout token without `sid` means nothing to it.
    pub is_backchannel_session_required: bool,
    /// `id_token_signed_response_alg`; none means RS256 (OpenID Connect Registration §2).
    pub id_token_algorithm: Option<SigningAlgorithm>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
    pub created_at: Timestamp,
}

impl Client {
    /// One that has said nothing of itself yet, and for which nobody has decided anything.
    pub const fn blank(
        key: ClientKey,
        client_id: ClientId,
        origin: ClientOrigin,
        auth_method: AuthMethod,
        created_at: Timestamp,
    ) -> Self {
        Self {
            key,
            client_id,
            origin,
            name: None,
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            auth_method,
            application_type: ApplicationType::Web,
            scopes: None,
            resources: None,
            default_resource: None,
            is_enabled: true,
            access_token_lifetime: None,
            refresh_idle_lifetime: None,
            refresh_absolute_lifetime: None,
            keys: ClientKeys::None,
            assertion_algorithm: None,
            is_dpop_bound: false,
            is_par_required: false,
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            is_backchannel_session_required: false,
            id_token_algorithm: None,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            software_id: None,
            software_version: None,
            created_at,
        }
    }

    /// RFC 6749 §2.1: it can keep a credential.
    pub fn is_confidential(&self) -> bool {
        self.auth_method != AuthMethod::None
    }

    /// Somebody of the tenant entered it by hand. Others only said their own name.
    pub fn is_vouched_for(&self) -> bool {
        self.origin == ClientOrigin::Static
    }

    /// Somebody vouches for it, or its vendor's own address does: then it may hear of things without a
    /// person in between.
    pub fn is_trusted(&self) -> bool {
        self.is_vouched_for() || catalogue::find_proven(self).is_some()
    }

    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    pub fn may_use_resource(&self, resource_id: ResourceId) -> bool {
        self.resources
            .as_ref()
            .is_none_or(|allowed| allowed.contains(&resource_id))
    }

    /// The name for a page; a client without one is called by its id. One that registered itself and is
    /// recognised is called as we call it.
    pub fn display_name(&self) -> &str {
        let proven = || catalogue::find_proven(self).map(|known| known.name.as_str());
        (self.origin == ClientOrigin::Registered)
            .then(proven)
            .flatten()
            .or(self.name.as_deref())
            .unwrap_or_else(|| self.client_id.as_str())
    }

    /// Every redirect stays on the person's machine: any program there may pose as this client.
    pub fn is_loopback_only(&self) -> bool {
        !self.redirect_uris.is_empty()
            && self
                .redirect_uris
                .iter()
                .all(|uri| uri.kind() == RedirectUriKind::Loopback)
    }
}
