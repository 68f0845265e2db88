//! Client metadata documents: a client whose `client_id` is the https URL of what it says about itself
//! (draft-ietf-oauth-client-id-metadata-document).
//!
//! `url` says which client_id is such a URL, `rules` reads and judges what lies there, `guard` is what a
//! person's consent hangs on. Not here: fetching and keeping (`authority::client_documents`).
//!
//! To accept one more member: a field of [`ClientDocument`], its line in `rules::validate`, its refusal in
//! [`DocumentFault`].

mod guard;
mod rules;
mod url;

use crate::client::ApplicationType;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::ClientKey;
use crate::redirect_uri::{RedirectUri, RedirectUriError};
use crate::{ClientId, SigningAlgorithm, Timestamp};

use super::keys::KeysError;
use super::{AssertionAlgorithm, AuthMethod, Client, ClientKeys, ClientOrigin, GrantType};

pub use guard::guard_digest;
pub use rules::DocumentRules;
pub use url::{DocumentUrl, DocumentUrlError};

/// What is in force after the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientDocument {
    pub client_id: ClientId,
    pub name: String,
    pub redirect_uris: Vec<RedirectUri>,
    pub grant_types: Vec<GrantType>,
    pub auth_method: AuthMethod,
    pub keys: ClientKeys,
    pub assertion_algorithm: Option<AssertionAlgorithm>,
    pub is_dpop_bound: bool,
    pub is_par_required: bool,
    pub post_logout_redirect_uris: Vec<String>,
    pub backchannel_logout_uri: Option<String>,
    pub is_backchannel_session_required: bool,
    pub id_token_algorithm: Option<SigningAlgorithm>,
    pub application_type: ApplicationType,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
}

/// Why a document cannot be used: told to whoever builds the client, in their words. The document is
/// public, so naming what stands in it tells nobody anything new.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    #[error("the document is larger than 5 KB")]
    TooLarge,
    #[error("the document is not UTF-8")]
    NotUtf8,
    #[error(
        "the document is not a JSON object of at most 16 levels in which no member appears twice"
    )]
    NotAnObject,
    #[error("client_id must be the very URL that the document lies at, byte for byte")]
    OtherClientId,
    #[error("client_name is required")]
    NameMissing,
    #[error(
        "client_name has at most 128 characters, none of them control, direction or invisible ones"
    )]
    InvalidName,
    #[error("redirect_uris is required: a list of at least one string and at most 32")]
    RedirectUrisMissing,
    #[error("redirect_uris: {0}")]
    RedirectUri(#[from] RedirectUriError),
    #[error("{0} has the wrong JSON type")]
    WrongType(&'static str),
    #[error("a document that everybody can read holds no secret: take {0} out")]
    SecretMember(&'static str),
    #[error(
        "{0} must not name a method with a shared secret: none and private_key_jwt can be used"
    )]
    SymmetricMethod(&'static str),
    #[error("token_endpoint_auth_method must be none or private_key_jwt")]
    UnknownAuthMethod,
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("token_endpoint_auth_signing_alg must be RS256, PS256, ES256 or EdDSA")]
    UnknownAlgorithm,
    #[error("post_logout_redirect_uris: {0}")]
    PostLogoutRedirectUri(RedirectUriError),
    #[error("backchannel_logout_uri must have no fragment")]
    LogoutUriWithFragment,
    #[error("grant_types must contain authorization_code")]
    NoUsableGrantType,
    #[error("response_types must contain code")]
    NoUsableResponseType,
    #[error("{0} must be an https URL")]
    NotHttps(&'static str),
}

impl DocumentFault {
    /// The member that is at fault, for whoever reads it by program.
    pub const fn member(&self) -> Option<&'static str> {
        match self {
            Self::TooLarge | Self::NotUtf8 | Self::NotAnObject => None,
            Self::OtherClientId => Some("client_id"),
            Self::NameMissing | Self::InvalidName => Some("client_name"),
            Self::RedirectUrisMissing | Self::RedirectUri(_) => Some("redirect_uris"),
            Self::WrongType(member)
            | Self::SecretMember(member)
            | Self::SymmetricMethod(member)
            | Self::NotHttps(member) => Some(member),
            Self::UnknownAuthMethod => Some("token_endpoint_auth_method"),
            Self::Keys(KeysError::UriNotHttps) => Some("jwks_uri"),
            Self::Keys(_) => Some("jwks"),
            Self::UnknownAlgorithm => Some("token_endpoint_auth_signing_alg"),
            Self::PostLogoutRedirectUri(_) => Some("post_logout_redirect_uris"),
            Self::LogoutUriWithFragment => Some("backchannel_logout_uri"),
            Self::NoUsableGrantType => Some("grant_types"),
            Self::NoUsableResponseType => Some("response_types"),
        }
    }
}

impl ProtocolError for DocumentFault {
    fn code(&self) -> ErrorCode {
        match self {
            Self::RedirectUrisMissing | Self::RedirectUri(_) => ErrorCode::InvalidRedirectUri,
            Self::TooLarge
            | Self::NotUtf8
            | Self::NotAnObject
            | Self::OtherClientId
            | Self::NameMissing
            | Self::InvalidName
            | Self::WrongType(_)
            | Self::SecretMember(_)
            | Self::SymmetricMethod(_)
            | Self::UnknownAuthMethod
            | Self::Keys(_)
            | Self::UnknownAlgorithm
            | Self::PostLogoutRedirectUri(_)
            | Self::LogoutUriWithFragment
            | Self::NoUsableGrantType
            | Self::NoUsableResponseType
            | Self::NotHttps(_) => ErrorCode::InvalidClientMetadata,
        }
    }
}

impl ClientDocument {
    /// Reads what was fetched from `url`, strictly.
    pub fn parse(
        url: &DocumentUrl,
        body: &[u8],
        rules: &DocumentRules<'_>,
    ) -> Result<Self, DocumentFault> {
        rules::validate(url, body, rules)
    }

    /// A client that has no row yet.
    pub fn into_new_client(self, key: ClientKey, created_at: Timestamp) -> Client {
        let origin = ClientOrigin::Document;
        let blank = Client::blank(key, self.client_id, origin, self.auth_method, created_at);
        Client {
            name: Some(self.name),
            redirect_uris: self.redirect_uris,
            grant_types: self.grant_types,
            application_type: self.application_type,
            keys: self.keys,
            assertion_algorithm: self.assertion_algorithm,
            is_dpop_bound: self.is_dpop_bound,
            is_par_required: self.is_par_required,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            backchannel_logout_uri: self.backchannel_logout_uri,
            is_backchannel_session_required: self.is_backchannel_session_required,
            id_token_algorithm: self.id_token_algorithm,
            client_uri: self.client_uri,
            logo_uri: self.logo_uri,
            policy_uri: self.policy_uri,
            tos_uri: self.tos_uri,
            software_id: self.software_id,
            software_version: self.software_version,
            ..blank
        }
    }

    /// The client of a row, as its document describes it now. What an administrator decided about it
    /// (enabled or not, resources, scopes, lifetimes) stays.
    pub fn into_client_of(self, row: &Client) -> Client {
        let described = self.into_new_client(row.key, row.created_at);
        Client {
            scopes: row.scopes.clone(),
            resources: row.resources.clone(),
            default_resource: row.default_resource,
            is_enabled: row.is_enabled,
            access_token_lifetime: row.access_token_lifetime,
            refresh_idle_lifetime: row.refresh_idle_lifetime,
            refresh_absolute_lifetime: row.refresh_absolute_lifetime,
            ..described
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod token_metadata_tests;
