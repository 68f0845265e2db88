//! The ID token beside an access token (OpenID Connect Core §3.1.3.3, §12.2).
//!
//! Not here: what it says (`protocol::openid`), and which key signs it (`key_ring`).

use crypto::jwt;
use protocol::openid::{ID_TOKEN_TYP, IdTokenClaims, NewIdToken};
use store::Grant;

use super::Ground;
use crate::issue::IssueError;

/// Signed with the client's algorithm where the tenant has a key of it, else with RS256.
pub(super) fn sign(
    ground: &Ground<'_>,
    grant: &Grant,
    nonce: Option<&str>,
    access_token: &str,
) -> Result<String, IssueError> {
    let key = ground
        .keys
        .id_token_signer(ground.client.id_token_algorithm)?;
    let new = NewIdToken {
        issuer: ground.tenant.issuer(),
        user_id: grant.user_id,
        client_id: &ground.client.client_id,
        nonce: nonce.map(str::to_owned),
        authenticated_at: grant.authenticated_at,
        acr: grant.acr.clone(),
        session_id: grant.session_id,
        access_token,
        algorithm: key.algorithm(),
    };
    let claims = IdTokenClaims::mint(new, ground.now);
    Ok(jwt::sign(key, ID_TOKEN_TYP, &claims)?)
}
