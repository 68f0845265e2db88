//! Every error code that Writ sends, with its HTTP status and the section it comes from.
//!
//! Each rule has its own error enum with an exhaustive `code()` that ends here: logs keep the variant,
//! clients see only the code and a sentence that says what to do.

use serde::{Serialize, Serializer};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $section:literal;)+) => {
        /// The closed set of OAuth error codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $name,)+ }

        impl ErrorCode {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The status where the error answers a back-channel request; redirects are always 303.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)+ }
            }
        }
    };
}

error_codes! {
    InvalidRequest = "invalid_request", 400, "RFC 6749 §5.2";
    InvalidClient = "invalid_client", 401, "RFC 6749 §5.2";
    InvalidGrant = "invalid_grant", 400, "RFC 6749 §5.2";
    UnauthorizedClient = "unauthorized_client", 400, "RFC 6749 §5.2";
    UnsupportedGrantType = "unsupported_grant_type", 400, "RFC 6749 §5.2";
    InvalidScope = "invalid_scope", 400, "RFC 6749 §5.2";
    AccessDenied = "access_denied", 403, "RFC 6749 §4.1.2.1";
    UnsupportedResponseType = "unsupported_response_type", 400, "RFC 6749 §4.1.2.1";
    ServerError = "server_error", 500, "RFC 6749 §4.1.2.1";
    TemporarilyUnavailable = "temporarily_unavailable", 503, "RFC 6749 §4.1.2.1";
    InvalidTarget = "invalid_target", 400, "RFC 8707 §2";
    LoginRequired = "login_required", 400, "OpenID Connect Core §3.1.2.6";
    ConsentRequired = "consent_required", 400, "OpenID Connect Core §3.1.2.6";
    InteractionRequired = "interaction_required", 400, "OpenID Connect Core §3.1.2.6";
    RequestNotSupported = "request_not_supported", 400, "OpenID Connect Core §3.1.2.6";
    RequestUriNotSupported = "request_uri_not_supported", 400, "OpenID Connect Core §3.1.2.6";
    InvalidRequestUri = "invalid_request_uri", 400, "OpenID Connect Core §3.1.2.6";
    AuthorizationPending = "authorization_pending", 400, "RFC 8628 §3.5";
    SlowDown = "slow_down", 400, "RFC 8628 §3.5";
    ExpiredToken = "expired_token", 400, "RFC 8628 §3.5";
    InvalidToken = "invalid_token", 401, "RFC 6750 §3.1";
    InsufficientScope = "insufficient_scope", 403, "RFC 6750 §3.1";
    UnsupportedTokenType = "unsupported_token_type", 400, "RFC 7009 §2.2.1";
    InvalidRedirectUri = "invalid_redirect_uri", 400, "RFC 7591 §3.2.2";
    InvalidClientMetadata = "invalid_client_metadata", 400, "RFC 7591 §3.2.2";
    InvalidSoftwareStatement = "invalid_software_statement", 400, "RFC 7591 §3.2.2";
    UnapprovedSoftwareStatement = "unapproved_software_statement", 400, "RFC 7591 §3.2.2";
    InvalidDpopProof = "invalid_dpop_proof", 400, "RFC 9449 §5";
    UseDpopNonce = "use_dpop_nonce", 400, "RFC 9449 §8";
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl std::str::FromStr for ErrorCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or(())
    }
}

impl<'de> serde::Deserialize<'de> for ErrorCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|()| serde::de::Error::custom("unknown error code"))
    }
}

/// An error as a client gets to see it: a code and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    pub code: ErrorCode,
    pub description: String,
}

impl OAuthError {
    /// Makes the description fit the wire: RFC 6749 §5.2 allows %x20-21, %x23-5B, %x5D-7E.
    pub fn new(code: ErrorCode, description: impl AsRef<str>) -> Self {
        Self {
            code,
            description: wire_description(description.as_ref()),
        }
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.code, self.description)
    }
}

impl std::error::Error for OAuthError {}

/// Replaces what `error_description` may not carry; cuts what no person would read.
pub fn wire_description(text: &str) -> String {
    const MAX_CHARS: usize = 400;
    text.chars()
        .take(MAX_CHARS)
        .map(|character| match character {
            '"' | '\\' => '\'',
            ' '..='~' => character,
            _ => '?',
        })
        .collect()
}

/// Joins a rule's own error enum to the wire: every one of them can be told to a client.
pub trait ProtocolError: std::fmt::Display {
    fn code(&self) -> ErrorCode;

    fn to_oauth_error(&self) -> OAuthError {
        OAuthError::new(self.code(), self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6749 §5.2 (row Q1): nothing outside the allowed characters is ever sent.
    #[test]
    fn a_description_carries_only_allowed_characters() {
        let hostile = "say \"no\" to \\ and \r\n\u{1b}[31m ü <script>";
        let wire = wire_description(hostile);
        assert!(
            wire.bytes()
                .all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        );
        assert!(wire_description(&"x".repeat(10_000)).len() <= 400);
    }

    #[test]
    fn every_code_reads_back() {
        for code in ErrorCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
    }
}
