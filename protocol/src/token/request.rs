//! What a token request asks for, by its grant type. Nothing is decided here.

use crate::client::GrantType;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::parameters::{Parameters, Repeated};
use crate::scope::{ScopeError, ScopeSet};
use crate::secret::SecretText;

/// A well-formed request of a grant that answers here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRequest {
    AuthorizationCode(AuthorizationCodeRequest),
    RefreshToken(RefreshRequest),
    ClientCredentials(ClientCredentialsRequest),
    DeviceCode(DeviceCodeRequest),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCodeRequest {
    pub code: SecretText,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<SecretText>,
    pub resources: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshRequest {
    pub refresh_token: SecretText,
    pub scopes: Option<ScopeSet>,
    pub resources: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentialsRequest {
    pub scopes: Option<ScopeSet>,
    pub resources: Vec<String>,
}

/// RFC 8628 §3.4. The scopes were asked for with the device code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCodeRequest {
    pub device_code: SecretText,
    pub resources: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRequestError {
    #[error(transparent)]
    Repeated(#[from] Repeated),
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    #[error("this grant_type is not supported; see grant_types_supported in the metadata")]
    UnsupportedGrantType,
    #[error("this client is not registered for this grant_type")]
    GrantNotRegistered,
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

impl ProtocolError for TokenRequestError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Repeated(_) | Self::Missing(_) => ErrorCode::InvalidRequest,
            Self::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Self::GrantNotRegistered => ErrorCode::UnauthorizedClient,
            Self::Scope(error) => error.code(),
        }
    }
}

impl TokenRequest {
    pub fn parse(parameters: &Parameters) -> Result<Self, TokenRequestError> {
        use TokenRequestError::Missing;
        let grant_type = parameters
            .single("grant_type")?
            .ok_or(Missing("grant_type"))?;
        let grant_type =
            GrantType::parse(grant_type).ok_or(TokenRequestError::UnsupportedGrantType)?;
        let required = |name| -> Result<SecretText, TokenRequestError> {
            Ok(parameters.single(name)?.ok_or(Missing(name))?.into())
        };
        let resources = parameters
            .all("resource")
            .into_iter()
            .map(ToOwned::to_owned)
            .collect();
        let scopes = parameters
            .single("scope")?
            .map(ScopeSet::parse)
            .transpose()?;
        Ok(match grant_type {
            GrantType::AuthorizationCode => Self::AuthorizationCode(AuthorizationCodeRequest {
                code: required("code")?,
                redirect_uri: parameters.single("redirect_uri")?.map(ToOwned::to_owned),
                code_verifier: parameters.single("code_verifier")?.map(SecretText::from),
                resources,
            }),
            GrantType::RefreshToken => Self::RefreshToken(RefreshRequest {
                refresh_token: required("refresh_token")?,
                scopes,
                resources,
            }),
            GrantType::ClientCredentials => {
                Self::ClientCredentials(ClientCredentialsRequest { scopes, resources })
            }
            GrantType::DeviceCode => Self::DeviceCode(DeviceCodeRequest {
                device_code: required("device_code")?,
                resources,
            }),
        })
    }

    pub fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode(_) => GrantType::AuthorizationCode,
            Self::RefreshToken(_) => GrantType::RefreshToken,
            Self::ClientCredentials(_) => GrantType::ClientCredentials,
            Self::DeviceCode(_) => GrantType::DeviceCode,
        }
    }

    /// The resources asked for, as `ResourceChoice` takes them.
    pub fn resources(&self) -> Vec<&str> {
        let resources = match self {
            Self::AuthorizationCode(request) => &request.resources,
            Self::RefreshToken(request) => &request.resources,
            Self::ClientCredentials(request) => &request.resources,
            Self::DeviceCode(request) => &request.resources,
        };
        resources.iter().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<TokenRequest, TokenRequestError> {
        let Ok(parameters) = Parameters::parse(body.as_bytes()) else {
            panic!("{body}")
        };
        TokenRequest::parse(&parameters)
    }

    #[test]
    fn each_grant_type_reads_its_own_parameters() {
        let request =
            parse("grant_type=authorization_code&code=c&code_verifier=v&resource=a&resource=b");
        let Ok(TokenRequest::AuthorizationCode(AuthorizationCodeRequest {
            code,
            redirect_uri,
            ..
        })) = &request
        else {
            panic!("{request:?}")
        };
        assert_eq!((code.expose(), redirect_uri), ("c", &None));
        assert_eq!(
            request.as_ref().map(TokenRequest::resources),
            Ok(vec!["a", "b"])
        );
        assert!(!format!("{request:?}").contains("\"c\""));
        let request = parse("grant_type=refresh_token&refresh_token=r&scope=a+b");
        assert!(matches!(
            request,
            Ok(TokenRequest::RefreshToken(RefreshRequest {
                scopes: Some(_),
                ..
            }))
        ));
    }

    /// Row E13: the password grant does not exist.
    #[test]
    fn what_is_missing_repeated_or_unknown_is_named() {
        assert_eq!(parse(""), Err(TokenRequestError::Missing("grant_type")));
        assert_eq!(
            parse("grant_type=authorization_code"),
            Err(TokenRequestError::Missing("code"))
        );
        assert_eq!(
            parse("grant_type=password&username=a"),
            Err(TokenRequestError::UnsupportedGrantType)
        );
        let twice = "grant_type=refresh_token&refresh_token=a&refresh_token=a";
        assert_eq!(
            parse(twice),
            Err(TokenRequestError::Repeated(Repeated("refresh_token")))
        );
    }
}
