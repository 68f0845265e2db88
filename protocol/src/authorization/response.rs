//! The answer of the authorization endpoint: a 303 to a verified redirect URI, with `state` and `iss`.

use crate::error_code::OAuthError;
use crate::issuer::Issuer;
use crate::redirect_uri::{ResponseParameters, VerifiedRedirectUri};
use crate::secret::SecretText;

/// What the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationResponse {
    Code(SecretText),
    Error(OAuthError),
}

impl AuthorizationResponse {
    /// The URL to send the browser to (RFC 6749 §4.1.2, RFC 9207 §2). Carries the code: not for logs.
    pub fn location(
        &self,
        redirect_uri: &VerifiedRedirectUri,
        state: Option<&str>,
        issuer: &Issuer,
    ) -> String {
        let parameters = match self {
            Self::Code(code) => ResponseParameters::success(code.expose(), state, issuer.as_str()),
            Self::Error(error) => ResponseParameters::error(error, state, issuer.as_str()),
        };
        redirect_uri.with_response(&parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::ErrorCode;
    use crate::redirect_uri::{RedirectUri, match_redirect_uri};

    fn location(uri: &str, response: &AuthorizationResponse, state: Option<&str>) -> String {
        let registered = [RedirectUri::from_stored(uri)];
        let redirect_uri = match_redirect_uri(&registered, Some(uri)).unwrap();
        let issuer = Issuer::parse("https://as.example/t/acme").unwrap();
        response.location(&redirect_uri, state, &issuer)
    }

    /// Rows A3, A6, L9: code or error, exact state, exactly one iss.
    #[test]
    fn every_answer_carries_state_and_iss() {
        let code = AuthorizationResponse::Code("abc".into());
        assert_eq!(
            location("https://c.example/cb", &code, Some("a b&c=\r\n\"ü")),
            "https://c.example/cb?code=abc&state=a+b%26c%3D%0D%0A%22%C3%BC&iss=https%3A%2F%2Fas.example%2Ft%2Facme"
        );
        let error = AuthorizationResponse::Error(OAuthError::new(ErrorCode::AccessDenied, ""));
        assert_eq!(
            location("https://c.example/cb?keep=1", &error, None),
            "https://c.example/cb?keep=1&error=access_denied&iss=https%3A%2F%2Fas.example%2Ft%2Facme"
        );
    }
}
