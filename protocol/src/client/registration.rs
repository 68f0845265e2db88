//! Dynamic client registration (RFC 7591): lenient in, clean out.
//!
//! What is missing is inferred, what is unknown is dropped; the answer states what is in force.
//! `wire` reads the JSON, `rules` decides, `response` answers. The admin API's static clients go
//! through the same rules with `RegistrationRules::is_static`.

mod response;
mod rules;
mod wire;

use crate::error_code::{ErrorCode, ProtocolError};
use crate::redirect_uri::{RedirectUri, RedirectUriError};
use crate::scope::ScopeSet;

use super::{ApplicationType, AuthMethod, GrantType};

pub use response::RegistrationResponse;
pub use rules::{RegistrationRules, validate};

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
    /// The client brought a secret of its own: a contradiction beside the method `none`.
    pub has_client_secret: bool,
}

/// What is in force after the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Which of the inferred members the client had named itself: the answer adds no others.
    pub was_auth_method_asked: bool,
    pub was_application_type_asked: bool,
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
    #[error("token_endpoint_auth_method must be none, client_secret_basic or client_secret_post")]
    UnknownAuthMethod,
    #[error("token_endpoint_auth_method none contradicts a client_secret")]
    SecretOfPublicClient,
    #[error("application_type must be web or native")]
    UnknownApplicationType,
    #[error("none of the grant_types can be used by this client; authorization_code can")]
    NoUsableGrantType,
    #[error(
        "client_credentials needs token_endpoint_auth_method client_secret_basic or client_secret_post"
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
    #[error("send jwks or jwks_uri, not both")]
    TwoKeySources,
    #[error("jwks must be a key set of public, asymmetric keys")]
    KeyNotPublic,
    #[error("scope contains characters that RFC 6749 does not allow")]
    MalformedScope,
    #[error(
        "this tenant does not allow clients to register themselves; ask its administrator for a client_id"
    )]
    RegistrationIsOff,
    #[error(
        "registration needs a valid initial access token; ask the tenant's administrator for one"
    )]
    InitialAccessTokenRequired,
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
            | Self::TwoKeySources
            | Self::KeyNotPublic
            | Self::MalformedScope => ErrorCode::InvalidClientMetadata,
            Self::RegistrationIsOff => ErrorCode::AccessDenied,
            Self::InitialAccessTokenRequired => ErrorCode::InvalidToken,
        }
    }
}

#[cfg(test)]
mod tests;
