//! Proof by a signed assertion (RFC 7523 §2.2, `private_key_jwt`).
//!
//! In the order in which it costs something: form and claims, keys, signature, and last the row that makes
//! an assertion good for one use, which is written only when all else is right. So whoever lacks the key
//! buys no write, and cannot use up an assertion that it only saw.

use std::net::IpAddr;
use std::sync::Arc;

use crypto::jwt::{ForeignJwt, VerifyError};
use crypto::{JwkSet, SigningAlgorithm};
use protocol::SecretText;
use protocol::client::assertion::{
    ASSERTION_TOKEN_TYPES, AssertionError, AssertionRules, RightClaims, check_claims,
};
use protocol::client::{AssertionAlgorithm, Tolerance, UsedTolerances};
use protocol::metadata::token_endpoints;

use super::{ClientAuthenticationError, ClientAuthenticationFailure};
use crate::Authority;
use crate::client_keys::{KeyOwner, KeysFailure};
use crate::grants::EXPIRY_MARGIN;
use crate::limits::Limit;

/// Whose assertion it has to be.
pub(super) struct Signer<'a> {
    pub owner: KeyOwner<'a>,
    /// Only this, where it registered one.
    pub algorithm: Option<AssertionAlgorithm>,
    /// What it is let pass for being a known client.
    pub tolerances: &'static [Tolerance],
}

/// What a right assertion tells besides who it is.
#[derive(Debug)]
pub(super) struct RightAssertion {
    pub tolerances: UsedTolerances,
    /// The name of the key, where it has one.
    pub kid: Option<String>,
}

impl Authority {
    /// Rows E7 to E12. What fails by the caller's own doing counts against client and address; a fetch that
    /// failed, against the address that made us try. What is remembered of one does not count: a client
    /// that tries again while its host is away locks out nobody beside it.
    pub(super) async fn prove_by_assertion(
        &self,
        signer: &Signer<'_>,
        assertion: &SecretText,
        address: IpAddr,
    ) -> Result<RightAssertion, ClientAuthenticationFailure> {
        let outcome = self.check_assertion(signer, assertion).await;
        match &outcome {
            Err(ClientAuthenticationFailure::Refused(_)) => {
                let name = signer.owner.client_id.as_str();
                self.count_against(signer.owner.tenant, name, address)
                    .await?;
            }
            Err(ClientAuthenticationFailure::KeysUnreachable { was_fetched: true }) => {
                self.limits()
                    .take_by_address(Limit::ClientFailureAddress, None, address)
                    .await?;
            }
            _ => {}
        }
        outcome
    }

    async fn check_assertion(
        &self,
        signer: &Signer<'_>,
        assertion: &SecretText,
    ) -> Result<RightAssertion, ClientAuthenticationFailure> {
        let jwt = ForeignJwt::read(assertion.expose(), &ASSERTION_TOKEN_TYPES)
            .map_err(|error| refused(refusal_of(error)))?;
        if let Some(only) = signer.algorithm
            && jwt.algorithm() != SigningAlgorithm::from(only)
        {
            return Err(refused(AssertionError::OtherAlgorithm(only)));
        }
        let right = self.check_assertion_claims(signer, &jwt)?;
        self.check_assertion_signature(signer, &jwt).await?;
        self.use_up(signer, &right).await?;
        Ok(RightAssertion {
            tolerances: right.tolerances.into_iter().collect(),
            kid: jwt.kid().map(ToOwned::to_owned),
        })
    }

    fn check_assertion_claims(
        &self,
        signer: &Signer<'_>,
        jwt: &ForeignJwt<'_>,
    ) -> Result<RightClaims, ClientAuthenticationFailure> {
        let tenant = signer.owner.tenant;
        let is_let = |tolerance| signer.tolerances.contains(&tolerance);
        let takes_endpoint = tenant.settings().tolerances.token_endpoint_audience
            || is_let(Tolerance::TokenEndpointAudience);
        let endpoints = takes_endpoint.then(|| token_endpoints(tenant.issuer()));
        let rules = AssertionRules {
            issuer: tenant.issuer().as_str(),
            client_id: signer.owner.client_id,
            token_endpoints: endpoints.as_deref(),
            is_long_tolerated: is_let(Tolerance::LongAssertion),
            now: self.now(),
        };
        check_claims(jwt.claims(), &rules).map_err(refused)
    }

    /// Row E12: a key that is not in the set we have may have been put into it since.
    async fn check_assertion_signature(
        &self,
        signer: &Signer<'_>,
        jwt: &ForeignJwt<'_>,
    ) -> Result<(), ClientAuthenticationFailure> {
        let keys = self.client_keys().find(&signer.owner).await?;
        let Err(error) = jwt.verify(&keys) else {
            return Ok(());
        };
        if !may_be_newer(jwt, &keys, error) {
            return Err(refused(refusal_of(error)));
        }
        match self.client_keys().find_newer(&signer.owner, &keys).await? {
            Some(newer) => jwt
                .verify(&newer)
                .map_err(|error| refused(refusal_of(error))),
            None => Err(refused(refusal_of(error))),
        }
    }

    /// Row E9: once, at whichever replica and endpoint. Written in a transaction of its own, so that
    /// whatever becomes of the request, the assertion is spent; kept until the slowest replica would refuse
    /// it for its age.
    async fn use_up(
        &self,
        signer: &Signer<'_>,
        right: &RightClaims,
    ) -> Result<(), ClientAuthenticationFailure> {
        let owner = &signer.owner;
        let mut scope = self.database().tenant(owner.tenant).await?;
        let is_new = scope
            .insert_client_assertion_id(
                owner.client_id,
                &right.jti,
                right.remembered_until + EXPIRY_MARGIN,
                self.now(),
            )
            .await?;
        scope.commit().await?;
        if is_new {
            Ok(())
        } else {
            Err(refused(AssertionError::Replayed))
        }
    }
}

/// An assertion without `kid` says nothing of which key it means, so a wrong signature is no more than
/// an unknown key.
fn may_be_newer(jwt: &ForeignJwt<'_>, keys: &Arc<JwkSet>, error: VerifyError) -> bool {
    match jwt.kid() {
        Some(kid) => !keys.has_kid(kid),
        None => matches!(error, VerifyError::UnknownKey | VerifyError::Signature),
    }
}

fn refusal_of(error: VerifyError) -> AssertionError {
    match error {
        VerifyError::UnknownKey => AssertionError::UnknownKey,
        VerifyError::Signature => AssertionError::Signature,
        other => AssertionError::Unreadable(other.to_string()),
    }
}

fn refused(error: AssertionError) -> ClientAuthenticationFailure {
    ClientAuthenticationError::from(error).into()
}

impl From<KeysFailure> for ClientAuthenticationFailure {
    fn from(failure: KeysFailure) -> Self {
        match failure {
            KeysFailure::Unreachable { was_fetched } => Self::KeysUnreachable { was_fetched },
            KeysFailure::Unusable => refused(AssertionError::UnusableKeySet),
        }
    }
}
