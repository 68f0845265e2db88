//! Dynamic client registration (RFC 7591): lenient in, clean out.
//!
//! What is missing is inferred, what is unknown is dropped; the answer states what is in force.
//! `wire` reads the JSON, `rules` decides, `response` answers. The admin API's static clients go
//! through the same rules as those of another [`Registrant`]; `policy` says what is different.

mod policy;
mod response;
mod rules;
mod wire;

use crate::error_code::{ErrorCode, ProtocolError};
use crate::redirect_uri::{RedirectUri, RedirectUriError};
use crate::scope::ScopeSet;
use crate::signing_algorithm::SigningAlgorithm;

use super::keys::KeysError;
use super::{ApplicationType, AssertionAlgorithm, AuthMethod, Client, ClientKeys, GrantType};

pub use policy::{Registrant, SelfRegistration};
pub use response::RegistrationResponse;
pub use rules::{RegistrationRules, validate};
pub use wire::RegistrationBody;

/// Who may register (RFC 7591 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationPolicy {
    Open,
    InitialAccessToken,
    Off,
}

impl RegistrationPolicy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InitialAccessToken => "initial_access_token",
            Self::Off => "off",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::InitialAccessToken, Self::Off]
            .into_iter()
            .find(|one| one.as_str() == text)
    }
}

/// The members of a registration that mean something to us; `null` and `""` count as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationRequest {
    pub redirect_uris: Option<Vec<String>>,
    pub grant_types: Option<Vec<String>>,
    pub response_types: Option<Vec<String>>,
    pub token_endpoint_auth_method: Option<String>,
    pub application_type: Option<String>,
    pub client_name: Option<String>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub scope: Option<String>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
    pub jwks: Option<serde_json::Value>,
    pub jwks_uri: Option<String>,
    pub token_endpoint_auth_signing_alg: Option<String>,
    pub dpop_bound_access_tokens: Option<bool>,
    pub require_pushed_authorization_requests: Option<bool>,
    pub post_logout_redirect_uris: Option<Vec<String>>,
    pub backchannel_logout_uri: Option<String>,
    pub backchannel_logout_session_required: Option<bool>,
    pub id_token_signed_response_alg: Option<String>,
    /// The client brought a secret of its own: a contradiction beside the method `none`.
    pub has_client_secret: bool,
}

/// What is in force after the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that are independent of one another"
)]
pub struct ClientRegistration {
    pub redirect_uris: Vec<RedirectUri>,
    pub grant_types: Vec<GrantType>,
    pub auth_method: AuthMethod,
    pub application_type: ApplicationType,
    pub name: Option<String>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub scopes: Option<ScopeSet>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
    pub keys: ClientKeys,
    pub assertion_algorithm: Option<AssertionAlgorithm>,
    pub is_dpop_bound: bool,
    pub is_par_required: bool,
    pub post_logout_redirect_uris: Vec<String>,
    pub backchannel_logout_uri: Option<String>,
    pub is_backchannel_session_required: bool,
    pub id_token_algorithm: Option<SigningAlgorithm>,
    /// Which of the inferred members the client had named itself: the answer adds no others.
    pub was_auth_method_asked: bool,
    pub was_application_type_asked: bool,
    /// Of `scopes`: a limit that the client did not ask for is in force, and not told.
    pub was_scope_asked: bool,
}

impl ClientRegistration {
    /// What is in force for a client that is there.
    pub fn of(client: &Client) -> Self {
        Self {
            redirect_uris: client.redirect_uris.clone(),
            grant_types: client.grant_types.clone(),
            auth_method: client.auth_method,
            application_type: client.application_type,
            name: client.name.clone(),
            client_uri: client.client_uri.clone(),
            logo_uri: client.logo_uri.clone(),
            policy_uri: client.policy_uri.clone(),
            tos_uri: client.tos_uri.clone(),
            scopes: client.scopes.clone(),
            software_id: client.software_id.clone(),
            software_version: client.software_version.clone(),
            keys: client.keys.clone(),
            assertion_algorithm: client.assertion_algorithm,
            is_dpop_bound: client.is_dpop_bound,
            is_par_required: client.is_par_required,
            post_logout_redirect_uris: client.post_logout_redirect_uris.clone(),
            backchannel_logout_uri: client.backchannel_logout_uri.clone(),
            is_backchannel_session_required: client.is_backchannel_session_required,
            id_token_algorithm: client.id_token_algorithm,
            was_auth_method_asked: true,
            was_application_type_asked: true,
            was_scope_asked: true,
        }
    }

    /// The client with this metadata; whose it is, whether it is enabled and what an administrator gave
    /// it stay as they are.
    #[must_use]
    pub fn describe(self, client: Client) -> Client {
        Client {
            redirect_uris: self.redirect_uris,
            grant_types: self.grant_types,
            auth_method: self.auth_method,
            application_type: self.application_type,
            name: self.name,
            client_uri: self.client_uri,
            logo_uri: self.logo_uri,
            policy_uri: self.policy_uri,
            tos_uri: self.tos_uri,
            scopes: self.scopes,
            software_id: self.software_id,
            software_version: self.software_version,
            keys: self.keys,
            assertion_algorithm: self.assertion_algorithm,
            is_dpop_bound: self.is_dpop_bound,
            is_par_required: self.is_par_required,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            backchannel_logout_uri: self.backchannel_logout_uri,
            is_backchannel_session_required: self.is_backchannel_session_required,
            id_token_algorithm: self.id_token_algorithm,
            ..client
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    #[error("the body must be a JSON object of at most 32 levels")]
    NotAnObject,
    #[error("redirect_uris must be a list of strings with at least one entry and at most 32")]
    RedirectUrisMissing,
    #[error("redirect_uris: {0}")]
    RedirectUri(#[from] RedirectUriError),
    #[error(
        "application_type web allows https redirect URIs only; register loopback and app schemes as native"
    )]
    RedirectUriNotForWeb,
    #[error("{0} has the wrong JSON type or is too long")]
    WrongType(&'static str),
    #[error(
        "token_endpoint_auth_method must be none, client_secret_basic, client_secret_post or private_key_jwt"
    )]
    UnknownAuthMethod,
    #[error("token_endpoint_auth_method none contradicts a client_secret")]
    SecretOfPublicClient,
    #[error("application_type must be web or native")]
    UnknownApplicationType,
    #[error("none of the grant_types can be used by this client; authorization_code can")]
    NoUsableGrantType,
    #[error(
        "client_credentials needs token_endpoint_auth_method client_secret_basic, client_secret_post or \
         private_key_jwt"
    )]
    ClientCredentialsOfPublicClient,
    #[error("response_types must contain code")]
    NoUsableResponseType,
    #[error(
        "client_name has at most 128 characters, none of them control, direction or invisible ones"
    )]
    InvalidName,
    #[error("{0} must be an https URL")]
    NotHttps(&'static str),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("token_endpoint_auth_signing_alg must be RS256, PS256, ES256 or EdDSA")]
    UnknownAssertionAlgorithm,
    #[error("post_logout_redirect_uris: {0}")]
    PostLogoutRedirectUri(RedirectUriError),
    #[error("backchannel_logout_uri must be an https URL without a fragment")]
    InvalidBackchannelLogoutUri,
    #[error(
        "backchannel_logout_session_required needs a backchannel_logout_uri to send the session's id to"
    )]
    BackchannelLogoutUriMissing,
    #[error("id_token_signed_response_alg: ID tokens are signed here with {0}")]
    IdTokenAlgorithmNotSupported(String),
    #[error("scope contains characters that RFC 6749 does not allow")]
    MalformedScope,
    #[error(
        "this tenant does not let clients register with redirect URIs at {0}; ask its administrator to allow \
         that host, or for a client_id"
    )]
    RedirectHostNotAllowed(String),
    #[error(
        "this tenant does not let clients register with loopback redirect URIs; ask its administrator for a \
         client_id"
    )]
    LoopbackNotAllowed,
    #[error("an update cannot weaken token_endpoint_auth_method; register a new client instead")]
    WeakerAuthMethod,
    #[error("client_id must be the one of the client that is updated")]
    OtherClientId,
    #[error("client_secret is not a secret of this client; leave it out")]
    OtherClientSecret,
    #[error(
        "this tenant wants a software_statement of an issuer that it trusts; ask the maker of the client, \
         or the tenant's administrator"
    )]
    SoftwareStatementRequired,
    #[error("the software_statement is not a valid one: {0}")]
    InvalidSoftwareStatement(String),
    #[error(
        "the issuer of the software_statement is not trusted here; ask the tenant's administrator"
    )]
    UnapprovedSoftwareStatement,
    #[error(
        "this tenant has as many registered clients as it allows; those that nobody uses go after a while. \
         Try again later, or ask its administrator for a client_id"
    )]
    TooManyClients,
    #[error("this client was disabled by an administrator; ask the tenant's administrator")]
    ClientIsDisabled,
    #[error(
        "this tenant does not allow clients to register themselves; ask its administrator for a client_id"
    )]
    RegistrationIsOff,
    /// The reference leads the administrator to the decision.
    #[error(
        "the policies of this tenant do not let this client register; its administrator finds out why by the \
         reference {reference}"
    )]
    PolicyDenied { reference: String },
    #[error(
        "registration needs a valid initial access token; ask the tenant's administrator for one"
    )]
    InitialAccessTokenRequired,
    #[error("the client or its registration access token is not known; register again")]
    UnknownRegistrationToken,
}

impl RegistrationError {
    pub fn status(&self) -> u16 {
        self.code().status()
    }
}

impl ProtocolError for RegistrationError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::RedirectUrisMissing | Self::RedirectUri(_) | Self::RedirectUriNotForWeb => {
                ErrorCode::InvalidRedirectUri
            }
            Self::NotAnObject
            | Self::WrongType(_)
            | Self::UnknownAuthMethod
            | Self::SecretOfPublicClient
            | Self::UnknownApplicationType
            | Self::NoUsableGrantType
            | Self::ClientCredentialsOfPublicClient
            | Self::NoUsableResponseType
            | Self::InvalidName
            | Self::NotHttps(_)
            | Self::Keys(_)
            | Self::UnknownAssertionAlgorithm
            | Self::PostLogoutRedirectUri(_)
            | Self::InvalidBackchannelLogoutUri
            | Self::BackchannelLogoutUriMissing
            | Self::IdTokenAlgorithmNotSupported(_)
            | Self::WeakerAuthMethod
            | Self::OtherClientId
            | Self::OtherClientSecret
            | Self::MalformedScope => ErrorCode::InvalidClientMetadata,
            Self::InvalidSoftwareStatement(_) | Self::SoftwareStatementRequired => {
                ErrorCode::InvalidSoftwareStatement
            }
            Self::UnapprovedSoftwareStatement => ErrorCode::UnapprovedSoftwareStatement,
            // A policy, and no fault of the metadata.
            Self::RegistrationIsOff
            | Self::RedirectHostNotAllowed(_)
            | Self::LoopbackNotAllowed
            | Self::PolicyDenied { .. }
            | Self::ClientIsDisabled => ErrorCode::AccessDenied,
            Self::TooManyClients => ErrorCode::TemporarilyUnavailable,
            Self::InitialAccessTokenRequired | Self::UnknownRegistrationToken => {
                ErrorCode::InvalidToken
            }
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod token_metadata_tests;
