//! Revocation (RFC 7009): a client gives up a token of its own.
//!
//! A refresh token takes its grant and access tokens with it; an access token goes alone. Whatever is
//! unknown, or another client's, is answered with 200 and left as it is.

use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::{ClientId, ClientKey, GrantId};
use crate::parameters::{Parameters, Repeated};
use crate::secret::SecretText;
use crate::token::AccessTokenClaims;

/// The token to revoke. The hint is not read: a token's own form says what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRequest {
    pub token: SecretText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevocationRequestError {
    #[error(transparent)]
    Repeated(#[from] Repeated),
    #[error("the parameter token is missing")]
    TokenMissing,
}

impl ProtocolError for RevocationRequestError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Repeated(_) | Self::TokenMissing => ErrorCode::InvalidRequest,
        }
    }
}

impl RevocationRequest {
    pub fn parse(parameters: &Parameters) -> Result<Self, RevocationRequestError> {
        let token = parameters
            .single("token")?
            .ok_or(RevocationRequestError::TokenMissing)?;
        Ok(Self {
            token: token.into(),
        })
    }
}

/// What a revocation does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationDecision {
    /// A refresh token: the grant, and with it everything that descends from it.
    RevokeGrant(GrantId),
    /// An access token: it alone, until it would have expired.
    RevokeAccessToken {
        jti: String,
        expires_at: crate::clock::Timestamp,
    },
    /// Unknown, or another client's: 200, unchanged (row I3).
    Nothing,
}

pub fn decide_refresh_token(
    caller: ClientKey,
    owner: ClientKey,
    grant_id: GrantId,
) -> RevocationDecision {
    if caller == owner {
        RevocationDecision::RevokeGrant(grant_id)
    } else {
        RevocationDecision::Nothing
    }
}

pub fn decide_access_token(caller: &ClientId, claims: &AccessTokenClaims) -> RevocationDecision {
    if claims.client_id != caller.as_str() {
        return RevocationDecision::Nothing;
    }
    RevocationDecision::RevokeAccessToken {
        jti: claims.jti.clone(),
        expires_at: claims.expires_at(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{client_key, grant_id};

    /// Rows I1, I3.
    #[test]
    fn only_the_owner_revokes() {
        let own = decide_refresh_token(client_key(1), client_key(1), grant_id(7));
        assert_eq!(own, RevocationDecision::RevokeGrant(grant_id(7)));
        let other = decide_refresh_token(client_key(1), client_key(2), grant_id(7));
        assert_eq!(other, RevocationDecision::Nothing);
        let parameters = Parameters::parse(b"token_type_hint=unheard_of").unwrap();
        let missing = RevocationRequest::parse(&parameters).unwrap_err();
        assert_eq!(missing.code(), ErrorCode::InvalidRequest);
    }
}
