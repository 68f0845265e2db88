//! Client authentication: which credentials a request shows, and whether they suit the client.
//!
//! Reading and the rule of methods are here; comparing secrets and verifying assertions needs digests and
//! keys, and is `authority`'s.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use percent_encoding::percent_decode_str;

use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::ClientId;
use crate::parameters::{Parameters, Repeated};
use crate::secret::SecretText;

use super::AuthMethod;
use super::assertion::{ASSERTION_TYPE, AssertionError, claimed_client};

/// What a request shows of who is calling. Empty secrets count as none: they never authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedCredentials {
    /// Form-decoded where it came by Basic (RFC 6749 §2.3.1).
    pub client_id: ClientId,
    /// As it stood in the header, where that differs: clients disagree about the encoding.
    pub raw_client_id: Option<ClientId>,
    pub secret: Option<PresentedSecret>,
    /// A `client_assertion` as it came; never beside a secret.
    pub assertion: Option<SecretText>,
}

/// A secret and how it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedSecret {
    pub method: PresentedMethod,
    pub value: SecretText,
    /// As it stood in the header, where that differs.
    pub raw_value: Option<SecretText>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresentedMethod {
    Basic,
    Post,
}

/// Why a caller is not who it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientAuthenticationError {
    #[error(transparent)]
    Repeated(#[from] Repeated),
    #[error(
        "send client credentials once: in the Authorization header, as client_secret or as client_assertion"
    )]
    TwoMethods,
    #[error("the client_id in the body is not the one in the Authorization header")]
    ClientIdsDiffer,
    #[error("the request names no client: send client_id, or HTTP Basic credentials")]
    NoClient,
    #[error("the client_id is not well-formed")]
    MalformedClientId,
    #[error("the Authorization header is not well-formed HTTP Basic")]
    MalformedBasic,
    #[error(
        "client_assertion and client_assertion_type come together, the type being \
         urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    )]
    OtherAssertionType,
    #[error("the client must authenticate with a client_assertion that its key has signed")]
    AssertionMissing,
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    #[error("unknown client, or wrong client credentials")]
    UnknownClient,
    #[error("unknown client, or wrong client credentials")]
    WrongSecret,
    #[error("the client must authenticate with its secret")]
    SecretMissing,
    #[error("a public client has no secret; send client_id alone")]
    SecretOfPublicClient,
    #[error("the client is registered for another authentication method")]
    OtherMethod,
    /// What was granted to a client that proved itself is not for whoever does not.
    #[error(
        "the client authenticates by a weaker method than when this was granted; start a new authorization"
    )]
    MethodDowngrade,
}

impl ProtocolError for ClientAuthenticationError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Repeated(_)
            | Self::TwoMethods
            | Self::ClientIdsDiffer
            | Self::OtherAssertionType => ErrorCode::InvalidRequest,
            Self::Assertion(error) => error.code(),
            Self::NoClient
            | Self::MalformedClientId
            | Self::MalformedBasic
            | Self::AssertionMissing
            | Self::UnknownClient
            | Self::WrongSecret
            | Self::SecretMissing
            | Self::SecretOfPublicClient
            | Self::OtherMethod
            | Self::MethodDowngrade => ErrorCode::InvalidClient,
        }
    }
}

impl PresentedCredentials {
    /// Reads the `Authorization` header and the body together (RFC 6749 §2.3.1).
    pub fn from_request(
        authorization: Option<&str>,
        parameters: &Parameters,
    ) -> Result<Self, ClientAuthenticationError> {
        use ClientAuthenticationError as E;
        let assertion = read_assertion(parameters)?;
        let body_id = parameters.single_or_identical("client_id")?;
        let body_secret = parameters.single("client_secret")?;
        if let Some(assertion) = assertion {
            if authorization.is_some() || body_secret.is_some() {
                return Err(E::TwoMethods);
            }
            return Self::from_assertion(body_id, assertion);
        }
        let Some(authorization) = authorization else {
            return Self::from_body(body_id.ok_or(E::NoClient)?, body_secret);
        };
        if body_secret.is_some() {
            return Err(E::TwoMethods);
        }
        let basic = Self::from_basic(authorization)?;
        match body_id {
            Some(body_id) if !basic.is_called(body_id) => Err(E::ClientIdsDiffer),
            _ => Ok(basic),
        }
    }

    fn from_body(client_id: &str, secret: Option<&str>) -> Result<Self, ClientAuthenticationError> {
        let client_id =
            ClientId::parse(client_id).map_err(|_| ClientAuthenticationError::MalformedClientId)?;
        let secret = secret.map(|value| PresentedSecret {
            method: PresentedMethod::Post,
            value: value.into(),
            raw_value: None,
        });
        Ok(Self {
            client_id,
            raw_client_id: None,
            secret,
            assertion: None,
        })
    }

    /// RFC 7521 §4.2: `client_id` may be left out, the assertion's subject being the client.
    fn from_assertion(
        body_id: Option<&str>,
        assertion: &str,
    ) -> Result<Self, ClientAuthenticationError> {
        use ClientAuthenticationError as E;
        let client_id = match body_id {
            Some(body_id) => ClientId::parse(body_id).map_err(|_| E::MalformedClientId)?,
            None => claimed_client(assertion).ok_or(E::NoClient)?,
        };
        Ok(Self {
            client_id,
            raw_client_id: None,
            secret: None,
            assertion: Some(assertion.into()),
        })
    }

    /// RFC 7617: scheme in any case, split at the first colon; RFC 6749 §2.3.1: both parts are
    /// form-encoded, which half of the shipping clients do and half don't, so both readings are kept.
    fn from_basic(authorization: &str) -> Result<Self, ClientAuthenticationError> {
        use ClientAuthenticationError as E;
        let (scheme, encoded) = authorization
            .trim()
            .split_once(' ')
            .ok_or(E::MalformedBasic)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(E::MalformedBasic);
        }
        let encoded = encoded.trim();
        let bytes = STANDARD
            .decode(encoded)
            .or_else(|_| STANDARD_NO_PAD.decode(encoded))
            .map_err(|_| E::MalformedBasic)?;
        let text = String::from_utf8(bytes).map_err(|_| E::MalformedBasic)?;
        let (raw_id, raw_secret) = text.split_once(':').ok_or(E::MalformedBasic)?;
        let raw_client_id = ClientId::parse(raw_id).ok();
        let client_id = form_decode(raw_id)
            .and_then(|decoded| ClientId::parse(&decoded).ok())
            .or_else(|| raw_client_id.clone())
            .ok_or(E::MalformedClientId)?;
        let secret = (!raw_secret.is_empty()).then(|| {
            let value = form_decode(raw_secret).unwrap_or_else(|| raw_secret.to_owned());
            let raw_value = (value != raw_secret).then(|| raw_secret.into());
            PresentedSecret {
                method: PresentedMethod::Basic,
                value: value.into(),
                raw_value,
            }
        });
        let raw_client_id = raw_client_id.filter(|raw| *raw != client_id);
        Ok(Self {
            client_id,
            raw_client_id,
            secret,
            assertion: None,
        })
    }

    fn is_called(&self, name: &str) -> bool {
        self.client_ids().any(|known| known.as_str() == name)
    }

    /// The readings of the client's id, the specified one first.
    pub fn client_ids(&self) -> impl Iterator<Item = &ClientId> {
        std::iter::once(&self.client_id).chain(self.raw_client_id.as_ref())
    }
}

impl PresentedSecret {
    /// The readings of the secret, the specified one first.
    pub fn readings(&self) -> impl Iterator<Item = &SecretText> {
        std::iter::once(&self.value).chain(self.raw_value.as_ref())
    }
}

/// RFC 7521 §4.2: two parameters that make no sense alone.
fn read_assertion(parameters: &Parameters) -> Result<Option<&str>, ClientAuthenticationError> {
    let assertion = parameters.single("client_assertion")?;
    let assertion_type = parameters.single("client_assertion_type")?;
    match (assertion, assertion_type) {
        (None, None) => Ok(None),
        (Some(assertion), Some(ASSERTION_TYPE)) => Ok(Some(assertion)),
        _ => Err(ClientAuthenticationError::OtherAssertionType),
    }
}

fn form_decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// What is left to prove after the methods were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof<'a> {
    /// A public client: its id is all there is.
    Nothing,
    Secret(&'a PresentedSecret),
    Assertion(&'a SecretText),
}

/// Row E3: a client authenticates as it is registered; Basic and post count as one, because real
/// clients mix them.
pub fn required_proof(
    registered: AuthMethod,
    presented: &PresentedCredentials,
) -> Result<Proof<'_>, ClientAuthenticationError> {
    use ClientAuthenticationError as E;
    match (registered, &presented.secret, &presented.assertion) {
        (AuthMethod::None, None, None) => Ok(Proof::Nothing),
        (AuthMethod::None, Some(_), _) => Err(E::SecretOfPublicClient),
        (AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost, Some(secret), _) => {
            Ok(Proof::Secret(secret))
        }
        (AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost, None, None) => {
            Err(E::SecretMissing)
        }
        (AuthMethod::PrivateKeyJwt, None, Some(assertion)) => Ok(Proof::Assertion(assertion)),
        (AuthMethod::PrivateKeyJwt, None, None) => Err(E::AssertionMissing),
        (_, None, Some(_)) | (AuthMethod::PrivateKeyJwt, Some(_), _) => Err(E::OtherMethod),
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
